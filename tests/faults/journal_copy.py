"""A journal's files as they lie on disk: copied, torn, and read by SQLite itself."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

NAME = "journal.db"
ENDINGS = ("", "-wal")
KINDS = {"log": ("-wal",), "file and log": ("", "-wal"), "file": ("",)}

Changes: TypeAlias = dict[int, list[Any]]
"""By number: collection, key, fields and more."""


def changes(folder: Path, numbers: set[int] | None = None) -> Changes:
    """The changes in the journal of a service that is dead. With `numbers`: what can be read
    under these, one by one, however damaged the files are."""
    with tempfile.TemporaryDirectory() as copy:
        for ending in ENDINGS:
            with suppress(FileNotFoundError):
                shutil.copy(folder / f"{NAME}{ending}", copy)
        with closing(sqlite3.connect(Path(copy) / NAME)) as database:
            if numbers is None:
                query = "SELECT seq, data FROM changes"
                return {seq: json.loads(data) for seq, data in database.execute(query)}
            return _one_by_one(database, numbers)


def _one_by_one(database: sqlite3.Connection, numbers: set[int]) -> Changes:
    found: Changes = {}
    for number in numbers:
        with suppress(sqlite3.DatabaseError, json.JSONDecodeError, TypeError):
            database.execute("PRAGMA writable_schema = ON")
            query = "SELECT data FROM changes WHERE seq = ?"
            for (data,) in database.execute(query, (number,)):
                found[number] = json.loads(data)
    return found


def tear(folder: Path, kind: str, chance: random.Random) -> None:
    """Cuts the file, its write-ahead log or both at random places."""
    for ending in KINDS[kind]:
        file = folder / f"{NAME}{ending}"
        os.truncate(file, chance.randrange(1, file.stat().st_size))
