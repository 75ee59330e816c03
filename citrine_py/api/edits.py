"""What people may PUT into a collection: the fields they own, within their limits.

The types come from the record. The limits here keep out what OCPP's schemas or a
database column would refuse later, when nobody is there to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, get_args

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from citrine_py.api.bodies import INT32
from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, Owner
from citrine_py.model.rates import DAYS, DIGITS, MOST
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas

_LONG_TEXTS = frozenset({"notes"})
_LONG = 10_000
_SHORT = 255
_WHOLE = 262_144  # bytes of a body: one row must fit into a request to Directus

_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=50)]
_Number: TypeAlias = Annotated[int, Field(ge=0, le=INT32)]


class _Point(BaseModel):
    """GeoJSON, longitude first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["Point"]
    coordinates: tuple[
        Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]
    ]


class _FlatVariable(BaseModel):
    """A variable to set, as Directus' form names it. Limits are those of SetVariableData."""

    model_config = ConfigDict(extra="forbid", strict=True)

    component: _Name
    componentInstance: _Name | None = None  # noqa: N815
    evseId: _Number | None = None  # noqa: N815
    connectorId: _Number | None = None  # noqa: N815
    variable: _Name
    variableInstance: _Name | None = None  # noqa: N815
    attributeType: Literal["Actual", "Target", "MinSet", "MaxSet"] | None = None  # noqa: N815
    value: Annotated[str, Field(max_length=1000)]


_Price: TypeAlias = Annotated[Decimal, Field(ge=0, le=MOST, decimal_places=DIGITS)]


class _TariffPeriod(BaseModel):
    """Other prices at times of day; checked with the whole tariff by `model.rates`."""

    name: Annotated[str, Field(max_length=50)] | None = None
    days: list[Literal[DAYS]] | None = None  # type: ignore[valid-type]
    start: str | None = Field(None, alias="from", description="Local time, such as 22:00")
    to: str | None = Field(None, description="Before `from`: on the next day")
    pricePerKwh: _Price | None = None  # noqa: N815
    pricePerMin: _Price | None = None  # noqa: N815
    pricePerMinIdle: _Price | None = None  # noqa: N815


