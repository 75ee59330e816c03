"""G: the connectors' states, how they are told, and ChangeAvailability.

No I/O. One EVSE has one connector; its state follows from what is true of it.
"""

from __future__ import annotations

from collections.abc import Callable

from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Payload, Tell


class Availability:
    """The states of one station's connectors.

    Attributes:
        plugged, reserved: EVSEs with a cable in, or kept for somebody.
        busy: whether a transaction runs on an EVSE; set by whoever knows.
        untold: whether a state has changed that could not be told.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.plugged: set[int] = set()
        self.reserved: set[int] = set()
        self.untold = False
        self.busy: Callable[[int], bool] = lambda _evse: False
        self._operative = dict.fromkeys(core.evses, True)
        self._wanted: dict[int, bool] = {}
        core.watchers.idle.append(self._now_idle)

    @property
    def answers(self) -> Answers:
        return {"ChangeAvailability": self._change}

    def operative(self, evse: int) -> bool:
        return self._operative[evse] and evse not in self._wanted

    def free(self, evse: int) -> bool:
        """Whether a driver who has not reserved may come."""
        return self.operative(evse) and not {evse} & (self.plugged | self.reserved)

    def state(self, evse: int) -> str:
        if not self._operative[evse]:
            return "Unavailable"
        if evse in self.plugged:
            return "Occupied"
        return "Reserved" if evse in self.reserved else "Available"

    def review(self, evse: int) -> None:
        """Tells the state of an EVSE's connector if it is another one than before."""
        state = self.state(evse)
        connector = self._core.variable("Connector", "AvailabilityState", evse, 1)
        if connector.value != state:
            self._core.write(connector, state)
            self._core.write(self._core.variable("EVSE", "AvailabilityState", evse), state)
            if self._core.online:
                self._core.do(self.message(evse))
            else:
                self.untold = True

    def message(self, evse: int) -> Tell:
        """What tells a connector's state: StatusNotification, or NotifyEvent by a habit."""
        if not self._core.config.habits.events_only:
            return Tell("StatusNotification", self.status(evse))
        component = {"name": "Connector", "evse": {"id": evse, "connectorId": 1}}
        event: Payload = {
            "eventId": self._core.number(),
            "timestamp": self._core.now(),
            "trigger": "Delta",
            "actualValue": self.state(evse),
            "eventNotificationType": "HardWiredNotification",
            "component": component,
            "variable": {"name": "AvailabilityState"},
        }
        told = {"generatedAt": self._core.now(), "seqNo": 0, "eventData": [event]}
        return Tell("NotifyEvent", told)

    def status(self, evse: int) -> Payload:
        """A StatusNotification of now."""
        return {
            "timestamp": self._core.now(),
            "connectorStatus": self.state(evse),
            "evseId": evse,
            "connectorId": 1,
        }

    def reset(self, evse: int) -> None:
        """An EVSE is off for a moment (B11, B12)."""
        before = self._operative[evse]
        self._operative[evse] = False
        self.review(evse)
        self._operative[evse] = before
        self.review(evse)

    def _change(self, asked: Payload) -> Payload:
        """G03, G04; at the end of the transaction where one runs."""
        evse = asked.get("evse", {})
        number = evse.get("id")
        if number not in {None, *self._core.evses} or evse.get("connectorId", 1) != 1:
            return {"status": "Rejected"}
        operative = asked["operationalStatus"] == "Operative"
        if number is None:
            state = "Available" if operative else "Unavailable"
            self._core.write(self._core.variable("ChargingStation", "AvailabilityState"), state)
        scheduled = False
        for each in self._core.evses if number is None else [number]:
            self._wanted.pop(each, None)
            if self.busy(each) and not operative:
                self._wanted[each] = False
                scheduled = True
            else:
                self._operative[each] = operative
                self.review(each)
        return {"status": "Scheduled"} if scheduled else dict(OK)

    def _now_idle(self) -> None:
        for evse in [each for each in self._wanted if not self.busy(each)]:
            self._operative[evse] = self._wanted.pop(evse)
            self.review(evse)
