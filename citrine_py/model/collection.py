"""What a collection is: a record's shape, its key, who owns which field, where it lives.

Each collection is defined once, here in `model`; the cache, the writer, the
data API and the test that holds Directus' schema to it all read the definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Owner(StrEnum):
    """Who writes a field. The service never overwrites an operator's field; a shared one
    it writes only over the value on which it decided."""

    OPERATOR = "operator"
    SERVICE = "service"
    SHARED = "shared"


class Delivery(StrEnum):
    """How changes reach Directus."""

    ITEMS = "items"
    """As `/items` does it: flows, realtime and revisions apply. For what operators edit."""
    BULK = "bulk"
    """Through our endpoint extension, many rows a call. For telemetry."""


class Record(BaseModel):
    """A row, as Directus holds it: OCPP's field names, unset fields None."""

    model_config = ConfigDict(frozen=True, extra="ignore")


R = TypeVar("R", bound=Record)
T = TypeVar("T")

Operators = Annotated[T, Owner.OPERATOR]
Services = Annotated[T, Owner.SERVICE]
Shared = Annotated[T, Owner.SHARED]


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter of the data API and the field it selects by. `many`: it may be given
    several times, with [] behind its name or without."""

    parameter: str
    field: str
    required: bool = False
    number: bool = False
    boolean: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Collection(Generic[R]):
    """One collection.

    Attributes:
        name: our name for it; Directus' too, unless `table` says otherwise.
        record: the shape of a row. Its docstring and field descriptions are documentation.
        path: where the data API serves it, `/data/<path>`; empty when it does not.
        resident: kept in memory whole; otherwise read on demand.
        delivery: how changes reach Directus.
        rank: order of delivery; a row's parents have a lower rank.
        key: name of the key field.
        query: how the data API selects rows.
        source: path of an endpoint that lists the rows where `/items` must not (secrets) or
            cannot (a view with some of its table's rows).
        table: Directus' collection, when this is a second view of it.
        retained_by: the time field by which old rows are pruned, if they are.
        evidence: whether they are what people are billed by, and kept for longer.
        made_by_people: whether operators make and delete rows.
        touched: telemetry among the fields of what operators edit: `Records.touch` may set
            them, and neither flows nor revisions are troubled with them.
        only: of such a view, by what its rows are told: fields, and for each the values, in
            lower case, of which they have one in any case.
        newest_by: the time field by which rows are listed, newest first; `retained_by` if not said.
        edited_by_api: whether the data API takes the fields that people own.
    """

    name: str
    record: type[R]
    path: str
    resident: bool
    delivery: Delivery
    rank: int
    key: str = "id"
    query: tuple[Query, ...] = ()
    source: str | None = None
    table: str = ""
    retained_by: str | None = None
    evidence: bool = False
    made_by_people: bool = False
    touched: tuple[str, ...] = ()
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    newest_by: str | None = None
    edited_by_api: bool = True

    @property
    def directus(self) -> str:
        """The name of the collection in Directus."""
        return self.table or self.name

    @property
    def station_field(self) -> str | None:
        """The field that names the station to which a row belongs, where one does."""
        return next((each.field for each in self.query if each.parameter == "stationId"), None)

    def takes(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row with these fields is one of those that `only` tells."""
        return bool(self.only) and all(
            str(fields.get(name)).casefold() in values for name, values in self.only
        )

    def may_take(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row of which no more than these fields are known may be one of its own."""
        return all(
            str(fields[name]).casefold() in values for name, values in self.only if name in fields
        )

    def owner(self, field: str) -> Owner:
        """Who writes `field`; the key belongs to whoever makes the row."""
        for mark in self.record.model_fields[field].metadata:
            if isinstance(mark, Owner):
                return mark
        return Owner.SERVICE

    def fields(self) -> tuple[str, ...]:
        """The names of all fields, the key among them."""
        return tuple(self.record.model_fields)

    def owned_by(self, *owners: Owner) -> tuple[str, ...]:
        """The names of the fields, without the key, that these owners write."""
        return tuple(
            name for name in self.fields() if name != self.key and self.owner(name) in owners
        )

    def __hash__(self) -> int:
        return hash(self.name)
