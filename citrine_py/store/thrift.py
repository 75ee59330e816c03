"""Who gets the journal's room when it runs out: new state before the message log.

From four fifths on no frame is kept any more. When even so there is no room for
state, frames that wait go, the oldest first; when there are none, state is refused,
and whoever sent it keeps it and comes again. Each is said once, and once when over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.store.changes import Op
from citrine_py.store.journal import Change, Journal
from citrine_py.store.journal_room import JournalFull
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending

log = structlog.get_logger()

_FRAMES_UP_TO = 0.8  # filling from which frames are not kept
_FRAMES_AGAIN = 0.7  # and to which it must fall until they are kept again
_STATE_AGAIN = 0.95  # filling to which it must fall until all is well, once state was refused
_AT_LEAST = 100  # this part of the room is made at once, so that it is not done for each write


class Thrift:
    """Puts changes into the journal as far as its room goes.

    `dropped` counts the frames that were not kept or had to go, `refused` the writes.
    """

    def __init__(self, journal: Journal, pending: Pending, mirror: Mirror) -> None:
        self._journal = journal
        self._pending = pending
        self._mirror = mirror
        self._sparing = False
        self.full = False
        """State was refused, and it is not long ago enough to call it over."""
        self.dropped = 0
        self.refused = 0

    def append(self, changes: Sequence[Change]) -> tuple[list[int], asyncio.Future[None]]:
        """`Journal.append`, with frames dropped for these changes if need be.

        Raises:
            StoreUnavailable: there is no room all the same, or the journal is closed.
        """
        try:
            taken = self._journal.append(changes)
        except JournalFull as full:
            if not self._make_room(full.lack):
                self._refuse(full)
                raise
            taken = self._journal.append(changes)
        if self.full and self._journal.room.filling <= _STATE_AGAIN:
            self.full = False
            log.info("journal.taking_changes", refused=self.refused)
        return taken

    def append_frames(self, changes: Sequence[Change]) -> list[int] | None:
        """`Journal.append_soon`; None if they are not kept."""
        limit = _FRAMES_AGAIN if self._sparing else _FRAMES_UP_TO
        reason = "the journal is nearly full"
        if self._journal.room.filling <= limit:
            try:
                seqs = self._journal.append_soon(changes)
            except StoreUnavailable as error:
                reason = str(error)
            else:
                if self._sparing:
                    self._sparing = False
                    log.info("journal.taking_posts", dropped=self.dropped)
                return seqs
        self._drop(len(changes), reason)
        return None

    def _make_room(self, lack: int) -> bool:
        """Drops frames that wait, the oldest first, unless all of them were too few."""
        room = self._journal.room
        wanted = max(lack, room.limit // _AT_LEAST)
        victims: list[Op] = []
        size = 0
        for op in self._pending.spare():
            victims.append(op)
            size += room.size(op.seqs)
            if size >= wanted:
                break
        if size < lack:
            return False
        for op in victims:
            self._journal.done(op.seqs)
            self._mirror.given_up(op)
        self._drop(len(victims), "the journal has no room for changes of state")
        return True

    def _drop(self, count: int, reason: str) -> None:
        self.dropped += count
        if not self._sparing:
            self._sparing = True
            log.error("journal.dropping_posts", reason=reason)

    def _refuse(self, reason: JournalFull) -> None:
        self.refused += 1
        if not self.full:
            self.full = True
            log.error("journal.full", reason=str(reason), dropped=self.dropped)
