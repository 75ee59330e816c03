"""M01, M02: a car asks for its contract certificate; the answer is somebody's outside."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.ports import Call, Payload
from citrine_py.ports_certificates import ContractProvider


@dataclass(frozen=True, slots=True)
class OnGet15118EVCertificate:
    """Hands the car's EXI request on. `provider` is None where the settings name none."""

    provider: ContractProvider | None

    async def __call__(self, call: Call) -> Payload:
        if self.provider is None:
            return _failed("NotConfigured", "nobody provides contract certificates here")
        answer = await self.provider.ask({"stationId": call.station, **call.payload})
        return answer or _failed("NoResponse", "the provider gave no usable answer")


def _failed(code: str, reason: str) -> Payload:
    return {
        "status": "Failed",
        "exiResponse": "",
        "statusInfo": {"reasonCode": code, "additionalInfo": reason},
    }
