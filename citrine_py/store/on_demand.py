"""What was read of large collections, kept until something may have changed it.

A result is kept as Directus holds it; our undelivered changes are laid on it by
whoever asks. Every row that we or somebody else wrote takes away the results that
it is in or may now belong to, and no others: those of one station live through the
writes of the rest. Bounded by records, the least recently used go first. No I/O.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from citrine_py.model.collection import Collection, Delivery, Record
from citrine_py.store.changes import Op

_NOTED = 1000  # rows changed during a read, after which its result is not kept


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of Directus: the first `limit` rows whose fields equal `where`."""

    collection: str
    table: str
    where: tuple[tuple[str, Any], ...]
    limit: int
    newest_first: str | None

    def excludes(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row that has these fields, and others, cannot be among the answers."""
        return any(
            name in fields and type(fields[name]) is type(value) and fields[name] != value
            for name, value in self.where
        )

    @property
    def place(self) -> tuple[str, str]:
        """One of its fields and values, to find it by when a row changes; none without a text."""
        return next(((name, v) for name, v in self.where if isinstance(v, str)), ("", ""))


@dataclass(slots=True)
class Asking:
    """A read under way. `disturbed`: its result may be old already when it comes."""

    question: Question
    disturbed: bool = False
    changed: set[str] = field(default_factory=set)


class OnDemand:
    """Answers by question.

    Args:
        collections: all of them; kept are those that are not resident and of whose rows only
            people's changes are told, since telling each of ours would cost Directus dear.
        most: records to keep, over all answers. An answer without records counts as one.
        fresh: whether every change in Directus is told to us now.
    """

    def __init__(
        self, collections: Iterable[Collection[Any]], most: int, fresh: Callable[[], bool]
    ) -> None:
        self._most = most
        self._fresh = fresh
        self._collections = {
            each.directus: each
            for each in collections
            if not each.resident and each.delivery is Delivery.BULK
        }
        self._answers: OrderedDict[Question, tuple[Record, ...]] = OrderedDict()
        self._parents = {each.directus for each in collections if each.resident} - set(
            self._collections
        )
        self._holding: dict[tuple[str, str], set[Question]] = {}
        self._placed: dict[tuple[str, str], dict[str, set[Question]]] = {}
        self._askings: list[Asking] = []
        self.records = 0
        """Records kept now."""
        self.hits = 0
        self.misses = 0

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """Directus' collections of which changes must be told, and the fields to tell: the key,
        and those by which rows are asked for."""
        return {
            table: tuple(dict.fromkeys((each.key, *(query.field for query in each.query))))
            for table, each in self._collections.items()
        }

    # ---- asking ------------------------------------------------------------------------

    def answer(self, question: Question) -> Sequence[Record] | None:
        """What Directus holds, if that is known."""
        if question.table not in self._collections:
            return None
        known = self._answers.get(question) if self._fresh() else None
        if known is None:
            self.misses += 1
            return None
        self.hits += 1
        self._answers.move_to_end(question)
        return known

    @contextmanager
    def asking(self, question: Question) -> Iterator[Asking]:
        """Encloses a read and the call of `keep` with its result."""
        asking = Asking(question, disturbed=not self._fresh())
        self._askings.append(asking)
        try:
            yield asking
        finally:
            self._askings.remove(asking)

    def keep(self, asking: Asking, records: Sequence[Any]) -> None:
        """Keeps an answer, unless it may be old."""
        question = asking.question
        collection = self._collections.get(question.table)
        if collection is None or asking.disturbed or not self._fresh():
            return
        keys = [str(getattr(record, collection.key)) for record in records]
        if len(records) > self._most or not asking.changed.isdisjoint(keys):
            return
        self._forget(question)
        self._answers[question] = tuple(records)
        self.records += _cost(records)
        name, value = question.place
        places = self._placed.setdefault((question.table, name), {})
        places.setdefault(value, set()).add(question)
        for key in keys:
            self._holding.setdefault((question.table, key), set()).add(question)
        while self.records > self._most:
            self._forget(next(iter(self._answers)))

    # ---- what changes -------------------------------------------------------------------

    def told(self, table: str, row: Mapping[str, Any]) -> None:
        """Directus tells of a row that was made or changed."""
        if table in self._collections:
            self.changed(table, str(row.get(self._collections[table].key)), row)

    def ours(self, op: Op) -> None:
        """A change of ours is in Directus, or may be."""
        if op.deletes:
            self.removed(op.table, (op.key,))
        else:
            self.changed(op.table, op.key, op.fields)

    def changed(self, table: str, key: str, fields: Mapping[str, Any]) -> None:
        """A row was made or changed, or may have been; `fields` are those known of it now."""
        collection = self._collections.get(table)
        if collection is None:
            return
        known = {**fields, collection.key: key}
        for question in self._candidates(table, known):
            if not question.excludes(known):
                self._forget(question)
        self._forget_holding(table, key)
        for asking in self._askings:
            if asking.question.table == table:
                _note(asking, key, touched=not asking.question.excludes(known))

    def removed(self, table: str, keys: Iterable[str]) -> None:
        """Rows are gone, or may be. With those of a resident collection others may have gone or
        changed, without a word: all that mention them."""
        gone = frozenset(keys)
        if table in self._collections:
            for key in gone:
                self._forget_holding(table, key)
                for asking in self._askings:
                    if asking.question.table == table:
                        _note(asking, key, touched=False)
        elif table in self._parents:
            for question, records in list(self._answers.items()):
                if any(_mentions(record, gone) for record in records):
                    self._forget(question)
            for asking in self._askings:
                asking.disturbed = True

    def forget(self, table: str | None = None) -> None:
        """Anything may have changed, in one table or in all."""
        for question in list(self._answers):
            if table in {None, question.table}:
                self._forget(question)
        for asking in self._askings:
            if table in {None, asking.question.table}:
                asking.disturbed = True

    # ---- inside -------------------------------------------------------------------------

    def _candidates(self, table: str, known: Mapping[str, Any]) -> list[Question]:
        """The questions that a row with these fields may belong to, and some others."""
        found: list[Question] = []
        for name in ("", *self._collections[table].record.model_fields):
            places = self._placed.get((table, name))
            if places is None:
                continue
            value = known.get(name, places)
            if isinstance(value, str):
                found += places.get(value, ())
            elif value is not None:  # not known, or of another type
                found += (each for questions in places.values() for each in questions)
        return found

    def _forget_holding(self, table: str, key: str) -> None:
        for question in list(self._holding.get((table, key), ())):
            self._forget(question)

    def _forget(self, question: Question) -> None:
        records = self._answers.pop(question, None)
        if records is None:
            return
        self.records -= _cost(records)
        name, value = question.place
        _take_out(self._placed[question.table, name], value, question)
        key = self._collections[question.table].key
        for record in records:
            _take_out(self._holding, (question.table, str(getattr(record, key))), question)


def _cost(records: Sequence[Any]) -> int:
    return max(1, len(records))


def _note(asking: Asking, key: str, touched: bool) -> None:
    asking.changed.add(key)
    if touched or len(asking.changed) > _NOTED:
        asking.disturbed = True
        asking.changed.clear()


def _mentions(record: Record, keys: frozenset[str]) -> bool:
    return any(isinstance(value, str) and value in keys for value in record.__dict__.values())


def _take_out(index: dict[Any, set[Question]], at: Any, question: Question) -> None:
    questions = index.get(at)
    if questions is not None:
        questions.discard(question)
        if not questions:
            del index[at]
