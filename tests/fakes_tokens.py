"""What tokens need from elsewhere, faked: certificates, somebody outside."""

from __future__ import annotations

import asyncio

from citrine_py.ports import Payload
from citrine_py.ports_tokens import ContractChain, Revocation


class FakeCertificates:
    """ports_tokens.CertificateChecks: `revocations` by serial number, `chains` by PEM."""

    def __init__(self) -> None:
        self.revocations: dict[str, Revocation] = {}
        self.chains: dict[str, ContractChain] = {}
        self.asked: list[str] = []

    async def revocation(self, request: Payload) -> Revocation:
        await asyncio.sleep(0)
        self.asked.append(request["serialNumber"])
        return self.revocations.get(request["serialNumber"], Revocation("good", response=b"good"))

    def chain(self, pem: str) -> ContractChain:
        return self.chains[pem]


class ScriptedOutside:
    """ports_tokens.RealTimeAuthorization: answers as told, None for no answer."""

    def __init__(self, answer: Payload | None = None) -> None:
        self.answer = answer
        self.questions: list[Payload] = []

    async def ask(self, question: Payload) -> Payload | None:
        await asyncio.sleep(0)
        self.questions.append(question)
        return self.answer
