"""What a PUT may write, collection by collection."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.api.bodies import dumps
from citrine_py.api.data import editable, served
from citrine_py.api.edits import Edits
from citrine_py.api.examples import edits_of
from citrine_py.errors import BadRequest
from citrine_py.model.collection import Owner
from citrine_py.model.stations import BOOT, CHARGING_STATION
from tests.api.world import SCHEMAS

EDITS = Edits(SCHEMAS)
EDITABLE = [collection for collection in served() if editable(collection)]


@pytest.mark.parametrize("collection", EDITABLE, ids=lambda each: each.name)
def test_a_body_has_the_fields_that_people_own_and_no_others(collection: Any) -> None:
    fields = set(EDITS.model(collection).model_fields)

    assert fields == set(collection.owned_by(Owner.OPERATOR, Owner.SHARED))
    assert collection.key not in fields


@pytest.mark.parametrize("collection", EDITABLE, ids=lambda each: each.name)
def test_the_documentations_examples_are_taken_as_they_are(collection: Any) -> None:
    for example in edits_of(collection).values():
        assert orjson.loads(dumps(EDITS.read(collection, example))) == example


@pytest.mark.parametrize("collection", EDITABLE, ids=lambda each: each.name)
def test_null_empties_any_field(collection: Any) -> None:
    nothing = dict.fromkeys(EDITS.model(collection).model_fields)
    assert EDITS.read(collection, nothing) == nothing


def test_several_mistakes_are_told_together_without_their_values() -> None:
    with pytest.raises(BadRequest) as error:
        EDITS.read(BOOT, {"status": "hidden", "heartbeatInterval": "hidden", "x\n": 1})

    text = str(error.value)
    assert "status: must be" in text
    assert "heartbeatInterval: must be a valid integer" in text
    assert "x?: Boot has no such field" in text
    assert "hidden" not in text


def test_texts_have_the_length_that_a_column_holds() -> None:
    assert EDITS.read(CHARGING_STATION, {"name": "x" * 255, "notes": "x" * 10_000})
    for wrong in ({"name": "x" * 256}, {"notes": "x" * 10_001}):
        with pytest.raises(BadRequest, match="at most"):
            EDITS.read(CHARGING_STATION, wrong)


@given(st.datetimes(timezones=st.sampled_from([UTC])) | st.datetimes())
def test_times_are_utc_whether_they_say_so_or_not(moment: datetime) -> None:
    read = EDITS.read(BOOT, {"lastBootTime": moment.isoformat()})["lastBootTime"]

    assert read == moment.replace(tzinfo=UTC)


FLAT = {"component": "C", "variable": "V", "value": "1"}
NESTED = {"component": {"name": "C"}, "variable": {"name": "V"}, "attributeValue": "1"}


def test_variables_to_set_at_boot_are_ocpps_or_flat() -> None:
    rows = [FLAT, NESTED, {**FLAT, "evseId": 1, "connectorId": None, "attributeType": "Target"}]
    assert EDITS.read(BOOT, {"pendingBootSetVariables": rows}) == {"pendingBootSetVariables": rows}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"component": "C", "variable": "V"}, "[1].value: Field required"),
        ({**FLAT, "value": 5}, "[1].value: must be a valid string"),
        ({**FLAT, "evse": 1}, "[1].evse: Extra inputs"),
        ({**FLAT, "variable": ""}, "[1].variable: String should have at least 1"),
        ({**FLAT, "attributeType": "Real"}, "[1].attributeType: must be 'Actual'"),
        ({**NESTED, "value": "x"}, "setVariableData[1]: OCPP has no field value here"),
        ({"component": {"name": "C"}}, "setVariableData[1].attributeValue: missing"),
        ({**FLAT, "variable": "basicAuthPASSWORD"}, "/data/configuration/password"),
        ({**NESTED, "variable": {"name": "BasicAuthPassword"}}, "/data/configuration/password"),
    ],
)
def test_a_wrong_variable_to_set_is_told_with_its_place(row: Any, told: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(told)) as error:
        EDITS.read(BOOT, {"pendingBootSetVariables": [FLAT, row]})
    assert str(error.value).startswith("pendingBootSetVariables: ")
