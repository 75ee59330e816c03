"""One dead letter: what Directus refused of one record, and how it reads for an operator.

Pure data; which letters there are and what becomes of them is `dead_letters`. A
letter holds secrets, such as a password's hash, for its retry: `row`, which is
what Directus gets, shows none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from citrine_py.model.keys import dead_letter_key
from citrine_py.model.times import iso, parse
from citrine_py.store.changes import Op
from citrine_py.store.codec import dumps

MISSING_PARENT = "INVALID_FOREIGN_KEY"

_WORDS = {
    MISSING_PARENT: "A record that it belongs to is missing",
    "FAILED_VALIDATION": "A field's rule is broken",
    "VALUE_TOO_LONG": "A text is too long",
    "VALUE_OUT_OF_RANGE": "A number is out of range",
    "NOT_NULL_VIOLATION": "A field that must have a value has none",
    "RECORD_NOT_UNIQUE": "A value that may be there once is there already",
    "INVALID_PAYLOAD": "A value cannot be taken",
}
_COLUMN = 255  # characters that a short text column holds
_LONGEST_VALUE = 1000  # characters of a value that are shown
_LONGEST_REASON = 2000
_HIDDEN = "(not shown)"


@dataclass(slots=True)
class Letter:
    """What Directus refused of the row `key` of `table`, all refused changes in one.

    Attributes:
        id: the key of its row in Directus.
        fields: the values to set, in their JSON or Python form; empty for a delete.
        over, deletes, replaces, views: as of `changes.Op`.
        hidden: names of fields whose values nobody may see.
        first, last: of the refusals.
        retrying: it is on its way once more; not remembered over a restart.
        size: bytes that it takes in the journal.
    """

    table: str
    key: str
    first: datetime
    last: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    over: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    deletes: bool = False
    replaces: bool = False
    views: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    station: str | None = None
    code: str | None = None
    reason: str = ""
    times: int = 0
    retrying: bool = False
    size: int = 0
    id: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.id = dead_letter_key(self.table, self.key)

    def refused(self, at: datetime, reason: str) -> None:
        """Notes a refusal; `reason` is Directus' code, a colon and its words, or plain words.
        The words may quote the row, so they are left out where there is something to hide."""
        self.last = at
        self.times += 1
        self.retrying = False
        code, colon, told = reason.partition(": ")
        self.code = code if colon and not any(map(str.islower, code)) else None
        if self.code is None:
            self.reason = reason[:_LONGEST_REASON]
            return
        words = _WORDS.get(self.code, "Directus does not take it")
        if self.deletes and self.code == MISSING_PARENT:
            words = "Other records belong to it"
        quoted = not self.hidden and told != self.code and not told.startswith("HTTP ")
        self.reason = f"{words}: {told}"[:_LONGEST_REASON] if quoted else f"{words}."

    def strike(self, op: Op) -> bool:
        """Takes out what a later change has written, whose effect must not be undone by a retry:
        its fields, or everything if it removes the row or finds one that was to be removed.
        Whether this changed the letter; `empty` says that nothing is left."""
        before = (len(self.fields), self.deletes, self.replaces)
        if op.deletes or op.replaces or self.deletes:
            self.fields.clear()
        for name in op.fields:
            self.fields.pop(name, None)
            self.over.pop(name, None)
        self.deletes = self.replaces = False
        return self.empty or before != (len(self.fields), False, False)

    @property
    def empty(self) -> bool:
        """Nothing is left to be done."""
        return not self.fields and not self.deletes

    def parents(self) -> frozenset[str]:
        """What may be the key of the record that it belongs to and that is missing. Which of its
        values names that is not known, for operators make relations too. None where there are
        secrets: a new station of an old name gets no old password by itself."""
        if self.code != MISSING_PARENT or self.hidden:
            return frozenset()
        return frozenset(value for value in self.fields.values() if isinstance(value, str))

    def row(self) -> dict[str, Any]:
        """The fields of its DeadLetter record but `status`."""
        return {
            "collection": self.table[:_COLUMN],
            "item": self.key[:_COLUMN],
            "station": None if self.station is None else self.station[:_COLUMN],
            "change": "Delete" if self.deletes else "Put",
            "payload": None if self.deletes else self._shown(),
            "reason": self.reason,
            "code": self.code,
            "firstRefusedAt": self.first,
            "lastRefusedAt": self.last,
            "timesRefused": self.times,
        }

    def _shown(self) -> dict[str, Any]:
        plain: Mapping[str, Any] = orjson.loads(dumps(self.fields))
        return {
            name: _HIDDEN if name in self.hidden else _shortened(value)
            for name, value in plain.items()
        }

    def encoded(self) -> bytes:
        """For the journal."""
        values = {name: getattr(self, name) for name in _STORED}
        values["first"], values["last"] = iso(self.first), iso(self.last)
        values["views"], values["hidden"] = sorted(self.views), sorted(self.hidden)
        data = dumps(values)
        self.size = len(data)
        return data

    @classmethod
    def decoded(cls, data: bytes) -> Letter:
        """The reverse of `encoded`."""
        values = orjson.loads(data)
        values["first"], values["last"] = parse(values["first"]), parse(values["last"])
        values["views"], values["hidden"] = frozenset(values["views"]), frozenset(values["hidden"])
        values["over"] = {name: tuple(each) for name, each in values["over"].items()}
        return cls(**values, size=len(data))


_FLEETING = frozenset({"retrying", "size", "id"})
_STORED = tuple(name for name in Letter.__dataclass_fields__ if name not in _FLEETING)


def _shortened(value: Any) -> Any:
    """A value that a form can show: a long one cut, as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else dumps(value).decode()
    return value if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
