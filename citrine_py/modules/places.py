"""What a station's device model tells of its EVSEs and connectors besides that they exist.

A connector's type and an EVSE's ISO 15118 id decide which tokens are good there. They are
taken over where nobody has filled them in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.stations import CONNECTOR, EVSE
from citrine_py.ports import Put, Records

_EVSE_IDS = frozenset({"iso15118evseid", "evseid"})  # the later and the earlier name
_LONGEST = 255  # characters that a record has room for


def told_places(records: Records, attributes: Iterable[Put]) -> Iterator[Put]:
    """What reported VariableAttribute rows tell of EVSEs and connectors, as far as it is news."""
    for put in attributes:
        told = put.fields
        value, evse_id, connector_id = told.get("value"), told["evseId"], told["connectorId"]
        if told["type"] != "Actual" or not value or len(value) > _LONGEST or not evse_id:
            continue
        named = told["component"].casefold(), told["variable"].casefold()
        if named == ("connector", "connectortype") and connector_id:
            key = connector_key(told["station"], evse_id, connector_id)
            connector = records.get(CONNECTOR, key)
            if connector is None or connector.connectorType is None:
                fields = {"connectorType": value}
                yield Put(CONNECTOR, key, fields, only_over={"connectorType": None})
        elif named[0] == "evse" and named[1] in _EVSE_IDS and not connector_id:
            key = evse_key(told["station"], evse_id)
            evse = records.get(EVSE, key)
            if evse is None or evse.iso15118EvseId is None:
                fields = {"iso15118EvseId": value}
                yield Put(EVSE, key, fields, only_over={"iso15118EvseId": None})
