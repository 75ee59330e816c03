"""Subscriptions: who is told that a station came or went, and of its messages.

Implements ports.FrameLog around the one that keeps frames: where nobody has subscribed a
frame costs one question more. What is told has its secrets struck out, and filters see
it so too. How posts get there, and what becomes of them, is a port's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

import orjson
import re2
import structlog

from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.subscriptions import SUBSCRIPTION, Subscription
from citrine_py.model.times import iso
from citrine_py.ocpp.redaction import redact_frame
from citrine_py.ports import Clock, Delete, FrameLog, NewId, Payload, Put, Records, SessionInfo
from citrine_py.ports_webhooks import Delivered, Outcome, WebhookPosts

log = structlog.get_logger()

LONGEST_FILTER = 1000
"""Characters of a messageRegexFilter."""
_FILTER_MEMORY = 1024 * 1024  # bytes that a filter may take; else it is refused
_EVENTS = ("onConnect", "onClose", "onMessage", "sentMessage")
_SHOWN = 255  # characters of a reason on the row


@dataclass(frozen=True, slots=True)
class _Hook:
    """A subscription in force. `pattern` has `search`, in linear time."""

    id: str
    url: str
    events: frozenset[str]
    pattern: Any = None


def pattern(text: str | None) -> Any:
    """A messageRegexFilter, compiled; None where there is none. By RE2, whose time is linear in
    what it reads: look-around and back-references are not in it.

    Raises:
        BadRequest: it is none, or too large.
    """
    if not text:
        return None
    if len(text) > LONGEST_FILTER:
        raise BadRequest(f"messageRegexFilter: longer than {LONGEST_FILTER} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _FILTER_MEMORY
    try:
        return re2.compile(text, options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        why = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise BadRequest(f"messageRegexFilter is no regular expression of RE2: {why}") from None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Who is told what. `start` is due before stations connect.

    Attributes:
        kept: the log that keeps every frame.
        by_station: the subscriptions in force; those of None are for all stations.
    """

    records: Records
    posts: WebhookPosts
    clock: Clock
    new_id: NewId
    kept: FrameLog
    by_station: dict[str | None, list[_Hook]] = field(default_factory=dict)

    # ---- subscriptions -----------------------------------------------------------------

    def start(self) -> None:
        """Puts all in force that the records have."""
        for row in self.records.select(SUBSCRIPTION):
            self.changed(row.id, None, row)

    def changed(self, key: str, old: Subscription | None, new: Subscription | None) -> None:
        """A subscription was made, changed or removed in Directus."""
        self._drop(key)
        problem = None if new is None else self._enforce(new)
        if new is None or problem is not None or (old is not None and old.url != new.url):
            self.posts.forget(key)
        if new is None:
            return
        if problem != new.problem:
            if problem is not None:
                log.warning("webhook.unusable", subscription=key, reason=problem)
            self.records.post(Put(SUBSCRIPTION, key, {"problem": problem}))

    def station_removed(self, station: str) -> None:
        """See ports_webhooks.Subscriptions. Directus removes their rows."""
        for hook in self.by_station.pop(station, ()):
            self.posts.forget(hook.id)

    async def add(self, fields: Mapping[str, Any]) -> str:
        """See ports_webhooks.Subscriptions."""
        row = Subscription(id=self.new_id()).model_copy(update=dict(fields))
        station = row.stationId
        if station is not None and self.records.get(CHARGING_STATION, station) is None:
            raise NotFound("stationId: there is no ChargingStation with this id")
        self._hook(row)
        await self.records.write(Put(SUBSCRIPTION, row.id, dict(fields)))
        self._enforce(row)
        return row.id

    async def remove(self, subscription: str) -> bool:
        """See ports_webhooks.Subscriptions."""
        if self.records.get(SUBSCRIPTION, subscription) is None:
            return False
        await self.records.write(Delete(SUBSCRIPTION, subscription))
        self.changed(subscription, None, None)
        return True

    def _enforce(self, row: Subscription) -> str | None:
        """Why it cannot be in force; None once it is."""
        try:
            hook = self._hook(row)
        except BadRequest as error:
            return str(error)[:_SHOWN]
        self.by_station.setdefault(row.stationId, []).append(hook)
        return None

    def _hook(self, row: Subscription) -> _Hook:
        """Raises BadRequest where it would tell nobody anything."""
        events = frozenset(name for name in _EVENTS if getattr(row, name))
        if not events:
            raise BadRequest(f"one of {', '.join(_EVENTS)} must be true")
        if not row.url:
            raise BadRequest("url is missing")
        self.posts.check(row.url)
        return _Hook(row.id, row.url, events, pattern(row.messageRegexFilter))

    def _drop(self, key: str) -> None:
        for station, hooks in list(self.by_station.items()):
            left = [hook for hook in hooks if hook.id != key]
            if left:
                self.by_station[station] = left
            else:
                del self.by_station[station]

    # ---- what happens ------------------------------------------------------------------

    def connected(self, session: SessionInfo) -> None:
        """A station is connected."""
        info = {"listener": session.listener, "remoteAddress": session.remote}
        self._tell(session, "onConnect", {"event": "connected", "info": info})

    def gone(self, session: SessionInfo, reason: str) -> None:
        """It is not any more."""
        self._tell(session, "onClose", {"event": "closed", "info": {"reason": reason}})

    def frame(
        self, session: SessionInfo, direction: Literal["in", "out"], text: str, action: str | None
    ) -> None:
        """See ports.FrameLog."""
        self.kept.frame(session, direction, text, action)
        if self.by_station:
            self._told_of_frame(session, direction, text, action)

    def _told_of_frame(
        self, session: SessionInfo, direction: Literal["in", "out"], text: str, action: str | None
    ) -> None:
        event = "onMessage" if direction == "in" else "sentMessage"
        wanting = [hook for hook in self._hooks(session.station) if event in hook.events]
        if not wanting:
            return
        shown = redact_frame(text, action)
        wanting = [hook for hook in wanting if hook.pattern is None or hook.pattern.search(shown)]
        if not wanting:
            return
        now = self.clock.now()
        origin = "cs" if direction == "in" else "csms"
        info = {
            "correlationId": _message_id(shown),
            "origin": origin,
            "action": action,
            "protocol": session.protocol,
            "timestamp": iso(now),
        }
        told = {"event": "message", "origin": origin, "message": shown, "info": info}
        self._post(wanting, session, now, told)

    def _tell(self, session: SessionInfo, event: str, told: Payload) -> None:
        wanting = [hook for hook in self._hooks(session.station) if event in hook.events]
        if wanting:
            self._post(wanting, session, self.clock.now(), told)

    def _hooks(self, station: str) -> Iterator[_Hook]:
        yield from self.by_station.get(station, ())
        yield from self.by_station.get(None, ())

    def _post(self, hooks: list[_Hook], session: SessionInfo, now: datetime, told: Payload) -> None:
        whole = {
            "stationId": session.station,
            **told,
            "protocol": session.protocol,
            "timestamp": iso(now),
        }
        for hook in hooks:
            self.posts.post(hook.id, hook.url, whole, partial(self._note, hook.id))

    def _note(self, key: str, outcome: Outcome) -> None:
        """Shows on the row how posting goes; a few writes a minute at most, of the last state."""
        row = self.records.get(SUBSCRIPTION, key)
        if row is None:
            return
        now = self.clock.now()
        if isinstance(outcome, Delivered):
            self.records.touch(SUBSCRIPTION, key, lastDeliveredAt=now, failures=0)
            return
        self.records.touch(
            SUBSCRIPTION,
            key,
            failures=(row.failures or 0) + 1,
            lastFailure=outcome.reason[:_SHOWN],
            lastFailureAt=now,
        )


def _message_id(text: str) -> str | None:
    try:
        return str(orjson.loads(text)[1])
    except (ValueError, TypeError, LookupError):
        return None
