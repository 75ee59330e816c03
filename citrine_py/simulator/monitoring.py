"""N02-N08: monitors on variables, and the events that they raise.

No I/O. Monitors look at a variable whenever it gets another value, periodic ones at their
time as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from citrine_py.simulator.clock import Alarm
from citrine_py.simulator.core import OK, Answers, Core, parts
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.device_model import Variable

MONITORS_PER_MESSAGE = 5
_CRITERIA = {
    "UpperThreshold": "ThresholdMonitoring",
    "LowerThreshold": "ThresholdMonitoring",
    "Delta": "DeltaMonitoring",
    "Periodic": "PeriodicMonitoring",
    "PeriodicClockAligned": "PeriodicMonitoring",
}


@dataclass(slots=True)
class Monitor:
    """One monitor as the CSMS set it; `raised`: its variable is beyond the threshold."""

    id: int
    variable: Variable
    data: Payload
    raised: bool = False
    seen: str = ""
    alarm: Alarm | None = None


class Monitoring:
    """The monitors of one station. `transaction` gives the one that runs on an EVSE."""

    def __init__(self, core: Core, transaction: Callable[[int | None], str | None]) -> None:
        self._core = core
        self._transaction = transaction
        self._monitors: dict[int, Monitor] = {}
        self._last = 0
        self._level = 9
        core.watchers.variable.append(self._written)

    @property
    def answers(self) -> Answers:
        return {
            "SetVariableMonitoring": self._set,
            "ClearVariableMonitoring": self._clear,
            "SetMonitoringBase": self._set_base,
            "SetMonitoringLevel": self._set_level,
            "GetMonitoringReport": self._report,
        }

    # ---- what it is asked ----------------------------------------------------------------

    def _set(self, asked: Payload) -> Payload:
        results = [self._set_one(data) for data in asked["setMonitoringData"]]
        return {"setMonitoringResult": results}

    def _set_one(self, data: Payload) -> Payload:
        result = {name: data[name] for name in ("component", "variable", "type", "severity")}
        wrong, variable = self._wrong(data)
        if variable is None:
            return {**result, "status": wrong}
        number = data.get("id")
        if number is None:
            self._last = number = self._last + 1
        self._drop(number)
        it = self._monitors[number] = Monitor(number, variable, data, seen=variable.value)
        self._start(it)
        return {**result, "status": "Accepted", "id": number}

    def _wrong(self, data: Payload) -> tuple[str, Variable | None]:
        component, name = data["component"], data["variable"]
        evse = component.get("evse", {})
        place = {"evse": evse.get("id"), "connector": evse.get("connectorId")}
        variable = self._core.model.find(
            component["name"], name["name"], name.get("instance"), **place
        )
        if variable is None:
            known = any(
                it.component.casefold() == component["name"].casefold() for it in self._core.model
            )
            return ("UnknownVariable" if known else "UnknownComponent"), None
        number = variable.data_type in {"integer", "decimal"}
        if not variable.monitored or (not number and data["type"].endswith("Threshold")):
            return "UnsupportedMonitorType", None
        if "id" in data and data["id"] not in self._monitors:
            return "Rejected", None
        same = (data["type"], data["severity"])
        if "id" not in data and any(
            it.variable is variable and (it.data["type"], it.data["severity"]) == same
            for it in self._monitors.values()
        ):
            return "Duplicate", None
        return "Accepted", variable

    def _clear(self, asked: Payload) -> Payload:
        results = []
        for number in asked["id"]:
            known = number in self._monitors
            self._drop(number)
            results.append({"id": number, "status": "Accepted" if known else "NotFound"})
        return {"clearMonitoringResult": results}

    def _set_base(self, _asked: Payload) -> Payload:
        """It has no monitors of its own: after each base, those of the CSMS are gone."""
        for number in list(self._monitors):
            self._drop(number)
        return dict(OK)

    def _set_level(self, asked: Payload) -> Payload:
        if not 0 <= asked["severity"] <= 9:
            return {"status": "Rejected"}
        self._level = asked["severity"]
        return dict(OK)

    def _report(self, asked: Payload) -> Payload:
        criteria = asked.get("monitoringCriteria", list(_CRITERIA.values()))
        wanted = asked.get("componentVariable", [])
        found = [
            it
            for it in self._monitors.values()
            if _CRITERIA[it.data["type"]] in criteria
            and (not wanted or any(it.variable.meant_by(each) for each in wanted))
        ]
        told = [_monitor(it) for it in found]
        for number, more, piece in parts(told, MONITORS_PER_MESSAGE):
            self._core.tell(
                "NotifyMonitoringReport",
                {
                    "requestId": asked["requestId"],
                    "seqNo": number,
                    "tbc": more,
                    "generatedAt": self._core.now(),
                    "monitor": piece,
                },
            )
        return {"status": "Accepted" if found else "EmptyResultSet"}

    # ---- what it sees --------------------------------------------------------------------

    def _written(self, variable: Variable) -> None:
        for it in [it for it in self._monitors.values() if it.variable is variable]:
            self._look(it)

    def _look(self, it: Monitor) -> None:
        kind, limit = it.data["type"], it.data["value"]
        if kind == "Delta":
            if it.variable.data_type not in {"integer", "decimal"}:
                moved = it.variable.value != it.seen
            else:
                moved = abs(float(it.variable.value) - float(it.seen or 0)) > limit
            if moved:
                it.seen = it.variable.value
                self._raise(it, "Delta")
        elif kind.endswith("Threshold"):
            value = float(it.variable.value)
            beyond = value > limit if kind == "UpperThreshold" else value < limit
            if beyond != it.raised:
                it.raised = beyond
                self._raise(it, "Alerting", cleared=not beyond)

    def _start(self, it: Monitor) -> None:
        every = it.data["value"]
        if not it.data["type"].startswith("Periodic"):
            self._look(it)
        elif every > 0:
            wait = every
            if it.data["type"] == "PeriodicClockAligned":
                wait = every - self._core.clock.now().timestamp() % every
            it.alarm = self._core.clock.after(wait, lambda: self._periodic(it))

    def _periodic(self, it: Monitor) -> None:
        self._start(it)
        self._raise(it, "Periodic")

    def _raise(self, it: Monitor, trigger: str, *, cleared: bool = False) -> None:
        running = self._transaction(it.variable.evse)
        if it.data["severity"] > self._level or (it.data.get("transaction") and running is None):
            return
        event: Payload = {
            "eventId": self._core.number(),
            "timestamp": self._core.now(),
            "trigger": trigger,
            "actualValue": it.variable.value,
            "eventNotificationType": "CustomMonitor",
            "component": it.variable.component_type(),
            "variable": it.variable.variable_type(),
            "variableMonitoringId": it.id,
        }
        if cleared:
            event["cleared"] = True
        if running is not None:
            event["transactionId"] = running
        told = {"generatedAt": self._core.now(), "seqNo": 0, "eventData": [event]}
        self._core.tell("NotifyEvent", told)

    def _drop(self, number: int) -> None:
        it = self._monitors.pop(number, None)
        if it is not None and it.alarm is not None:
            it.alarm.cancel()


def _monitor(it: Monitor) -> Payload:
    return {
        "component": it.variable.component_type(),
        "variable": it.variable.variable_type(),
        "variableMonitoring": [
            {
                "id": it.id,
                "transaction": it.data.get("transaction", False),
                "value": it.data["value"],
                "type": it.data["type"],
                "severity": it.data["severity"],
            }
        ],
    }
