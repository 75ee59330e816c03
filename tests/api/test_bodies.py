"""Bodies in and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest

from citrine_py.api.bodies import dumps, integer, shown, station_id
from citrine_py.errors import BadRequest
from citrine_py.model.stations import ChargingStation
from citrine_py.model.variables import VariableAttribute


def test_times_are_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    assert dumps({"at": moment}) == b'{"at":"2026-01-31T12:00:00.000Z"}'


def test_what_has_no_json_form_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(TypeError):
        dumps({"x": object()})


def test_a_record_is_shown_with_its_own_names_and_all_its_fields() -> None:
    row = orjson.loads(dumps(shown(ChargingStation(id="cp001", lastSeen=datetime.now(UTC)))))
    assert set(row) == set(ChargingStation.model_fields)
    assert row["isOnline"] is None


@pytest.mark.parametrize("name", ["BasicAuthPassword", "basicauthpassword"])
def test_a_passwords_value_is_never_shown(name: str) -> None:
    assert shown(VariableAttribute(id="x", variable=name, value="secret"))["value"] is None


@pytest.mark.parametrize("text", ["cp001", "a", "x" * 48, "SN 4711+A|B=C@d.e_f-g*h"])
def test_ids_that_stations_connect_with_are_taken(text: str) -> None:
    assert station_id(text) == text


@pytest.mark.parametrize("text", ["", " cp", "cp ", "x" * 49, "a/b", "a:b", "a\nb", "é", "cp001\n"])
def test_other_ids_are_not(text: str) -> None:
    with pytest.raises(BadRequest, match="stationId must be a station's id"):
        station_id(text)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "٣", "99999999999", "1_0", " 1"])
def test_a_number_is_plain_digits_within_its_bounds(text: str) -> None:
    with pytest.raises(BadRequest, match="n must be a whole number, 0 to 10"):
        integer("n", text, 0, 10)
