"""C01-C06, C09, C12: the answer to a token that is presented.

Implements ports_tokens.IdTokens: from the records, and from somebody outside where the
settings name one. What a record means is `tokens`' to say; contract certificates are
checked by `contracts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import structlog

from citrine_py.live import Live
from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.keys import authorization_key, transaction_key
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE
from citrine_py.modules.contracts import Contracts
from citrine_py.modules.history import told
from citrine_py.modules.remote_starts import sent_token
from citrine_py.modules.tokens import Outlet, Place, Presented, additional_of, decide
from citrine_py.ports import Call, Clock, Payload, Records
from citrine_py.ports_charging import Tariffs
from citrine_py.ports_tokens import ActiveTransactions, RealTimeAuthorization

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the settings say about tokens.

    Attributes:
        master_group: the group of tokens marked as master pass.
        ask: which tokens somebody outside is asked about: all that our records do not
            refuse, or those that they do not have.
        fallback: who decides when he does not answer.
        unchecked: what a contract certificate counts as whose revocation cannot be found out.
    """

    master_group: str = "MASTERPASS"
    ask: Literal["all", "unknown"] = "all"
    fallback: Literal["records", "reject", "accept"] = "records"
    unchecked: Literal["accept", "reject"] = "reject"


def place_of(records: Records, station: str) -> Place:
    """The station as tokens see it."""
    record = records.get(CHARGING_STATION, station)
    types: dict[int, set[str]] = {}
    for connector in records.select(CONNECTOR, station=station):
        if connector.evseId is not None:
            found = types.setdefault(connector.evseId, set())
            if connector.connectorType:
                found.add(connector.connectorType)
    names = {each.evseId: each.iso15118EvseId for each in records.select(EVSE, station=station)}
    outlets = tuple(
        Outlet(number, frozenset(types.get(number, ())), names.get(number))
        for number in sorted({*types, *(each for each in names if each is not None)})
    )
    return Place(station, record.location if record is not None else None, outlets)


def group_record(records: Records, token: Authorization) -> Authorization | None:
    """The record of the token's group's own token, if there is one."""
    if not token.groupIdToken:
        return None
    key = authorization_key(token.groupIdToken, token.groupIdTokenType or "Central")
    return records.get(AUTHORIZATION, key) if key != token.id else None


@dataclass(frozen=True, slots=True)
class StationIdTokens:
    """Implements ports_tokens.IdTokens. `outside` is None where the settings name nobody."""

    records: Records
    clock: Clock
    active: ActiveTransactions
    tariffs: Tariffs
    rules: Live[TokenRules]
    outside: RealTimeAuthorization | None = None

    async def info(
        self,
        station: str,
        id_token: Payload,
        *,
        evse_id: int | None = None,
        transaction_id: str | None = None,
    ) -> Payload:
        """See ports_tokens.IdTokens. Whoever may charge is told the tariff (I01), unless there
        is something else to tell him."""
        info = await self._info(station, id_token, evse_id, transaction_id)
        if info["status"] != "Accepted" or "personalMessage" in info:
            return info
        language, at = info.get("language1"), self.clock.now()
        text = self.tariffs.text(station, evse_id=evse_id, at=at, language=language)
        if text is None:
            return info
        return {**info, "personalMessage": {"format": "UTF8", "content": text}}

    async def _info(
        self, station: str, id_token: Payload, evse_id: int | None, transaction_id: str | None
    ) -> Payload:
        key = authorization_key(id_token["idToken"], id_token["type"])
        token = self.records.get(AUTHORIZATION, key)
        if token is None and self._needs_no_record(station, id_token):
            return {"status": "Accepted"}
        place = place_of(self.records, station)
        ours: Payload = {"status": "Unknown"}
        if token is not None:
            presented = Presented(
                evse_id,
                additional_of(id_token.get("additionalInfo")),
                self._earlier(station, id_token, transaction_id),
            )
            ours = decide(
                token,
                place,
                self.clock.now(),
                presented,
                group=group_record(self.records, token),
                master_group=self.rules.now.master_group,
            )
        if self.outside is None or not self._asked(token, ours):
            return ours
        question: dict[str, object] = {
            "stationId": station,
            "locationId": place.location,
            "idToken": id_token,
            "evseId": evse_id,
            "transactionId": transaction_id,
            "idTokenInfo": ours,
        }
        answer = await self.outside.ask(
            {name: value for name, value in question.items() if value is not None}
        )
        return self._without_answer(token, ours) if answer is None else _joined(ours, answer)

    def _needs_no_record(self, station: str, id_token: Payload) -> bool:
        """A start button's (C02), and those that we gave out ourselves (C05)."""
        if id_token["type"] == "NoAuthorization":
            return True
        return sent_token(self.records, station, id_token, self.clock.now())

    def _asked(self, token: Authorization | None, ours: Payload) -> bool:
        """What our own records refuse, nobody outside can allow."""
        if token is None:
            return True
        return self.rules.now.ask == "all" and ours["status"] == "Accepted"

    def _without_answer(self, token: Authorization | None, ours: Payload) -> Payload:
        if self.rules.now.fallback == "reject":
            return {"status": "Invalid"}
        if self.rules.now.fallback == "accept" and token is None:
            return {"status": "Accepted"}
        return ours

    def _earlier(self, station: str, id_token: Payload, transaction_id: str | None) -> int:
        """How many transactions of the token are open since before this one. Later ones do not
        count: the token must stay good to end its first."""
        if transaction_id is None:
            return 0
        running = list(self.active.of_token(id_token["idToken"], id_token["type"]))
        key = transaction_key(station, transaction_id)
        return running.index(key) if key in running else len(running)


def _joined(ours: Payload, answer: Payload) -> Payload:
    """What somebody outside says of a token stands above what we know of it."""
    kept = {name: ours[name] for name in ("groupIdToken",) if name in ours}
    return {**(ours if answer["status"] == "Accepted" else kept), **answer}


_LOGGED: Mapping[bool, str] = MappingProxyType(
    {True: "authorization.accepted", False: "authorization.refused"}
)


@dataclass(frozen=True, slots=True)
class OnAuthorize:
    """Answers Authorize. A refusal is a line of the station's history, so that an operator
    sees which card was presented in vain."""

    records: Records
    id_tokens: StationIdTokens
    contracts: Contracts

    async def __call__(self, call: Call) -> Payload:
        id_token = call.payload["idToken"]
        info = await self.id_tokens.info(call.station, id_token)
        answer: Payload = {"idTokenInfo": info}
        certificate = await self.contracts.status(call.station, call.payload)
        if certificate is not None:
            answer["certificateStatus"] = certificate
            if certificate != "Accepted" and info["status"] == "Accepted":
                answer["idTokenInfo"] = {"status": "Invalid"}
        status = answer["idTokenInfo"]["status"]
        if status != "Accepted":
            what = f"{id_token['type']} {id_token['idToken']}"
            why = what if certificate in {None, "Accepted"} else f"{what}: {certificate}"
            await self.records.write(told(call, "Authorization", status, why))
        log.info(
            _LOGGED[status == "Accepted"],
            station=call.station,
            type=id_token["type"],
            status=status,
        )
        return answer
