"""E: what is told of a transaction while it runs: its events, its samples, its answers.

No I/O. `outlet` decides when a transaction begins and ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from citrine_py.simulator.clock import Action, Alarm
from citrine_py.simulator.core import Core
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.reservations import Reservation
from citrine_py.simulator.supply import Limit, Supply
from citrine_py.simulator.tokens import Tokens
from citrine_py.simulator.transaction import Transaction

CABLE_CURRENT = 32


@dataclass(slots=True)
class Permit:
    """The right to charge. `profile` comes with a remote start; `told`: its token stands in an
    event; `suspended`: the CSMS does not take the token, and nothing flows."""

    token: Payload
    info: Payload
    remote_start_id: int | None = None
    profile: Payload | None = None
    reservation: Reservation | None = None
    told: bool = False
    suspended: bool = False


class Charging:
    """An EVSE's transaction and its power."""

    def __init__(
        self, core: Core, number: int, tokens: Tokens, limits: Callable[[], Limit]
    ) -> None:
        self.number = number
        self.permit: Permit | None = None
        self.transaction: Transaction | None = None
        most = core.variable("EVSE", "Power", number).most or 0
        self.supply = Supply(core, number, most, limits)
        self._core = core
        self._tokens = tokens
        self._alarms: dict[str, Alarm] = {}

    @property
    def plugged(self) -> bool:
        return self.supply.car is not None

    @property
    def state(self) -> str:
        """Its charging state."""
        if not self.plugged:
            return "Idle"
        if self.supply.closed:
            return self.supply.state
        suspended = self.permit is not None and self.permit.suspended
        return "SuspendedEVSE" if suspended else "EVConnected"

    def meter_value(self, context: str, measurands: str = "TxUpdatedMeasurands") -> Payload:
        """What the meter shows now."""
        self.supply.settle()
        names = self._core.members("SampledDataCtrlr", measurands)
        car = self.supply.car
        soc = car.soc if car is not None and car.direct_current else None
        return self.supply.meter.value(self._core.now(), context, names, soc)

    def trigger(self) -> None:
        """Tells the transaction's state and readings because it was asked to (F06)."""
        self._tell("Updated", "Trigger", meter=self.meter_value("Trigger"))

    def deauthorize(self, it: Transaction) -> None:
        """The CSMS does not take the token of this transaction (E05): nothing flows any more."""
        if it is self.transaction:
            self.supply.open()

    # ---- its parts -----------------------------------------------------------------------

    def _set_alarm(self, name: str, seconds: float, action: Action) -> None:
        """One alarm of each name."""
        if name in self._alarms:
            self._alarms[name].cancel()
        self._alarms[name] = self._core.clock.after(seconds, action)

    def _set_sample(self) -> None:
        """The next sample, if SampledDataCtrlr wants any (J02)."""
        wait = float(self._core.variable("SampledDataCtrlr", "TxUpdatedInterval").value)
        if self._core.flag("SampledDataCtrlr", "Enabled") and wait > 0:
            self._set_alarm("sample", wait, self._sample)

    def _sample(self) -> None:
        self._set_sample()
        meter = self.meter_value("Sample.Periodic")
        self._tell("Updated", "MeterValuePeriodic", meter=meter)

    def _tell(
        self,
        kind: str,
        reason: str,
        token: Payload | None = None,
        *,
        meter: Payload | None = None,
        stopped: str | None = None,
    ) -> None:
        """An event of the transaction; the token that began it is in the first after it."""
        it = self.transaction
        if it is None:
            return
        more: Payload = {"idToken": token}
        asked: Payload | None = None
        if self.permit is not None and not self.permit.told:
            self.permit.told = True
            asked = it.token = self.permit.token
            it.remote_start_id = self.permit.remote_start_id
            more["idToken"] = asked
            if self.permit.reservation is not None:
                more["reservationId"] = self.permit.reservation.id
        if kind == "Started" and self.plugged and not self.supply.meter.direct_current:
            more["cableMaxCurrent"] = CABLE_CURRENT
            more["numberOfPhasesUsed"] = self.supply.meter.phases
        it.tell(
            kind,
            reason,
            self.state,
            lambda answer: self._heard(it, asked, answer),
            meter=meter,
            stopped=stopped,
            **more,
        )

    def _heard(self, it: Transaction, asked: Payload | None, answer: Payload | None) -> None:
        """What the CSMS says to an event: the cost, and whether the token is good."""
        if answer is None:
            return
        if "totalCost" in answer:
            it.costs(answer["totalCost"])
        info = answer.get("idTokenInfo")
        if asked is None or info is None:
            return
        self._tokens.learned(asked, info)
        if info["status"] != "Accepted" and it is self.transaction and self.permit is not None:
            self._core.log.info("transaction.deauthorized", id=it.id, status=info["status"])
            self.deauthorize(it)
