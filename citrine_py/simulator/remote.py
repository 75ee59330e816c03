"""E14, F01-F05, I02: what a CSMS does from afar with transactions.

No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence

from citrine_py.simulator.availability import Availability
from citrine_py.simulator.charging import Permit
from citrine_py.simulator.core import OK, Answers, Core, rejected
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.outlet import Outlet
from citrine_py.simulator.reservations import Reservations
from citrine_py.simulator.smart_charging import SmartCharging
from citrine_py.simulator.tokens import Tokens


class Remote:
    """Remote control of one station's transactions."""

    def __init__(
        self,
        core: Core,
        outlets: Sequence[Outlet],
        *,
        tokens: Tokens,
        availability: Availability,
        reservations: Reservations,
        smart: SmartCharging,
    ) -> None:
        self._core = core
        self._outlets = outlets
        self._tokens = tokens
        self._availability = availability
        self._reservations = reservations
        self._smart = smart

    @property
    def answers(self) -> Answers:
        return {
            "RequestStartTransaction": self._start,
            "RequestStopTransaction": self._stop,
            "UnlockConnector": self._unlock,
            "GetTransactionStatus": self._status,
            "CostUpdated": self._cost,
        }

    def _start(self, asked: Payload) -> Payload:
        """F01, F02; authorized first if AuthorizeRemoteStart says so."""
        token, group = asked["idToken"], asked.get("groupIdToken")
        outlet = self._choose(asked.get("evseId"), token, group)
        if outlet is None:
            return rejected("NoFreeEvse")
        profile = asked.get("chargingProfile")
        if profile is not None and profile["chargingProfilePurpose"] != "TxProfile":
            return rejected("InvalidProfile")
        if profile is not None:
            wrong = self._smart.wrong({**profile, "transactionId": "-"}, outlet.number, "-")
            if wrong is not None:
                return rejected(wrong)
        info: Payload = {"status": "Accepted"}
        if group is not None:
            info["groupIdToken"] = group
        permit = Permit(token, info, asked["remoteStartId"], profile)
        if self._core.flag("AuthCtrlr", "AuthorizeRemoteStart"):
            self._tokens.ask(token, lambda told: self._judged(outlet, permit, told))
        else:
            outlet.allow(permit, "RemoteStart")
        answer = dict(OK)
        if outlet.transaction is not None:
            answer["transactionId"] = outlet.transaction.id
        return answer

    def _judged(self, outlet: Outlet, permit: Permit, info: Payload) -> None:
        if info["status"] == "Accepted" and outlet.permit is None:
            permit.info = info
            outlet.allow(permit, "RemoteStart")

    def _choose(self, evse: int | None, token: Payload, group: Payload | None) -> Outlet | None:
        """The one asked for, or else one with a car that waits, or else a free one."""
        may = [
            it
            for it in self._outlets
            if evse in {None, it.number}
            and it.permit is None
            and self._availability.operative(it.number)
            and not self._reservations.keeps_out(it.number, token, group)
        ]
        return next((it for it in may if it.plugged), may[0] if may else None)

    def _stop(self, asked: Payload) -> Payload:
        """F03."""
        outlet = self._of(asked["transactionId"])
        if outlet is None:
            return rejected("TxNotFound")
        outlet.stop("RemoteStop", "Remote")
        return dict(OK)

    def _unlock(self, asked: Payload) -> Payload:
        """F05."""
        if not self._core.has(asked["evseId"]) or asked["connectorId"] != 1:
            return {"status": "UnknownConnector"}
        outlet = self._outlets[asked["evseId"] - 1]
        if outlet.permit is not None and outlet.transaction is not None:
            return {"status": "OngoingAuthorizedTransaction"}
        if outlet.plugged:
            outlet.unplug()
        return {"status": "Unlocked"}

    def _status(self, asked: Payload) -> Payload:
        """E14."""
        number = asked.get("transactionId")
        answer: Payload = {"messagesInQueue": self._core.outbox.holds(number)}
        if number is not None:
            answer["ongoingIndicator"] = self._of(number) is not None
        return answer

    def _cost(self, asked: Payload) -> Payload:
        outlet = self._of(asked["transactionId"])
        if outlet is not None and outlet.transaction is not None:
            outlet.transaction.costs(asked["totalCost"])
        return {}

    def _of(self, transaction_id: str) -> Outlet | None:
        for outlet in self._outlets:
            if outlet.transaction is not None and outlet.transaction.id == transaction_id:
                return outlet
        return None
