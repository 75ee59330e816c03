"""A charging-station management system whose admin UI is Directus.

Chargers come in through `edge`, rules live in `modules`, records in `store`,
people and flows call `api`. `service` builds them all; nothing else does.
"""
