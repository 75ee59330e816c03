"""SetVariables and GetVariables as people and flows send them (B05, B06)."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.errors import BadRequest
from citrine_py.modules.passwords import StationPasswords
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variables import is_password
from citrine_py.ports import Payload


@dataclass(frozen=True, slots=True)
class VariableRequests:
    """Senders of both messages: in batches, and a password by the way of A01."""

    variables: VariableCalls
    passwords: StationPasswords

    async def set(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B05; a password among them goes last and alone, as A01 has it."""
        data = payload["setVariableData"]
        passwords = [each for each in data if is_password(each)]
        others = [each for each in data if not is_password(each)]
        if len(passwords) > 1:
            raise BadRequest("SetVariables: one BasicAuthPassword at most")
        results = await self.variables.set(station, others, seconds)
        if passwords:
            result = await self.passwords.send(station, passwords[0], seconds)
            results.insert(data.index(passwords[0]), result)
        return {"setVariableResult": results}

    async def get(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B06."""
        data = payload["getVariableData"]
        return {"getVariableResult": await self.variables.get(station, data, seconds)}
