"""C01, C09, C16: what a token is worth at a place and a moment: pure functions.

`decide` makes OCPP's IdTokenInfo of an Authorization record. No port is used here; what
has to be known of station, connectors and transactions is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citrine_py.model.authorizations import Authorization
from citrine_py.model.times import iso
from citrine_py.modules.time_windows import open_until, windows, zone
from citrine_py.ports import Payload

_TOKEN, _LANGUAGE, _MESSAGE = 36, 8, 512  # characters that OCPP has room for
_PRIORITIES = range(-9, 10)


@dataclass(frozen=True, slots=True)
class Outlet:
    """An EVSE as far as tokens care: the types of its connectors, its ISO 15118 id."""

    evse_id: int
    connector_types: frozenset[str] = frozenset()
    iso_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A station, where it stands, and its EVSEs as far as they are known."""

    station: str
    location: str | None = None
    outlets: tuple[Outlet, ...] = ()

    def only(self, evse_id: int) -> Place:
        """The same place with this EVSE alone."""
        found = [each for each in self.outlets if each.evse_id == evse_id]
        return Place(self.station, self.location, tuple(found or [Outlet(evse_id)]))


@dataclass(frozen=True, slots=True)
class Presented:
    """How a token is presented.

    Attributes:
        evse_id: where, if it is known.
        additional: the additionalInfo told with it.
        earlier: transactions of the token that are open since before the one that it is
            presented for; 0 where it is presented for none.
    """

    evse_id: int | None = None
    additional: frozenset[tuple[str, str]] = frozenset()
    earlier: int = 0


def decide(
    token: Authorization,
    place: Place,
    moment: datetime,
    presented: Presented,
    *,
    group: Authorization | None = None,
    master_group: str = "",
) -> Payload:
    """The IdTokenInfo of a token.

    `group` is the record of its group's own token, if there is one: a group that is blocked
    or over blocks its members.
    """
    until, status = validity(token, moment)
    if status is None and group is not None:
        until_group, status = validity(group, moment)
        until = _earlier(until, until_group)
    if status is None:
        status = _refusal(token, place, presented)
    info: Payload = {"status": status or "Accepted"}
    if status is None:
        fits = None if token.masterPass else fitting(token, place)[0]
        info |= _without_none(
            cacheExpiryDateTime=None if until is None else iso(until),
            chargingPriority=_priority(token.chargingPriority),
            evseId=sorted(fits) if fits else None,
        )
    return info | _told(token, master_group)


def _refusal(token: Authorization, place: Place, presented: Presented) -> str | None:
    if not additional_of(token.additionalInfo) <= presented.additional:
        return "Invalid"
    if not allowed_at(token, place):
        return "NotAtThisLocation"
    if token.masterPass:
        return None
    where = place if presented.evse_id is None else place.only(presented.evse_id)
    _, status = fitting(token, where)
    if status is not None:
        return status
    most = token.concurrentTransactions
    return "ConcurrentTx" if most is not None and 0 < most <= presented.earlier else None


def validity(token: Authorization, moment: datetime) -> tuple[datetime | None, str | None]:
    """Until when a token that is good at `moment` is good (None: no end is known), and the
    status if it is not good."""
    if token.status != "Accepted":
        return None, token.status or "Invalid"
    until = _earlier(token.validUntil, token.cacheExpiryDateTime)
    if until is not None and until <= moment:
        return None, "Expired"
    if token.validFrom is not None and moment < token.validFrom:
        return None, "NotAtThisTime"
    times = windows(token.timesAllowed)
    if times is not None:
        where = zone(token.timeZone)
        end = None if where is None else open_until(times, where, moment)
        if end is None:
            return None, "NotAtThisTime"
        until = _earlier(until, end)
    return until, None


def allowed_at(token: Authorization, place: Place) -> bool:
    """Whether the token is meant for this station: it is named, or its location is; a token
    that names none is meant for all."""
    stations, locations = keys_of(token.stations), keys_of(token.locations)
    if stations is None and locations is None:
        return True
    return place.station in (stations or ()) or (
        place.location is not None and place.location in (locations or ())
    )


def fitting(token: Authorization, place: Place) -> tuple[frozenset[int] | None, str | None]:
    """The EVSEs at which the token may be used (None: all), and the status if there is none.

    An EVSE whose connectors' types are not known is none of a type that the token asks for.
    """
    pool = {each.evse_id: each for each in place.outlets}
    limited = False
    wanted = _numbers(token.evseIds)
    if wanted is not None:
        limited = True
        known = pool or {number: Outlet(number) for number in wanted}
        pool = {number: each for number, each in known.items() if number in wanted}
        if not pool:
            return frozenset(), "NotAtThisLocation"
    types = keys_of(token.allowedConnectorTypes)
    if types is not None:
        limited = True
        pool = {n: each for n, each in pool.items() if each.connector_types & types}
        if not pool:
            return frozenset(), "NotAllowedTypeEVSE"
    prefixes = keys_of(token.disallowedEvseIdPrefixes)
    if prefixes is not None and pool:
        limited = True
        pool = {n: each for n, each in pool.items() if not _begins(each.iso_id, prefixes)}
        if not pool:
            return frozenset(), "NotAtThisLocation"
    if not limited or len(pool) == len(place.outlets):
        return None, None
    return frozenset(pool), None


def keys_of(value: Any) -> frozenset[str] | None:
    """A list that an operator has filled in, as plain texts or as {"key": ...}, which Directus'
    picker writes. None if it is empty; one that cannot be read has nothing in it."""
    if value is None or value in ([], ""):
        return None
    found = value if isinstance(value, list) else []
    keys = (each.get("key") if isinstance(each, dict) else each for each in found)
    return frozenset(str(key) for key in keys if isinstance(key, str | int))


def additional_of(value: Any) -> frozenset[tuple[str, str]]:
    """OCPP's list of AdditionalInfo; the tokens are case-insensitive."""
    rows = value if isinstance(value, list) else []
    return frozenset(
        (str(each.get("type")), str(each.get("additionalIdToken")).lower())
        for each in rows
        if isinstance(each, dict)
    )


def group_of(token: Authorization, master_group: str) -> Payload | None:
    """OCPP's groupIdToken. A master pass without a group of its own is in that of all master
    passes (C16): stations know it as their MasterPassGroupId."""
    named = token.groupIdToken or (master_group if token.masterPass else None)
    if not named:
        return None
    return {"idToken": named[:_TOKEN], "type": token.groupIdTokenType or "Central"}


def _told(token: Authorization, master_group: str) -> Payload:
    """What the station is told in any case."""
    first = token.language1[:_LANGUAGE] if token.language1 else None
    second = token.language2[:_LANGUAGE] if token.language2 and first else None
    message = None
    if token.personalMessage:
        message = _without_none(
            format=token.personalMessageFormat or "UTF8",
            language=(token.personalMessageLanguage or "")[:_LANGUAGE] or None,
            content=token.personalMessage[:_MESSAGE],
        )
    return _without_none(
        groupIdToken=group_of(token, master_group),
        language1=first,
        language2=second if second != first else None,
        personalMessage=message,
    )


def _numbers(value: Any) -> frozenset[int] | None:
    keys = keys_of(value)
    return None if keys is None else frozenset(int(key) for key in keys if key.isdecimal())


def _begins(iso_id: str | None, prefixes: Iterable[str]) -> bool:
    return iso_id is not None and any(
        iso_id.casefold().startswith(each.casefold()) for each in prefixes if each
    )


def _priority(value: int | None) -> int | None:
    return value if value in _PRIORITIES else None


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _without_none(**fields: Any) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}
