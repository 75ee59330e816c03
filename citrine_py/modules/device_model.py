"""B07, B08: what stations report of their device model, and what people write into ours.

Keeps VariableAttribute rows, and Evse and Connector rows for the places that
components stand at. Which report a part belongs to is `reports`' to know; rows are
made by `variables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from citrine_py.errors import BadRequest
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE
from citrine_py.model.times import iso, parse
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.passwords import StationPasswords
from citrine_py.modules.places import told_places
from citrine_py.modules.reports import Reports
from citrine_py.modules.variables import is_password, places, put_places, put_report
from citrine_py.modules.wished_values import compared
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Call, Change, Clock, Payload, Put, Records

log = structlog.get_logger()


def new_places(records: Records, station: str, report_data: Iterable[Payload]) -> list[Put]:
    """The Evse and Connector rows that the components ask for and that do not exist yet."""
    found = put_places(station, places(report_data))
    return [
        put
        for put in found
        if put.collection in {EVSE, CONNECTOR} and records.get(put.collection, put.key) is None
    ]


@dataclass(frozen=True, slots=True)
class OnNotifyReport:
    """Stores a part of a report. Unasked ones of an accepted station are stored too."""

    records: Records
    reports: Reports

    async def __call__(self, call: Call) -> Payload:
        payload = call.payload
        data = payload.get("reportData", [])
        puts = list(put_report(call.station, data, parse(payload["generatedAt"])))
        new = [*new_places(self.records, call.station, data), *told_places(self.records, puts)]
        await self.records.write(*new, *puts, *compared(self.records, puts))
        report = self.reports.find(call.station, payload["requestId"])
        if report is None:
            log.debug("report.unasked", station=call.station, request_id=payload["requestId"])
        else:
            report.add(payload["seqNo"], tbc=payload.get("tbc", False), variables=len(puts))
        return {}


@dataclass(frozen=True, slots=True)
class StationDeviceModel:
    """Implements ports.DeviceModel."""

    records: Records
    clock: Clock
    schemas: Schemas
    passwords: StationPasswords

    async def put_report_data(
        self, station: str, report_data: Payload, *, set_on_charger: bool
    ) -> Sequence[VariableAttribute]:
        """See ports.DeviceModel. `set_on_charger`: the station has these values already, so
        they are recorded as accepted by it."""
        self._check(report_data)
        now = self.clock.now()
        puts = list(put_report(station, [report_data], now))
        if set_on_charger:
            told = {"status": "Accepted", "setAt": now}
            puts = [Put(put.collection, put.key, {**put.fields, **told}) for put in puts]
        changes: list[Change] = []
        if self.records.get(CHARGING_STATION, station) is None:
            changes.append(Put(CHARGING_STATION, station, {}))
        changes += new_places(self.records, station, [report_data])
        changes += [*told_places(self.records, puts), *puts, *compared(self.records, puts)]
        if is_password(report_data):
            password = _password(report_data)
            if password is not None:
                changes += await self.passwords.replacing(station, password)
        await self.records.write(*changes)
        return [
            VariableAttribute.model_validate({**put.fields, VARIABLE_ATTRIBUTE.key: put.key})
            for put in puts
        ]

    def _check(self, report_data: Payload) -> None:
        around = {
            "requestId": 0,
            "generatedAt": iso(self.clock.now()),
            "seqNo": 0,
            "reportData": [report_data],
        }
        try:
            self.schemas.check_request("2.0.1", "NotifyReport", around)
        except CallError as error:
            raise BadRequest(error.description.replace("reportData[0].", "")) from None


def _password(report_data: Payload) -> str | None:
    """The value of its Actual attribute, if it has one.

    Raises:
        BadRequest: another attribute has a value; that would be a password in plain text.
    """
    found: str | None = None
    for attribute in report_data["variableAttribute"]:
        if "value" not in attribute:
            continue
        if attribute.get("type", "Actual") != "Actual":
            raise BadRequest("a BasicAuthPassword has a value as its Actual attribute only")
        found = attribute["value"]
    return found
