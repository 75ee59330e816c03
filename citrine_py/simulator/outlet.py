"""C and E: one EVSE between a driver, a car and the CSMS.

No I/O. What is true of it (a car in the bay, a cable in, a token, power) begins and ends
transactions as TxStartPoint and TxStopPoint say (E01, E06).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from citrine_py.simulator.availability import Availability
from citrine_py.simulator.car import Car
from citrine_py.simulator.charging import Charging, Permit
from citrine_py.simulator.core import Core
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.reservations import Reservations
from citrine_py.simulator.supply import Limit
from citrine_py.simulator.tokens import Tokens, same
from citrine_py.simulator.transaction import Transaction

POWER_PATH = 2.0
"""Seconds from the right to charge until power flows."""


@dataclass(slots=True)
class Hooks:
    """Who wants to know; each is told of the outlet that it happened to. `load`: another
    number of them gives power."""

    began: Callable[[Outlet], None] = lambda _outlet: None
    ended: Callable[[Outlet, Transaction], None] = lambda _outlet, _transaction: None
    permitted: Callable[[Outlet], None] = lambda _outlet: None
    closed: Callable[[Outlet], None] = lambda _outlet: None
    load: Callable[[Outlet], None] = lambda _outlet: None


class Outlet(Charging):
    """One EVSE of one connector."""

    def __init__(
        self,
        core: Core,
        number: int,
        tokens: Tokens,
        *,
        availability: Availability,
        reservations: Reservations,
        limits: Callable[[Outlet], Limit],
        hooks: Hooks,
    ) -> None:
        super().__init__(core, number, tokens, lambda: limits(self))
        self.bay = False
        self.supply.changed = self._supplied
        self._availability = availability
        self._reservations = reservations
        self._hooks = hooks
        self._was: set[str] = set()
        self._reached: set[str] = set()
        self._told_limit: float | None = None

    # ---- the driver ----------------------------------------------------------------------

    def arrive(self) -> None:
        """A car stands in the bay."""
        self.bay = True
        self._changed("EVDetected")

    def plug(self, car: Car) -> None:
        """The cable goes in."""
        self.bay = True
        self.supply.connect(car)
        self._availability.plugged.add(self.number)
        self._availability.review(self.number)
        self._changed("CablePluggedIn")

    def unplug(self) -> None:
        """The cable comes out on the car's side (E09, E10)."""
        self._open()
        self.supply.disconnect()
        if self._core.flag("TxCtrlr", "StopTxOnEVSideDisconnect"):
            self.permit = None
        self._changed("EVCommunicationLost", "EVDisconnected")
        self._availability.plugged.discard(self.number)
        self._availability.review(self.number)

    def leave(self) -> None:
        """The car leaves the bay."""
        self.bay = False
        self._changed("EVDeparted", "EVDisconnected")

    def present(self, token: Payload, decided: Callable[[bool], None]) -> None:
        """A token is held to the reader: it starts, or stops what it or its group started."""
        if self.permit is not None and same(self.permit.token, token):
            self.stop("StopAuthorized", "Local", token)
            decided(True)
            return
        self._tokens.ask(token, lambda info: decided(self._judged(token, info)))

    def _judged(self, token: Payload, info: Payload) -> bool:
        group = info.get("groupIdToken")
        if info["status"] != "Accepted":
            self._core.log.info("token.refused", evse=self.number, status=info["status"])
            return False
        if self.permit is not None:
            mine = self.permit.info.get("groupIdToken")
            if mine is None or group is None or not same(mine, group):
                return False
            self.stop("StopAuthorized", "Local", token)
            return True
        if not self._availability.operative(self.number):
            return False
        if self._reservations.keeps_out(self.number, token, group):
            self._core.log.info("token.refused", evse=self.number, status="Reserved")
            return False
        self.allow(Permit(token, info), "Authorized")
        return True

    # ---- the right to charge -------------------------------------------------------------

    def allow(self, permit: Permit, reason: str) -> None:
        """Somebody may charge now."""
        group = permit.info.get("groupIdToken")
        permit.reservation = self._reservations.of(self.number, permit.token, group)
        self.permit = permit
        if permit.reservation is not None:
            self._reservations.used(permit.reservation)
        if not self.plugged:
            wait = float(self._core.variable("TxCtrlr", "EVConnectionTimeOut").value)
            self._set_alarm("connect", wait, self._nobody_came)
        self._changed(reason)
        self._hooks.permitted(self)

    def stop(self, reason: str, stopped: str, token: Payload | None = None) -> None:
        """The right to charge ends."""
        self.permit = None
        self._open()
        self._changed(reason, stopped, token)

    def end(self, reason: str, stopped: str) -> None:
        """The transaction ends whatever TxStopPoint says: a reset, a power loss."""
        self.permit = None
        self._open()
        if self.transaction is not None:
            self._end(reason, stopped, None)

    def interrupt(self) -> None:
        """The power is gone; the transaction stays as it was."""
        self._open()
        for alarm in self._alarms.values():
            alarm.cancel()

    def resume(self, permit: Permit | None) -> None:
        """The power is back, and the transaction goes on."""
        self.permit = permit
        self._set_sample()
        self._was = self._points()
        self._update("ChargingStateChanged")
        self._power_path()

    def _nobody_came(self) -> None:
        if not self.plugged and self.permit is not None:
            self.permit = None
            self._changed("EVConnectTimeout", "Timeout")

    # ---- transactions --------------------------------------------------------------------

    def _points(self) -> set[str]:
        may = self.permit is not None and not self.permit.suspended
        true = {
            "ParkingBayOccupancy": self.bay,
            "EVConnected": self.plugged,
            "Authorized": self.permit is not None,
            "PowerPathClosed": self.plugged and may,
            "EnergyTransfer": self.supply.closed and self.supply.meter.power > 0,
        }
        return {name for name, holds in true.items() if holds}

    def _changed(
        self, reason: str, stopped: str | None = None, token: Payload | None = None
    ) -> None:
        points, was = self._points(), self._was
        self._was = points
        if self.transaction is None:
            if (points - was) & set(self._core.members("TxCtrlr", "TxStartPoint")):
                self._begin(reason)
        elif (self._reached - points) & set(self._core.members("TxCtrlr", "TxStopPoint")):
            self._end(reason, stopped or "Local", token)
        else:
            self._update(reason, token)
        self._reached |= points
        self._power_path()

    def _begin(self, reason: str) -> None:
        self._reached = set()
        self.transaction = Transaction(self._core, self.number, self.supply.meter.register)
        self._core.log.info("transaction.started", evse=self.number, id=self.transaction.id)
        self._tell("Started", reason, meter=self.meter_value("Transaction.Begin"))
        self._hooks.began(self)
        self._set_sample()

    def _update(self, reason: str, token: Payload | None = None) -> None:
        context = {"ChargingRateChanged": "Other", "Trigger": "Trigger"}.get(reason)
        self._tell("Updated", reason, token, meter=self.meter_value(context) if context else None)

    def _end(self, reason: str, stopped: str, token: Payload | None) -> None:
        it = self.transaction
        if it is None:
            return
        meter = self.meter_value("Transaction.End", "TxEndedMeasurands")
        self._tell("Ended", reason, token, meter=meter, stopped=stopped)
        self._core.log.info(
            "transaction.ended",
            evse=self.number,
            id=it.id,
            reason=stopped,
            kwh=round((self.supply.meter.register - it.register) / 1000, 3),
        )
        self.transaction = None
        self.permit = None
        self._was = self._points()
        self._open()
        for alarm in self._alarms.values():
            alarm.cancel()
        self._hooks.ended(self, it)
        self._core.watchers.now_idle()

    def deauthorize(self, it: Transaction) -> None:
        """See Charging: suspends, or ends at once or after MaxEnergyOnInvalidId."""
        if self.permit is None:
            return
        most = float(self._core.variable("TxCtrlr", "MaxEnergyOnInvalidId").value)
        if not self._core.flag("TxCtrlr", "StopTxOnInvalidId"):
            self.permit.suspended = True
            self._open()
            self._tell("Updated", "Deauthorized")
        elif most > 0:
            self.supply.stop_at = it.register + most
            self.review()
        else:
            self.stop("Deauthorized", "DeAuthorized")

    # ---- power ---------------------------------------------------------------------------

    def _power_path(self) -> None:
        may = self.permit is not None and not self.permit.suspended
        if not (self.plugged and may):
            self._open()
        elif not self.supply.closed:
            self._set_alarm("power", POWER_PATH, self._close)

    def _open(self) -> None:
        if self.supply.closed:
            self.supply.open()
            self._hooks.load(self)

    def _close(self) -> None:
        if self.permit is None or not self.plugged or self.permit.suspended:
            return
        self.supply.close()
        self._hooks.load(self)
        self.review()
        self._hooks.closed(self)

    def review(self) -> None:
        """A limit may be another: the power follows at once."""
        self.supply.review()
        self._supplied()

    def _supplied(self) -> None:
        if self.supply.exhausted:
            self.stop("Deauthorized", "DeAuthorized")
            return
        it = self.transaction
        if it is None:
            if self._points() != self._was:
                self._changed("ChargingStateChanged")
        elif it.state != self.state:
            self._changed("ChargingStateChanged")
        elif self.supply.limit.watts != self._told_limit:
            self._update("ChargingRateChanged")
        self._told_limit = self.supply.limit.watts
