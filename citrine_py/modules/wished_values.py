"""Whether a variable is what an operator wants it to be: pure functions.

A wish that was confirmed and is not so any more has drifted. It is shown and not sent again by
itself: a station, or somebody at it, that keeps changing the value would be fought for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from citrine_py.model.wishes import VARIABLE_WISH, VariableWish
from citrine_py.modules.variables import is_secret
from citrine_py.ports import Payload, Put, Records

LONGEST = 1000
"""Characters of a value that SetVariables has room for."""
_TOLD = 200  # characters of a station's value that a note repeats
_COMPARED = frozenset({"Confirmed", "Drifted", "Refused"})


def compared(records: Records, told: Iterable[Put]) -> Iterator[Put]:
    """What values that stations told, as VariableAttribute rows, mean for wishes. One told from
    before the wish was set says nothing of it."""
    for put in told:
        wish = records.get(VARIABLE_WISH, put.key)
        value = put.fields.get("value")
        if wish is None or value is None or wish.wantedProgress not in _COMPARED:
            continue
        told_at = put.fields.get("generatedAt")
        if told_at is not None and wish.setAt is not None and told_at < wish.setAt:
            continue
        fields = _meaning(wish, value)
        if fields is not None:
            yield noted(wish, **fields)


def _meaning(wish: VariableWish, value: str) -> dict[str, Any] | None:
    if same(wish, value):
        news = {"wantedProgress": "Confirmed", "wantedInfo": None}
        return news if wish.wantedProgress != "Confirmed" else None
    if wish.wantedProgress == "Refused":
        return None
    return {"wantedProgress": "Drifted", "wantedInfo": drift(value)}


def drift(value: str) -> str:
    """What is noted of a wish that is not so any more."""
    return f"the station tells {value[:_TOLD]!r}"


def same(wish: VariableWish, value: str) -> bool:
    """Whether a value is the wished one, by the variable's data type."""
    wanted = wish.wantedValue or ""
    if wanted == value:
        return True
    kind = wish.dataType
    if kind in {"decimal", "integer"}:
        try:
            return Decimal(wanted) == Decimal(value)
        except InvalidOperation:
            return False
    if kind in {"boolean", "OptionList"}:
        return wanted.strip().casefold() == value.strip().casefold()
    if kind == "MemberList":
        return _members(wanted) == _members(value)
    return False


def _members(value: str) -> frozenset[str]:
    return frozenset(part.strip().casefold() for part in value.split(",") if part.strip())


def setting(wish: VariableWish) -> Payload:
    """OCPP's SetVariableData of a wish."""
    return {**named(wish), "attributeValue": wish.wantedValue}


def named(wish: VariableWish) -> Payload:
    """OCPP's component, variable and attributeType of a wish."""
    component: Payload = {"name": wish.component}
    if wish.componentInstance:
        component["instance"] = wish.componentInstance
    if wish.evseId is not None:
        component["evse"] = {"id": wish.evseId}
        if wish.connectorId is not None:
            component["evse"]["connectorId"] = wish.connectorId
    variable: Payload = {"name": wish.variable}
    if wish.variableInstance:
        variable["instance"] = wish.variableInstance
    attribute = {} if wish.type in {None, "Actual"} else {"attributeType": wish.type}
    return {"component": component, "variable": variable, **attribute}


def problem(wish: VariableWish) -> str | None:
    """Why a wish is not sent at all."""
    if not wish.component or not wish.variable:
        return "component and variable are missing"
    if wish.mutability == "ReadOnly":
        return "the variable is ReadOnly: the station does not let it be set"
    if is_secret(named(wish)):
        return "a secret is not kept in plain text; a password is set by the button Set password"
    if len(wish.wantedValue or "") > LONGEST:
        return f"a value has at most {LONGEST} characters"
    return None


def noted(wish: VariableWish, **fields: Any) -> Put:
    """Writes fields of a wish, with those that its row is told by."""
    natural = {
        name: getattr(wish, name)
        for name in (
            "station",
            "component",
            "componentInstance",
            "evseId",
            "connectorId",
            "variable",
            "variableInstance",
            "type",
        )
    }
    return Put(VARIABLE_WISH, wish.id, {**natural, **fields})
