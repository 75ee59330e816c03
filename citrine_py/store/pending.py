"""Changes that Directus does not have yet, in order, one queue for each row.

In memory only: what survives a crash is the journal's. Of each row at most one
change is in flight; later ones wait and are joined. Touches (what the next
heartbeat says anew) gather apart until they are released, every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from citrine_py.store.changes import Op, merged


@dataclass(slots=True)
class _Queue:
    flight: Op | None = None
    waiting: list[Op] = field(default_factory=list)
    touch: Op | None = None

    def ops(self) -> list[Op]:
        ops = [self.flight, *self.waiting] if self.flight else list(self.waiting)
        return [*ops, self.touch] if self.touch else ops


class Pending:
    """The queues of all rows."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, _Queue]] = {}
        self._touched: dict[tuple[str, str], None] = {}
        self._spare: dict[Op, None] = {}
        self._order = 0

    def __len__(self) -> int:
        """Rows with undelivered changes."""
        return sum(len(queues) for queues in self._tables.values())

    def __repr__(self) -> str:
        return f"<Pending { ({name: len(queues) for name, queues in self._tables.items()}) }>"

    @property
    def mark(self) -> int:
        """The number of the newest change."""
        return self._order

    def add(self, op: Op) -> None:
        """Puts a new change last."""
        queue = self._made(op.table, op.key)
        if queue.touch is not None:
            _overrule(queue, queue.touch, op)
        self._append(queue, op)

    def touch(self, table: str, key: str, fields: dict[str, Any]) -> None:
        """Sets fields of a row, to be delivered with the next release."""
        queue = self._made(table, key)
        if queue.touch is None:
            queue.touch = Op(table, key, durable=True)
            self._touched[table, key] = None
        queue.touch.fields.update(fields)

    def release_touches(self) -> bool:
        """Puts the gathered touches last in their queues; whether there were any."""
        touched, self._touched = self._touched, {}
        released = False
        for table, key in touched:
            queue = self._queue(table, key)
            if queue is not None and queue.touch is not None:
                op, queue.touch = queue.touch, None
                self._append(queue, op)
                released = True
        return released

    def settle(self, op: Op) -> None:
        """`op` has become durable."""
        op.durable = True
        queue = self._queue(op.table, op.key)
        if queue is not None:
            self._join(queue)

    def ops(self, table: str, key: str) -> list[Op]:
        """The undelivered changes of a row, oldest first."""
        queue = self._queue(table, key)
        return queue.ops() if queue else []

    def keys(self, table: str) -> list[str]:
        """The rows of `table` with undelivered changes."""
        return list(self._tables.get(table, ()))

    def flight(self, table: str, key: str) -> Op | None:
        """The change of a row that is being delivered."""
        queue = self._queue(table, key)
        return queue.flight if queue else None

    def spare(self) -> Iterator[Op]:
        """The changes that may be dropped, oldest first; not those being delivered."""
        for op in self._spare:
            if self.flight(op.table, op.key) is not op:
                yield op

    def take(self, table: str, limit: int, now: float) -> list[Op]:
        """Moves up to `limit` durable changes into flight, one for each row."""
        taken: list[Op] = []
        for queue in self._tables.get(table, {}).values():
            if len(taken) == limit:
                break
            if queue.flight or not queue.waiting:
                continue
            first = queue.waiting[0]
            if first.durable and first.not_before <= now:
                queue.flight = queue.waiting.pop(0)
                taken.append(first)
        return taken

    def ready(self, now: float) -> bool:
        """Whether `take` would find something."""
        return any(
            queue.waiting and queue.waiting[0].durable and queue.waiting[0].not_before <= now
            for queues in self._tables.values()
            for queue in queues.values()
        )

    def put_back(self, op: Op) -> None:
        """`op` was not delivered: it is the row's next again."""
        queue = self._queue(op.table, op.key)
        if queue is not None and queue.flight is op:
            op.sent = True
            queue.flight = None
            queue.waiting.insert(0, op)
            self._join(queue)

    def remove(self, op: Op) -> None:
        """`op` is delivered, or given up."""
        queue = self._queue(op.table, op.key)
        self._spare.pop(op, None)
        if queue is None:
            return
        if queue.flight is op:
            queue.flight = None
        else:
            queue.waiting = [each for each in queue.waiting if each is not op]
        self._forget_empty(op.table, op.key, queue)

    def drop_waiting(self, table: str, key: str) -> list[Op]:
        """Gives up the changes of a row that are not in flight, and returns them."""
        queue = self._queue(table, key)
        if queue is None:
            return []
        dropped, queue.waiting = queue.waiting, []
        for op in dropped:
            self._spare.pop(op, None)
        queue.touch = None
        self._forget_empty(table, key, queue)
        return dropped

    def outstanding(self, mark: int, tables: Iterable[str] | None = None) -> bool:
        """Whether a change up to `mark` is undelivered."""
        names = self._tables.keys() if tables is None else tables
        return any(
            op.order <= mark
            for name in names
            for queue in self._tables.get(name, {}).values()
            for op in queue.ops()
        )

    def _queue(self, table: str, key: str) -> _Queue | None:
        return self._tables.get(table, {}).get(key)

    def _forget_empty(self, table: str, key: str, queue: _Queue) -> None:
        if not queue.waiting and queue.flight is None and queue.touch is None:
            self._tables[table].pop(key, None)

    def _made(self, table: str, key: str) -> _Queue:
        return self._tables.setdefault(table, {}).setdefault(key, _Queue())

    def _append(self, queue: _Queue, op: Op) -> None:
        self._order += 1
        op.order = self._order
        queue.waiting.append(op)
        if op.spare:
            self._spare[op] = None
        if op.durable:
            self._join(queue)

    def _join(self, queue: _Queue) -> None:
        """Joins neighbours that are durable; the others may yet be taken back."""
        joined: list[Op] = []
        for op in queue.waiting:
            if joined and joined[-1].durable and op.durable:
                both = merged(joined[-1], op)
                if both is not None:
                    self._replace((joined[-1], op), both)
                    joined[-1] = both
                    continue
            joined.append(op)
        queue.waiting = joined

    def _replace(self, ops: Iterable[Op], both: Op) -> None:
        for op in ops:
            self._spare.pop(op, None)
        if both.spare:
            self._spare[both] = None


def _overrule(queue: _Queue, touch: Op, op: Op) -> None:
    """A newer change sets some of the touched fields, or removes the row."""
    touch.fields = {name: v for name, v in touch.fields.items() if name not in op.fields}
    if op.deletes or op.replaces or not touch.fields:
        queue.touch = None
