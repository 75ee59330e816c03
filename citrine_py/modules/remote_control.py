"""F01, F02: starting a transaction from here.

RequestStopTransaction (F03), UnlockConnector (F05) and TriggerMessage (F06) need no
more than to be sent, or have their sender elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.errors import BadRequest
from citrine_py.modules.requests import Sender
from citrine_py.ports import Payload
from citrine_py.ports_charging import RemoteStarts


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """Sender of RequestStartTransaction; its remoteStartId is filled in where it is left out.
    `ask` sends it and keeps it as a job."""

    ask: Sender
    starts: RemoteStarts

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """F01, F02. A charging profile given along must be one for the transaction to come.

        Raises:
            BadRequest: the profile is for something else.
        """
        profile = payload.get("chargingProfile")
        if profile is not None:
            if profile["chargingProfilePurpose"] != "TxProfile":
                raise BadRequest(
                    "RequestStartTransaction: chargingProfilePurpose must be TxProfile (F01)"
                )
            if "transactionId" in profile:
                raise BadRequest(
                    "RequestStartTransaction: a chargingProfile has no transactionId here, "
                    "for the transaction is yet to come (F01)"
                )
        reply = await self.ask(station, payload, seconds)
        if reply["status"] == "Accepted" and "transactionId" in reply:
            await self.starts.began(station, reply["transactionId"], payload["remoteStartId"])
        return reply
