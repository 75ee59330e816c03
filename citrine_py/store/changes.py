"""One change under way to Directus: what it does to a record, and how two become one.

Pure functions over `Op`; no queue, no clock, no I/O. A change is kept by
Directus' collection (the table), since two of our collections may be views of
one table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from citrine_py.model.collection import Collection, R, Record
from citrine_py.store.codec import unpacked


@dataclass(slots=True, eq=False)
class Op:
    """A change of the row `key` of `table`.

    Attributes:
        fields: the values to set, those of `over` among them; of collections that are not
            resident with lists and objects as `codec.Packed`.
        over: for fields set on a condition, the values of which one must be there.
        deletes: removes the row (`fields` is empty).
        replaces: removes the row first, then makes it anew.
        views: names of the collections in which this makes a record; a change without
            one only alters a record that is there.
        seqs: its rows in the journal.
        order: when it was made, as a running number.
        spare: may be dropped when there is no room for others.
        durable: the journal has it, so that it may be delivered.
        sent: an attempt to deliver it was made, whose outcome may be unknown.
        contested: Directus told of another value while this was on its way.
        failures: attempts after which this row alone had to wait.
        failed_at: monotonic time of the first of them.
        not_before: monotonic time of the next attempt.
    """

    table: str
    key: str
    fields: dict[str, Any] = field(default_factory=dict)
    over: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    deletes: bool = False
    replaces: bool = False
    views: frozenset[str] = frozenset()
    seqs: list[int] = field(default_factory=list)
    order: int = 0
    spare: bool = False
    durable: bool = False
    sent: bool = False
    contested: bool = False
    failures: int = 0
    failed_at: float = 0.0
    not_before: float = 0.0

    def for_new_row(self) -> dict[str, Any]:
        """The fields of the row when this makes it: a condition then is one on None."""
        return {
            name: value
            for name, value in self.fields.items()
            if name not in self.over or None in self.over[name]
        }


def fold(collection: Collection[R], key: str, base: R | None, ops: Iterable[Op]) -> R | None:
    """The record as it will be once `ops` are in Directus, which holds `base` now."""
    record = base
    for op in ops:
        record = apply(collection, key, record, op)
    return record


def apply(collection: Collection[R], key: str, record: R | None, op: Op) -> R | None:
    """The record after one change; of a view with some rows only, None once it is none of them.
    A change that makes a row one of them sets all of the view's fields that the row has."""
    if op.deletes:
        return None
    if record is None or op.replaces:
        if collection.name not in op.views and not collection.takes(op.fields):
            return None
        return _construct(collection, key, op.for_new_row())
    known = collection.record.model_fields
    update = {
        name: unpacked(value)
        for name, value in op.fields.items()
        if name in known and (name not in op.over or getattr(record, name) in op.over[name])
    }
    if not collection.may_take(update):
        return None
    return record.model_copy(update=update) if update else record


def _construct(collection: Collection[R], key: str, values: dict[str, Any]) -> R:
    known = collection.record.model_fields
    fields = {name: unpacked(value) for name, value in values.items() if name in known}
    record: Record = collection.record.model_construct(**{**fields, collection.key: key})
    return cast(R, record)


def merged(older: Op, newer: Op) -> Op | None:
    """One change with the effect of both, or None where there is none. It is the same whether
    Directus has taken the older one already (its answer was lost) or not."""
    if newer.deletes or newer.replaces:
        result = _copy(newer)
    elif older.deletes and not newer.views:
        result = _copy(older)
    elif older.deletes:
        result = _copy(newer, fields=newer.for_new_row(), over={}, replaces=True)
    else:
        joined = _joined(older, newer)
        if joined is None:
            return None
        fields, over = joined
        result = _copy(newer, fields=fields, over=over, replaces=older.replaces)
    if not (newer.deletes or newer.replaces or older.deletes):
        result.views = older.views | newer.views
    result.seqs = older.seqs + newer.seqs
    result.order = older.order
    result.spare = older.spare and newer.spare
    result.sent = older.sent or newer.sent
    result.failures, result.failed_at = older.failures, older.failed_at
    result.not_before = older.not_before
    return result


def _joined(older: Op, newer: Op) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]] | None:
    fields, over = dict(older.fields), dict(older.over)
    for name, value in newer.fields.items():
        if name not in newer.over:
            fields[name] = value
            over.pop(name, None)
            continue
        expected = newer.over[name]
        if name not in fields:
            if not older.replaces:
                fields[name], over[name] = value, expected
            elif None in expected:  # the row is new, so the field is None
                fields[name] = value
            continue
        follows = fields[name] in expected
        if name not in over:
            if follows:
                fields[name] = value
            continue
        both = (*over[name], *(each for each in expected if each not in over[name]))
        if follows or fields[name] == value:
            fields[name], over[name] = value, both
        elif len(both) > len(over[name]):
            return None  # decided on an operator's value that overruled the older change
    return fields, over


def _copy(op: Op, **changes: Any) -> Op:
    values = {
        "table": op.table,
        "key": op.key,
        "fields": op.fields,
        "over": op.over,
        "deletes": op.deletes,
        "replaces": op.replaces,
        "views": op.views,
        "durable": op.durable,
    }
    return Op(**{**values, **changes})
