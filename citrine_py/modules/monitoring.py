"""N02-N06: monitors on variables, as stations have taken or reported them.

SetVariableMonitoring and ClearVariableMonitoring go in as many messages as the station
needs, each after the answer to the one before; what it took is kept after each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from citrine_py.model.keys import monitoring_key
from citrine_py.model.monitoring import VARIABLE_MONITORING
from citrine_py.model.times import parse
from citrine_py.modules.job_reports import part
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.ports import Call, Change, Clock, Delete, Payload, Put, Records, Stations


def put_monitor(station: str, monitor_id: int, named: Payload, **fields: Any) -> Put:
    """The record of a monitor. `named` has OCPP's component and variable."""
    component, variable = named["component"], named["variable"]
    evse = component.get("evse", {})
    told = {
        "station": station,
        "monitorId": monitor_id,
        "component": component["name"],
        "componentInstance": component.get("instance"),
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "variable": variable["name"],
        "variableInstance": variable.get("instance"),
    }
    return Put(VARIABLE_MONITORING, monitoring_key(station, monitor_id), {**told, **fields})


@dataclass(frozen=True, slots=True)
class MonitorRequests:
    """Senders of SetVariableMonitoring (N04) and ClearVariableMonitoring (N06)."""

    records: Records
    stations: Stations
    clock: Clock
    variables: VariableCalls

    async def set(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """N04. The results of all messages together.

        Raises:
            StationError, BadRequest: as `ports.Stations.call`; messages before are in force.
        """
        action, results = "SetVariableMonitoring", list[Payload]()
        for batch in self.variables.batched(station, action, payload["setMonitoringData"]):
            some = {**payload, "setMonitoringData": batch}
            reply = await self.stations.call(station, action, some, seconds=seconds)
            got = reply["setMonitoringResult"]
            await self.records.write(*self._set(station, batch, got))
            results += got
        return {"setMonitoringResult": results}

    async def clear(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """N06. What the station does not have is gone here too. Raises as `set`."""
        action, results = "ClearVariableMonitoring", list[Payload]()
        for batch in self.variables.batched(station, action, payload["id"]):
            some = {**payload, "id": batch}
            reply = await self.stations.call(station, action, some, seconds=seconds)
            got = reply["clearMonitoringResult"]
            gone = [each["id"] for each in got if each["status"] in {"Accepted", "NotFound"}]
            await self.records.write(
                *(Delete(VARIABLE_MONITORING, monitoring_key(station, number)) for number in gone)
            )
            results += got
        return {"clearMonitoringResult": results}

    def _set(
        self, station: str, sent: Sequence[Payload], results: Sequence[Payload]
    ) -> Iterable[Change]:
        """A result has no value, so what was sent for it is looked up: by its id, else by
        what it is on and its type and severity."""
        now = self.clock.now()
        for result in results:
            if result["status"] != "Accepted" or "id" not in result:
                continue
            asked = _asked(sent, result)
            yield put_monitor(
                station,
                result["id"],
                result,
                type=result["type"],
                severity=result["severity"],
                value=asked.get("value"),
                transaction=asked.get("transaction", False),
                timestamp=now,
            )


def _asked(sent: Sequence[Payload], result: Payload) -> Payload:
    """What was asked that a result answers; empty if nothing was."""
    fitting = [
        each
        for each in sent
        if each["type"] == result["type"]
        and each["severity"] == result["severity"]
        and each["component"]["name"].casefold() == result["component"]["name"].casefold()
        and each["component"].get("evse") == result["component"].get("evse")
        and each["variable"]["name"].casefold() == result["variable"]["name"].casefold()
    ]
    by_id = [each for each in sent if "id" in each and each["id"] == result["id"]]
    return (by_id or fitting or [{}])[0]


@dataclass(frozen=True, slots=True)
class OnNotifyMonitoringReport:
    """N02, N03: keeps a part of a report, asked for or not."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        at = parse(call.payload["generatedAt"])
        changes: list[Change] = [
            put_monitor(
                call.station,
                monitor["id"],
                entry,
                type=monitor["type"],
                severity=monitor["severity"],
                value=monitor["value"],
                transaction=monitor["transaction"],
                timestamp=at,
            )
            for entry in call.payload.get("monitor", [])
            for monitor in entry["variableMonitoring"]
        ]
        found = part(self.records, call, "GetMonitoringReport")
        if found is not None:
            changes.append(found.put)
        await self.records.write(*changes)
        return {}
