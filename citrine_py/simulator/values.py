"""Whether a text is a value of one of OCPP's data types (DataEnumType), within its limits."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


def fits(
    value: str, data_type: str, least: float | None, most: float | None, choices: str | None
) -> bool:
    """Whether `value` is of `data_type`. `least` and `most` limit a number; `most` is the
    length of a string. `choices`, separated by commas, are those of a list type."""
    if data_type in {"integer", "decimal"}:
        return _is_number(value, whole=data_type == "integer", least=least, most=most)
    if data_type == "boolean":
        return value in {"true", "false"}
    if data_type == "dateTime":
        return _is_time(value)
    if data_type == "OptionList":
        return _is_choice(value, choices)
    if data_type in {"SequenceList", "MemberList"}:
        items = value.split(",") if value else []
        return len(set(items)) == len(items) and all(_is_choice(item, choices) for item in items)
    return most is None or len(value) <= most


def _is_number(value: str, *, whole: bool, least: float | None, most: float | None) -> bool:
    if whole and not _INTEGER.fullmatch(value):
        return False
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    return (
        number.is_finite()
        and (least is None or number >= Decimal(str(least)))
        and (most is None or number <= Decimal(str(most)))
    )


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_choice(value: str, choices: str | None) -> bool:
    return choices is None or value in choices.split(",")
