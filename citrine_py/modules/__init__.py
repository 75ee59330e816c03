"""The rules, one file for each of OCPP's functional blocks: typed call in, answer out."""
