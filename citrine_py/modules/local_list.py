"""D01: what is to stand in a station's local authorization list: pure functions.

A list is the tokens that operators want in it, as far as they may be used at the station.
It holds nothing that changes by the hour: tokens with times of day are left out, for a
station that is offline could not know the time, and so are those that are not valid yet.

Lists are compared by digests that add up: the digest of a list is the sum of those of its
entries, so that a change of one token changes it without a look at the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from citrine_py.model.authorizations import Authorization
from citrine_py.modules.time_windows import windows
from citrine_py.modules.tokens import (
    Place,
    Presented,
    additional_of,
    allowed_at,
    decide,
    fitting,
    keys_of,
)
from citrine_py.ports import Payload

_MODULUS = 1 << 128
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Entry:
    """One token of a list: OCPP's AuthorizationData, and its digest."""

    data: Payload
    digest: int

    @property
    def removal(self) -> Payload:
        """OCPP's AuthorizationData that takes it off the list."""
        return {"idToken": self.data["idToken"]}


def entry(
    token: Authorization | None,
    place: Place,
    moment: datetime,
    *,
    group: Authorization | None = None,
    master_group: str = "",
) -> Entry | None:
    """The token's entry in the list of a station; None if it does not stand there."""
    if token is None or not token.inLocalList or not token.idToken or not token.type:
        return None
    if token.type == "NoAuthorization" or not _steady(token, moment):
        return None
    if group is not None and not _steady(group, moment):
        return None
    if not allowed_at(token, place):
        return None
    if not token.masterPass and fitting(token, place)[1] is not None:
        return None
    presented = Presented(additional=additional_of(token.additionalInfo))
    info = decide(
        _begun(token),
        place,
        _EVER,
        presented,
        group=None if group is None else _begun(group),
        master_group=master_group,
    )
    id_token: Payload = {"idToken": token.idToken, "type": token.type}
    if token.additionalInfo:
        id_token["additionalInfo"] = token.additionalInfo
    data = {"idToken": id_token, "idTokenInfo": info}
    return Entry(data, _digest(data))


def _steady(token: Authorization, moment: datetime) -> bool:
    """Whether what is said of it does not change by itself but for its end."""
    begun = token.validFrom is None or token.validFrom <= moment
    return begun and windows(token.timesAllowed) is None


def _begun(token: Authorization) -> Authorization:
    return token if token.validFrom is None else token.model_copy(update={"validFrom": None})


def is_special(token: Authorization) -> bool:
    """Whether its entry depends on the station."""
    lists = (
        token.stations,
        token.locations,
        token.evseIds,
        token.allowedConnectorTypes,
        token.disallowedEvseIdPrefixes,
    )
    return any(keys_of(each) is not None for each in lists)


@dataclass(slots=True)
class Contents:
    """The lists of all stations as they should be: what is common to all, and the tokens whose
    entry depends on the station."""

    moment: datetime
    master_group: str
    edits: int = 0
    """How many edits of tokens it knows of."""
    common: dict[str, Entry] = field(default_factory=dict)
    special: dict[str, Authorization] = field(default_factory=dict)
    groups: dict[str, Authorization] = field(default_factory=dict)
    common_digest: int = 0
    next_start: datetime | None = None
    """When the next token that is wanted in lists becomes valid."""

    def add(self, token: Authorization, group: Authorization | None) -> None:
        """Takes note of a token."""
        if not token.inLocalList:
            return
        if group is not None:
            self.groups[token.id] = group
        for each in (token, group):
            start = each.validFrom if each is not None else None
            if start is not None and start > self.moment:
                self.next_start = min(start, self.next_start or start)
        if is_special(token):
            self.special[token.id] = token
            return
        found = self._entry(token, _NOWHERE)
        if found is not None:
            self.common[token.id] = found
            self.common_digest = (self.common_digest + found.digest) % _MODULUS

    def at(self, place: Place) -> Wanted:
        """The list of a station."""
        own = {key: self._entry(token, place) for key, token in self.special.items()}
        return Wanted(self, {key: each for key, each in own.items() if each is not None})

    def before(self, token: Authorization | None, place: Place) -> Entry | None:
        """The entry that an earlier state of a token made."""
        return None if token is None else self._entry(token, place)

    def _entry(self, token: Authorization, place: Place) -> Entry | None:
        return entry(
            token,
            place,
            self.moment,
            group=self.groups.get(token.id),
            master_group=self.master_group,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The list that one station should have."""

    contents: Contents
    own: Mapping[str, Entry]

    def get(self, key: str) -> Entry | None:
        """A token's entry, by the key of its record."""
        return self.own.get(key) or self.contents.common.get(key)

    @property
    def count(self) -> int:
        """How many tokens stand in it."""
        return len(self.contents.common) + len(self.own)

    @property
    def digest(self) -> int:
        """The sum of its entries' digests."""
        return total(self.contents.common_digest, *(each.digest for each in self.own.values()))

    def entries(self, most: int | None = None) -> list[Payload]:
        """OCPP's localAuthorizationList. Where a station has no room for all, those of the
        highest charging priority stand in it, and of those the first by their ids."""
        everyone: Iterable[Entry] = [*self.contents.common.values(), *self.own.values()]
        found = sorted((each.data for each in everyone), key=_rank)
        return found if most is None else found[:most]


def _rank(data: Payload) -> tuple[int, str, str]:
    token = data["idToken"]
    return -data["idTokenInfo"].get("chargingPriority", 0), token["idToken"].lower(), token["type"]


def total(*digests: int) -> int:
    """The digest of entries together; a negative one takes its entry away."""
    return sum(digests) % _MODULUS


def written(digest: int) -> str:
    """A digest as records hold it."""
    return f"{digest:032x}"


def _digest(data: Payload) -> int:
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(sha256(text).digest()[:16])
