"""The reusable states of Part 6 that a transaction goes through (tables 393 to 399)."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now

EVSE = {"id": 1, "connectorId": 1}
INVALID_TOKEN = {"idToken": "CONF-UNKNOWN-1", "type": "Central"}


class Session:
    """A station's transaction, as far as it has come."""

    def __init__(
        self, csms: Csms, station: RawStation, *, first_seq_no: int = 0, evse_id: int = 1
    ) -> None:
        self.csms = csms
        self.station = station
        self.transaction_id = str(uuid4())
        self.token = {"idToken": f"conf{uuid4().hex[:12]}", "type": "Central"}
        self.seq_no = count(first_seq_no)
        self.authorized = False
        self.connected = False
        self.evse = {"id": evse_id, "connectorId": 1}
        self.state = ""

    def go_on_with(self, station: RawStation) -> None:
        """The station has connected anew."""
        self.station = station

    async def event(
        self, kind: str, trigger: str, *, seq_no: int | None = None, **more: Any
    ) -> Payload:
        """A TransactionEvent; `more` is told within transactionInfo, but for the fields that
        stand outside of it."""
        outside = ("evse", "idToken", "meterValue", "offline")
        payload = {
            "eventType": kind,
            "timestamp": now(),
            "triggerReason": trigger,
            "seqNo": next(self.seq_no) if seq_no is None else seq_no,
            **{name: more.pop(name) for name in outside if name in more},
            "transactionInfo": {"transactionId": self.transaction_id, **more},
        }
        return await self.station.call("TransactionEvent", payload)

    async def authorize(self) -> None:
        """AuthorizeRequest with the valid token, which must be Accepted."""
        await self.csms.enter_token(self.token)
        answer = await self.station.call("Authorize", {"idToken": self.token})
        assert answer["idTokenInfo"]["status"] == "Accepted", answer

    def check_accepted(self, answer: Payload) -> None:
        """The idToken of the event was Accepted."""
        assert "idTokenInfo" in answer, answer
        assert answer["idTokenInfo"]["status"] == "Accepted", answer

    # ---- the reusable states -----------------------------------------------------------

    async def ev_connected_pre_session(self, **more: Any) -> None:
        """Table 393."""
        await self.station.tell_connectors("Occupied")
        kind = "Updated" if self.authorized else "Started"
        await self.event(
            kind, "CablePluggedIn", chargingState="EVConnected", evse=self.evse, **more
        )
        self.connected = True

    async def authorize_locally(self) -> None:
        """Authorized, table 394."""
        await self.authorize()
        kind = "Updated" if self.connected else "Started"
        self.check_accepted(await self.event(kind, "Authorized", idToken=self.token))
        self.authorized = True

    async def energy_transfer_started(self) -> None:
        """Table 395."""
        if not self.authorized:
            await self.authorize_locally()
        if not self.connected:
            await self.ev_connected_pre_session()
        await self.event("Updated", "ChargingStateChanged", chargingState="Charging")
        self.state = "EnergyTransferStarted"

    async def energy_transfer_suspended(self) -> None:
        """Table 396."""
        await self._reach("EnergyTransferStarted")
        await self.event("Updated", "ChargingStateChanged", chargingState="SuspendedEV")
        self.state = "EnergyTransferSuspended"

    async def stop_authorized(self) -> None:
        """Table 397."""
        await self._reach("EnergyTransferStarted")
        self.check_accepted(await self.event("Updated", "StopAuthorized", idToken=self.token))
        self.state = "StopAuthorized"

    async def ev_connected_post_session(self) -> None:
        """Table 398."""
        await self._reach("StopAuthorized")
        await self.event("Updated", "ChargingStateChanged", chargingState="EVConnected")
        self.state = "EVConnectedPostSession"

    async def ev_disconnected(self, kind: str = "Ended", **more: Any) -> None:
        """Table 399. `kind`: Updated where the transaction is to go on (TC_E_19)."""
        await self._reach("EVConnectedPostSession")
        await self.station.tell_connectors("Available")
        told = {"chargingState": "Idle", **more}
        if kind == "Ended":
            told["stoppedReason"] = "EVDisconnected"
        await self.event(kind, "EVCommunicationLost", **told)
        self.state = "EVDisconnected"

    async def _reach(self, state: str) -> None:
        """The state that the next one starts from, unless the transaction is further on."""
        steps = {
            "EnergyTransferStarted": self.energy_transfer_started,
            "StopAuthorized": self.stop_authorized,
            "EVConnectedPostSession": self.ev_connected_post_session,
        }
        order = [*steps, "EVDisconnected"]
        here = "EnergyTransferStarted" if "Suspended" in self.state else self.state
        if here not in order or order.index(here) < order.index(state):
            await steps[state]()

    # ---- what an operator sees ---------------------------------------------------------

    async def record(self) -> dict[str, Any]:
        """The Transaction as the API shows it, once it shows it."""
        return await self.csms.transaction(self.transaction_id)


def register(value: float, context: str, **more: Any) -> Payload:
    """A set of values of now: the register in Wh."""
    return {"timestamp": now(), "sampledValue": [{"value": value, "context": context, **more}]}
