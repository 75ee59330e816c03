"""What a token's PUT takes: OCPP's idToken and idTokenInfo, and the fields of our record.

Lists of stations and locations are kept as Directus' picker writes them, and taken in that
form too, so that a row that was read can be sent back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from citrine_py.api.bodies import INT32
from citrine_py.api.edits import Edits, checked_body
from citrine_py.errors import BadRequest
from citrine_py.model.authorizations import AUTHORIZATION
from citrine_py.model.stations import CHARGING_STATION, LOCATION
from citrine_py.model.times import parse
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas

_MOST = 1000  # entries of a list
_Language: TypeAlias = Annotated[str, Field(max_length=8)]
_Token: TypeAlias = Annotated[str, Field(max_length=36)]
_Day: TypeAlias = Literal[
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
]
_Time: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$|^24:00$")]


class _Window(BaseModel):
    """A time of the week. Without days it is every day's; it may end on the next day."""

    model_config = ConfigDict(extra="forbid", strict=True)

    days: list[_Day] | None = None
    begin: _Time = Field(alias="from")
    to: _Time


class _Additional(BaseModel):
    """OCPP's AdditionalInfo."""

    model_config = ConfigDict(extra="forbid", strict=True)

    additionalIdToken: _Token
    type: Annotated[str, Field(max_length=50)]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("a Location's id is a UUID") from None


def _zone(name: str | None) -> str | None:
    if name:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no time zone of this name; Europe/Berlin is one") from None
    return name


def _picked(collection: str, item: Any) -> Any:
    """A list of keys, plain or as Directus' picker has them; kept in the latter form."""

    class Pick(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        key: item
        collection: Literal[collection]  # type: ignore[valid-type]

    def keep(values: list[Any] | None) -> list[Any] | None:
        if values is None:
            return None
        keys = (each.key if isinstance(each, Pick) else each for each in values)
        return [{"key": key, "collection": collection} for key in keys]

    schema = {"type": ["array", "null"], "items": {"type": "string"}}
    return Annotated[
        list[item | Pick] | None,
        Field(max_length=_MOST),
        AfterValidator(keep),
        WithJsonSchema(schema),
    ]


def _numbers() -> Any:
    """EVSEs' numbers; kept as text, as Directus' form of tags has them."""

    def keep(values: list[int | str] | None) -> list[str] | None:
        return None if values is None else [str(each) for each in values]

    number = (
        Annotated[int, Field(ge=1, le=INT32)] | Annotated[str, Field(pattern=r"^[1-9]\d{0,8}$")]
    )
    return Annotated[list[number] | None, Field(max_length=_MOST), AfterValidator(keep)]


def _rows(model: type[BaseModel]) -> Any:
    def keep(values: list[BaseModel] | None) -> list[Any] | None:
        if values is None:
            return None
        return [each.model_dump(by_alias=True, exclude_none=True) for each in values]

    return Annotated[
        list[model] | None,  # type: ignore[valid-type]
        Field(max_length=_MOST),
        AfterValidator(keep),
    ]


class AuthorizationBodies:
    """The bodies that are taken."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        definitions = schemas.request_schema("2.0.1", "ReserveNow")["definitions"]
        connectors: Any = Literal[tuple(definitions["ConnectorEnumType"]["enum"])]
        prefix = Annotated[str, Field(min_length=1, max_length=37)]
        restrictions: dict[str, Any] = {
            "allowedConnectorTypes": list[connectors] | None,
            "disallowedEvseIdPrefixes": list[prefix] | None,
        }
        station = Annotated[str, Field(min_length=1, max_length=48)]
        special = {
            **restrictions,
            "idToken": dict[str, Any] | None,
            "groupIdToken": _Token | None,
            "additionalInfo": _rows(_Additional),
            "timesAllowed": _rows(_Window),
            "timeZone": Annotated[str | None, AfterValidator(_zone)],
            "stations": _picked(CHARGING_STATION.name, station),
            "locations": _picked(LOCATION.name, Annotated[str, AfterValidator(_uuid)]),
            "evseIds": _numbers(),
            "concurrentTransactions": Annotated[int, Field(ge=1, le=INT32)] | None,
            "chargingPriority": Annotated[int, Field(ge=-9, le=9)] | None,
            "language1": _Language | None,
            "language2": _Language | None,
            "personalMessage": Annotated[str, Field(max_length=512)] | None,
            "personalMessageLanguage": _Language | None,
            "idTokenInfo": dict[str, Any] | None,
        }
        fields = Edits(schemas).fields(AUTHORIZATION) | {
            name: (kind, None) for name, kind in special.items()
        }
        del fields["type"]  # named by the query
        config = ConfigDict(extra="forbid", hide_input_in_errors=True)
        self.model: type[BaseModel] = create_model("AuthorizationPut", __config__=config, **fields)
        self.restrictions: type[BaseModel] = create_model(
            "AuthorizationRestrictionsPut",
            __config__=config,
            **{name: (kind, None) for name, kind in restrictions.items()},  # type: ignore[call-overload]
        )

    def read(self, id_token: str, token_type: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the record that a body sets.

        Raises:
            BadRequest: it does not fit, or is about another token than the query.
        """
        text = orjson.dumps(body)
        given = checked_body(AUTHORIZATION, self.model, text)
        told, info = given.pop("idToken", None), given.pop("idTokenInfo", None)
        fields: dict[str, Any] = {}
        if told is not None:
            self._check_request({"idToken": told})
            named = told["idToken"].lower(), told["type"]
            if named != (id_token.lower(), token_type):
                raise BadRequest("idToken: the body names another token than the query")
            if "additionalInfo" in told:
                fields["additionalInfo"] = told["additionalInfo"]
        if info is not None:
            self._check_response({"idTokenInfo": info})
            fields |= _flat(info)
        return {**fields, **given}

    def read_restrictions(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The restrictions that a body sets. Raises as `read`."""
        return checked_body(AUTHORIZATION, self.restrictions, orjson.dumps(body))

    def _check_request(self, payload: dict[str, Any]) -> None:
        try:
            self._schemas.check_request("2.0.1", "Authorize", payload)
        except CallError as error:
            raise BadRequest(error.description) from None

    def _check_response(self, payload: dict[str, Any]) -> None:
        try:
            self._schemas.check_response("2.0.1", "Authorize", payload)
        except CallError as error:
            raise BadRequest(error.description) from None


def _flat(info: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of our record that OCPP's IdTokenInfoType sets."""
    same = ("status", "chargingPriority", "language1", "language2")
    fields: dict[str, Any] = {name: info[name] for name in same if name in info}
    if "cacheExpiryDateTime" in info:
        fields["cacheExpiryDateTime"] = parse(info["cacheExpiryDateTime"])
    if "evseId" in info:
        fields["evseIds"] = [str(number) for number in info["evseId"]]
    if "groupIdToken" in info:
        group = info["groupIdToken"]
        fields |= {"groupIdToken": group["idToken"], "groupIdTokenType": group["type"]}
    if "personalMessage" in info:
        message = info["personalMessage"]
        fields |= {
            "personalMessage": message["content"],
            "personalMessageFormat": message["format"],
            "personalMessageLanguage": message.get("language"),
        }
    return fields
