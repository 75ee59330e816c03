"""Reads what is left of a damaged journal: every change whose pages are whole.

Looks around the damaged pages: from both ends, and between them number by number.
Writes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress

import orjson

_REACH = 100_000
"""Numbers that are tried beyond the last one found, where the end of the table is damaged."""


def check(db: sqlite3.Connection) -> None:
    """Nothing, if every page is as it should be.

    Raises:
        sqlite3.DatabaseError: one is not; the message says which.
    """
    (told,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if told != "ok":
        raise sqlite3.DatabaseError(" ".join(str(told).split()))


def salvaged(db: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """The changes that can be read, oldest first."""
    with suppress(sqlite3.DatabaseError):
        db.execute("PRAGMA writable_schema = ON")  # else a file that is too short cannot be read
    found = dict(_scan(db, "ASC"))
    low = max(found, default=0)
    found.update(_scan(db, "DESC"))
    high = min((seq for seq in found if seq > low), default=low + _REACH)
    for seq in {
        *range(low + 1, min(high, low + _REACH)),
        *range(max(low + 1, high - _REACH), high),
    }:
        found.update(_one(db, seq))
    return sorted(found.items())


def salvaged_letters(db: sqlite3.Connection) -> dict[str, bytes]:
    """The dead letters that can be read."""
    found: dict[str, bytes] = {}
    with suppress(sqlite3.DatabaseError):
        for key, data in db.execute("SELECT id, data FROM letters"):
            if _whole(data):
                found[str(key)] = data
    return found


def _scan(db: sqlite3.Connection, order: str) -> Iterator[tuple[int, bytes]]:
    """The readable changes from one end to the first damaged page."""
    with suppress(sqlite3.DatabaseError):
        for seq, data in db.execute(f"SELECT seq, data FROM changes ORDER BY seq {order}"):  # noqa: S608 - no input
            if _whole(data):
                yield int(seq), data


def _one(db: sqlite3.Connection, seq: int) -> Iterator[tuple[int, bytes]]:
    with suppress(sqlite3.DatabaseError):
        for (data,) in db.execute("SELECT data FROM changes WHERE seq = ?", (seq,)):
            if _whole(data):
                yield seq, data


def _whole(data: object) -> bool:
    """What lies beyond the end of a torn file reads as zeros, or as nothing."""
    try:
        orjson.loads(data)  # type: ignore[arg-type]
    except (orjson.JSONDecodeError, TypeError):
        return False
    return isinstance(data, bytes)
