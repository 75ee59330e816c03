"""A station's device model: its variables, how they are read, set and reported.

Pure data and rules (OCPP 2.0.1, B05-B08), from the station's side. Knows no
message id, no socket and no time; `inventory` fills it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from citrine_py.simulator.values import fits

Payload: TypeAlias = dict[str, Any]
Mutability = Literal["ReadOnly", "WriteOnly", "ReadWrite"]
Place: TypeAlias = tuple[str, str | None, int | None, int | None]
"""A component: name and instance (casefolded), EVSE and connector."""

PASSWORD = re.compile(r"[a-zA-Z0-9*\-_=:+|@.]{16,40}")
"""OCPP's passwordString for BasicAuthPassword: 16 to 40 characters of identifierString."""


@dataclass(slots=True)
class Variable:
    """One variable of one component. `value` is its Actual attribute, `others` the rest.

    `choices` are those of an OptionList, SequenceList or MemberList. `takes_reboot`: a new
    value is in force after a reboot. `pattern`: what a string must look like.
    """

    component: str
    name: str
    value: str = ""
    mutability: Mutability = "ReadOnly"
    data_type: str = "string"
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    instance: str | None = None
    unit: str | None = None
    least: float | None = None
    most: float | None = None
    choices: str | None = None
    monitored: bool = False
    summary: bool = False
    takes_reboot: bool = False
    pattern: re.Pattern[str] | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return (
            self.component.casefold(),
            _fold(self.component_instance),
            self.evse,
            self.connector,
        )

    def accepts(self, value: str) -> bool:
        """Whether `value` fits the variable's type, limits and choices."""
        if self.pattern is not None:
            return self.pattern.fullmatch(value) is not None
        return fits(value, self.data_type, self.least, self.most, self.choices)

    def report(self) -> Payload:
        """Its OCPP ReportData. The value of a WriteOnly variable is left out."""
        attributes: list[Payload] = []
        for kind, value in {"Actual": self.value, **self.others}.items():
            attribute: Payload = {
                "type": kind,
                "mutability": self.mutability if kind == "Actual" else "ReadOnly",
                "persistent": True,
                "constant": False,
            }
            if self.mutability != "WriteOnly":
                attribute["value"] = value
            attributes.append(attribute)
        characteristics = _present(
            dataType=self.data_type,
            supportsMonitoring=self.monitored,
            unit=self.unit,
            minLimit=self.least,
            maxLimit=self.most,
            valuesList=self.choices,
        )
        return {
            "component": self.component_type(),
            "variable": self.variable_type(),
            "variableAttribute": attributes,
            "variableCharacteristics": characteristics,
        }

    def component_type(self) -> Payload:
        """Its OCPP ComponentType."""
        component = _present(name=self.component, instance=self.component_instance)
        if self.evse is not None:
            component["evse"] = _present(id=self.evse, connectorId=self.connector)
        return component

    def variable_type(self) -> Payload:
        """Its OCPP VariableType."""
        return _present(name=self.name, instance=self.instance)

    def meant_by(self, asked: Payload) -> bool:
        """Whether a ComponentVariable means this variable; what it leaves out is any."""
        return _named(self, asked)


