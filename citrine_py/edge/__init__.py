"""Sockets to stations. Knows no rule and no record: asks the ports Admission and Dispatch."""
