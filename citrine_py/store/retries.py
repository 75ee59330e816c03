"""What a retry writes: refused changes into a letter, and a letter into a change again.

Nothing newer is ever overwritten by a retry: what was written since the refusal
is left alone, field by field.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, Delivery, Owner
from citrine_py.store import codec
from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op
from citrine_py.store.letter import Letter
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending

_NO_PATIENCE = 10
"""Failures of a change that is set aside again at its next one."""


class Retries:
    """The rules of a retry. It writes what was refused, but

    - not a field that a later change of ours has set since (`Letter.strike`), or sets by a
      change that is under way;
    - a field that operators may write only over the value that Directus held at the refusal;
    - nothing of a record that was there at the refusal and was removed since.
    """

    def __init__(
        self, collections: Iterable[Collection[Any]], cache: Cache, pending: Pending, mirror: Mirror
    ) -> None:
        self._views: dict[str, list[Collection[Any]]] = {}
        for each in collections:
            self._views.setdefault(each.directus, []).append(each)
        self._cache = cache
        self._pending = pending
        self._mirror = mirror

    # ---- into a letter -------------------------------------------------------------------

    def joined(self, op: Op, old: Letter | None, now: datetime) -> Letter:
        """The row's letter with what the refused `op` was to do, which overrules what `old`
        says."""
        known = self._mirror.knows(op.table, op.key)
        letter = Letter(op.table, op.key, first=now, last=now) if old is None else old
        replaces = op.replaces or (letter.replaces and not op.deletes)
        if known is False and op.views and not letter.views:
            letter.fields.clear()  # they were to change a row that was removed since
        letter.strike(op)
        letter.fields |= op.fields
        letter.over |= self._conditions(op)
        letter.deletes, letter.replaces = op.deletes, replaces
        alters = known is True and not replaces
        letter.views = frozenset() if alters else letter.views | op.views
        letter.hidden |= self._hidden(op)
        letter.station = self._station(op) or letter.station
        return letter

    def missing(self, letter: Letter) -> frozenset[str]:
        """Those of its possible parents that are not there now, as far as it is known."""
        shelves = self._cache.shelves.values()
        return frozenset(
            key for key in letter.parents() if not any(key in shelf.base for shelf in shelves)
        )

    def _conditions(self, op: Op) -> dict[str, tuple[Any, ...]]:
        """For each field that operators may write: what Directus has to hold for it to be set."""
        shelf = self._cache.whole(op.table)
        if shelf is None or shelf.collection.delivery is not Delivery.ITEMS:
            return dict(op.over)
        known, base = shelf.collection.fields(), shelf.base.get(op.key)
        return {
            name: op.over.get(name, (getattr(base, name, None),))
            for name in op.fields
            if name in op.over
            or (name in known and shelf.collection.owner(name) is not Owner.SERVICE)
        }

    def _hidden(self, op: Op) -> frozenset[str]:
        """The fields whose values nobody may see: all of a change of secrets, and the columns
        that only a view of secrets has. What is known to no view may be such a one."""
        views = self._views.get(op.table, ())
        if any(view.source and view.name in op.views for view in views):
            return frozenset(op.fields)
        plain = {name for view in views if not view.source for name in view.fields()}
        return frozenset(op.fields.keys() - plain)

    def _station(self, op: Op) -> str | None:
        for view in self._views.get(op.table, ()):
            name = view.station_field
            if name is None:
                continue
            if name == view.key:
                return op.key
            base = self._cache.shelf(view).base.get(op.key) if view.resident else None
            named = op.fields.get(name) or getattr(base, name, None)
            return None if named is None else str(named)
        return None

    # ---- into a change -------------------------------------------------------------------

    def change(self, letter: Letter) -> Op | None:
        """The change to make now, which need not be in the journal, where the letter is. None
        where changes under way leave nothing of it.

        Raises:
            BadRequest: it fits no record of this version.
        """
        if letter.table not in self._views:
            raise BadRequest(f"there is no collection {letter.table}")
        under_way = self._pending.ops(letter.table, letter.key)
        newer = {name for op in under_way for name in op.fields}
        fields = {name: value for name, value in letter.fields.items() if name not in newer}
        if under_way and (not fields or any(op.deletes or op.replaces for op in under_way)):
            return None
        over = {
            name: tuple(self._checked(letter, {name: value})[name] for value in values)
            for name, values in letter.over.items()
            if name in fields
        }
        return Op(
            letter.table,
            letter.key,
            self._checked(letter, fields),
            over,
            deletes=letter.deletes,
            replaces=letter.replaces and not under_way,
            views=letter.views,
            durable=True,
            failures=_NO_PATIENCE,
        )

    def _checked(self, letter: Letter, fields: dict[str, Any]) -> dict[str, Any]:
        """`fields` in their Python form, each by the first view of the table that has it."""
        found: dict[str, Any] = {}
        for view in self._views[letter.table]:
            mine = {n: v for n, v in fields.items() if n in view.fields() and n not in found}
            found |= codec.checked(view, letter.key, mine)
        unknown = [name for name in fields if name not in found]
        if unknown:
            raise BadRequest(f"{letter.table} has no field {', '.join(unknown)}")
        return found