class DeviceModel:
    """The variables of one station. Names and instances are case-insensitive."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._places: dict[Place, dict[tuple[str, str | None], Variable]] = {}
        for variable in variables:
            names = self._places.setdefault(variable.place, {})
            names[variable.name.casefold(), _fold(variable.instance)] = variable

    def __iter__(self) -> Iterator[Variable]:
        for names in self._places.values():
            yield from names.values()

    def __len__(self) -> int:
        return sum(len(names) for names in self._places.values())

    def find(
        self,
        component: str,
        name: str,
        instance: str | None = None,
        *,
        evse: int | None = None,
        connector: int | None = None,
    ) -> Variable | None:
        """The variable of a component without instance, if there is one."""
        place: Place = (component.casefold(), None, evse, connector)
        return self._places.get(place, {}).get((name.casefold(), _fold(instance)))

    def number(self, component: str, name: str, instance: str | None, default: int) -> int:
        """The value of an integer variable, `default` if it is missing or none."""
        variable = self.find(component, name, instance)
        if variable is None or not re.fullmatch(r"\d{1,9}", variable.value):
            return default
        return int(variable.value)

    def read(self, asked: Payload) -> Payload:
        """Answers one GetVariableData by a GetVariableResult (B06)."""
        found = self._look_up(asked)
        kind = asked.get("attributeType", "Actual")
        result = _echo(asked)
        if isinstance(found, str):
            return {**result, "attributeStatus": found}
        if kind != "Actual" and kind not in found.others:
            return {**result, "attributeStatus": "NotSupportedAttributeType"}
        if found.mutability == "WriteOnly":
            return {**result, "attributeStatus": "Rejected"}
        value = found.value if kind == "Actual" else found.others[kind]
        return {**result, "attributeStatus": "Accepted", "attributeValue": value}

    def set(self, asked: Payload) -> tuple[Payload, Variable | None]:
        """Carries out one SetVariableData (B05): its SetVariableResult, and the variable if
        it has a new value."""
        found = self._look_up(asked)
        result = _echo(asked)
        if isinstance(found, str):
            return {**result, "attributeStatus": found}, None
        if asked.get("attributeType", "Actual") != "Actual":
            return {**result, "attributeStatus": "NotSupportedAttributeType"}, None
        if found.mutability == "ReadOnly":
            return _rejected(result, "ReadOnly"), None
        if not found.accepts(asked["attributeValue"]):
            return _rejected(result, "InvalidValue"), None
        found.value = asked["attributeValue"]
        status = "RebootRequired" if found.takes_reboot else "Accepted"
        return {**result, "attributeStatus": status}, found

    def base_report(self, base: str) -> list[Payload]:
        """The ReportData of a GetBaseReport (B07): `FullInventory` has every variable,
        `ConfigurationInventory` those that can be set, `SummaryInventory` those that tell
        availability and problems."""
        wanted: Callable[[Variable], bool] = {
            "FullInventory": lambda _variable: True,
            "ConfigurationInventory": lambda variable: variable.mutability != "ReadOnly",
            "SummaryInventory": lambda variable: variable.summary,
        }[base]
        return [variable.report() for variable in self if wanted(variable)]

    def custom_report(
        self, criteria: Sequence[str], component_variables: Sequence[Payload]
    ) -> list[Payload]:
        """The ReportData of a GetReport (B08): what fits one of the criteria, if there are
        any, and one of the component variables, if there are any."""
        return [
            variable.report()
            for variable in self
            if (not criteria or any(self._fits(variable, each) for each in criteria))
            and (not component_variables or any(variable.meant_by(x) for x in component_variables))
        ]

    def _fits(self, variable: Variable, criterion: str) -> bool:
        """A component without a variable Enabled or Available counts as both, one without
        Active or Problem as neither."""
        told = self._places[variable.place].get((criterion.casefold(), None))
        if told is None:
            return criterion in {"Enabled", "Available"}
        return told.value == "true"

    def _look_up(self, asked: Payload) -> Variable | str:
        component, variable = asked["component"], asked["variable"]
        names = self._places.get(_place(component))
        if names is None:
            return "UnknownComponent"
        key = (variable["name"].casefold(), _fold(variable.get("instance")))
        return names.get(key, "UnknownVariable")


def in_parts(report: Sequence[Payload], items: int, request_id: int, now: str) -> list[Payload]:
    """A report as NotifyReport requests of at most `items` variables: `seqNo` from 0, `tbc`
    on all but the last."""
    pieces = [report[start : start + items] for start in range(0, len(report), items)]
    return [
        {
            "requestId": request_id,
            "generatedAt": now,
            "seqNo": number,
            "tbc": number < len(pieces) - 1,
            "reportData": list(piece),
        }
        for number, piece in enumerate(pieces)
    ]


def _place(component: Payload) -> Place:
    evse = component.get("evse", {})
    return (
        component["name"].casefold(),
        _fold(component.get("instance")),
        evse.get("id"),
        evse.get("connectorId"),
    )


def _named(variable: Variable, asked: Payload) -> bool:
    component = asked["component"]
    evse = component.get("evse", {})
    name = asked.get("variable", {})
    pairs = (
        (component["name"], variable.component),
        (component.get("instance"), variable.component_instance),
        (evse.get("id"), variable.evse),
        (evse.get("connectorId"), variable.connector),
        (name.get("name"), variable.name),
        (name.get("instance"), variable.instance),
    )
    return all(wanted is None or _same(wanted, have) for wanted, have in pairs)


def _same(wanted: str | int, have: str | int | None) -> bool:
    if isinstance(wanted, str) and isinstance(have, str):
        return wanted.casefold() == have.casefold()
    return wanted == have


def _echo(asked: Payload) -> Payload:
    result: Payload = {"component": asked["component"], "variable": asked["variable"]}
    if "attributeType" in asked:
        result["attributeType"] = asked["attributeType"]
    return result


def _rejected(result: Payload, reason: str) -> Payload:
    return {
        **result,
        "attributeStatus": "Rejected",
        "attributeStatusInfo": {"reasonCode": reason},
    }


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _present(**fields: Any) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}