class Edits:
    """The bodies of PUT, by collection."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._models: dict[str, type[BaseModel]] = {}

    def model(self, collection: Collection[Any]) -> type[BaseModel]:
        """The body: the fields that people own, none required, no others allowed."""
        made = self._models.get(collection.name)
        if made is None:
            made = self._models[collection.name] = self._make(collection)
        return made

    def read(self, collection: Collection[Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that a body sets.

        Raises:
            BadRequest: one is unknown, not people's to write, or has a value it cannot hold.
        """
        text = orjson.dumps(body)
        if len(text) > _WHOLE:
            raise BadRequest(f"the body is longer than {_WHOLE} bytes")
        return checked_body(collection, self.model(collection), text)

    def _make(self, collection: Collection[Any]) -> type[BaseModel]:
        return create_model(
            f"{collection.name}Put",
            __config__=ConfigDict(extra="forbid", hide_input_in_errors=True),
            **self.fields(collection),
        )

    def fields(self, collection: Collection[Any]) -> dict[str, Any]:
        """The fields that people own, as `create_model` takes them."""
        return {
            name: (self._type(collection, name), None)
            for name in collection.owned_by(Owner.OPERATOR, Owner.SHARED)
        }

    def _type(self, collection: Collection[Any], name: str) -> Any:
        special = {
            "Boot.statusInfo": self._status_info,
            "Boot.pendingBootSetVariables": self._variables,
            "Connector.connectorType": self._connector_type,
            "Location.coordinates": _coordinates,
            "Tariff.connectorType": self._connector_type,
            "Tariff.periods": _tariff_periods,
        }.get(f"{collection.name}.{name}")
        if special is not None:
            return special()
        declared: Any = collection.record.model_fields[name].annotation
        kinds = get_args(declared)
        if Decimal in kinds:
            return _Price | None
        if int in kinds:
            return Annotated[declared, Field(ge=0, le=INT32)]
        if str in kinds:
            return Annotated[declared, Field(max_length=_LONG if name in _LONG_TEXTS else _SHORT)]
        if datetime in kinds:
            return Annotated[declared, AfterValidator(_in_utc)]
        return declared

    def _status_info(self) -> Any:
        """OCPP's StatusInfoType: it goes into answers to the station as it is."""

        def check(value: dict[str, Any] | None) -> dict[str, Any] | None:
            if value is not None:
                answer = {"currentTime": "2026-01-01T00:00:00Z", "interval": 0}
                try:
                    self._schemas.check_response(
                        "2.0.1",
                        "BootNotification",
                        {**answer, "status": "Accepted", "statusInfo": value},
                    )
                except CallError as error:
                    raise ValueError(error.description) from None
            return value

        schema = {
            "type": ["object", "null"],
            "properties": {
                "reasonCode": {"type": "string", "maxLength": 20},
                "additionalInfo": {"type": "string", "maxLength": 512},
            },
            "required": ["reasonCode"],
        }
        return Annotated[dict[str, Any] | None, AfterValidator(check), WithJsonSchema(schema)]

    def _variables(self) -> Any:
        """Rows of variables to set at boot, as OCPP's SetVariableData or flat as Directus' form
        writes them. A password among them would stand here in plain text."""

        def check(value: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
            for number, row in enumerate(value or ()):
                if "basicauthpassword" in orjson.dumps(row).decode().casefold():
                    raise ValueError(
                        "a BasicAuthPassword is not kept in plain text; use POST "
                        "/data/configuration/password"
                    )
                try:
                    self._check_variable(row)
                except ValidationError as error:
                    problem = error.errors(include_input=False, include_url=False)[0]
                    place = _printable(".".join(map(str, problem["loc"])))
                    raise ValueError(f"[{number}].{place}: {problem['msg']}") from None
                except CallError as error:
                    raise ValueError(error.description.replace("[0]", f"[{number}]", 1)) from None
            return value

        return Annotated[
            list[dict[str, Any]] | None,
            AfterValidator(check),
            WithJsonSchema({"type": ["array", "null"], "items": _FlatVariable.model_json_schema()}),
        ]

    def _check_variable(self, row: dict[str, Any]) -> None:
        if isinstance(row.get("component"), dict):
            self._schemas.check_request("2.0.1", "SetVariables", {"setVariableData": [row]})
        else:
            _FlatVariable.model_validate_json(orjson.dumps(row))

    def _connector_type(self) -> Any:
        definitions = self._schemas.request_schema("2.0.1", "ReserveNow")["definitions"]
        names = tuple(definitions["ConnectorEnumType"]["enum"])
        return Literal[names] | None


def _coordinates() -> Any:
    def check(value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None:
            try:
                _Point.model_validate_json(orjson.dumps(value))
            except ValidationError:
                raise ValueError(
                    'a GeoJSON point: {"type": "Point", "coordinates": [longitude, latitude]}'
                ) from None
        return value

    schema = {"anyOf": [_Point.model_json_schema(), {"type": "null"}]}
    return Annotated[dict[str, Any] | None, AfterValidator(check), WithJsonSchema(schema)]


def _tariff_periods() -> Any:
    items = _TariffPeriod.model_json_schema()
    return Annotated[
        list[dict[str, Any]] | None, WithJsonSchema({"type": ["array", "null"], "items": items})
    ]


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("a time that cannot be told in UTC") from None


def checked_body(
    collection: Collection[Any], model: type[BaseModel], text: bytes
) -> dict[str, Any]:
    """The fields that a body in JSON sets.

    Raises:
        BadRequest: it does not fit `model`.
    """
    try:
        checked = model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise BadRequest(_explain(collection, error)) from None
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def _explain(collection: Collection[Any], error: ValidationError) -> str:
    texts = []
    for problem in error.errors(include_input=False, include_url=False):
        place = ".".join(_printable(str(part)) for part in problem["loc"])
        if problem["type"] == "extra_forbidden" and place in collection.fields():
            ours = collection.owner(place) is Owner.SERVICE
            why = "written by the service, not by its callers" if ours else "not taken here"
            texts.append(f"{place}: {why}")
        elif problem["type"] == "extra_forbidden":
            texts.append(f"{place}: {collection.name} has no such field")
        else:
            told = problem["msg"].removeprefix("Value error, ")
            texts.append(f"{place}: {told.replace('Input should be', 'must be')}")
    return "; ".join(texts[:10])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:60])
