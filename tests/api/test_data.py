"""The data routes: CitrineOS' paths, parameters and shapes over our records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citrine_py.api.data import path, served
from citrine_py.errors import StoreUnavailable
from citrine_py.model.keys import connector_key, evse_key, password_key
from citrine_py.model.operations import OCPP_MESSAGE
from citrine_py.model.stations import BOOT, CHARGING_STATION, CONNECTOR, EVSE, LOCATION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE
from citrine_py.ports import Put
from tests.api.world import World, add_station, add_variables, running

BOOT_PATH = "/data/configuration/boot"
STATION_PATH = "/data/configuration/chargingStation"
VARIABLE_PATH = "/data/monitoring/variableAttribute"
LOCATION_ID = "0d2f2a0e-5a55-4a0e-9f3a-1f0f3c0b7a11"
REPORT = {
    "component": {"name": "SecurityCtrlr"},
    "variable": {"name": "BasicAuthPassword"},
    "variableAttribute": [{"value": "DbkTu048=xueA69@-dB94hjV"}],
}


async def test_the_seeds_boot_request_is_answered_with_the_row(world: World) -> None:
    status, row = await world.call(
        "PUT",
        f"{BOOT_PATH}?stationId=cp001",
        '{ "status": "Pending" }',
        headers={"Content-Type": "application/json"},
    )

    assert status == 200
    assert row["id"] == row["station"] == "cp001"
    assert row["status"] == "Pending"
    assert row["heartbeatInterval"] is None


async def test_a_boot_put_before_any_charger_makes_the_station_in_the_same_write(
    world: World,
) -> None:
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Pending"})

    assert world.records.written == [
        (
            Put(CHARGING_STATION, "cp001", {}),
            Put(BOOT, "cp001", {"station": "cp001", "status": "Pending"}),
        )
    ]


async def test_a_write_waits_a_bounded_time_until_directus_shows_it(world: World) -> None:
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Pending"})

    assert world.records.waits == [world.config.settle]


async def test_put_changes_only_the_fields_given(world: World) -> None:
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"heartbeatInterval": 30})
    _, row = await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Rejected"})

    assert (row["heartbeatInterval"], row["status"]) == (30, "Rejected")


async def test_boot_get_answers_the_row_or_null(world: World) -> None:
    async with world.client.get(f"{world.base}{BOOT_PATH}?stationId=cp001") as none:
        assert (none.status, await none.text()) == (200, "null")
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Accepted"})

    status, row = await world.call("GET", f"{BOOT_PATH}?stationId=cp001")

    assert (status, row["status"]) == (200, "Accepted")


async def test_boot_delete_answers_the_deleted_row_or_nothing(world: World) -> None:
    assert await world.call("DELETE", f"{BOOT_PATH}?stationId=cp001") == (200, None)
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Accepted"})

    status, row = await world.call("DELETE", f"{BOOT_PATH}?stationId=cp001")

    assert (status, row["status"]) == (200, "Accepted")
    assert not world.keys(BOOT)
    assert world.keys(CHARGING_STATION) == {"cp001"}


@pytest.mark.parametrize(
    ("method", "query", "body", "told"),
    [
        ("GET", "", None, "stationId is missing"),
        ("PUT", "", {}, "stationId is missing"),
        ("DELETE", "", None, "stationId is missing"),
        ("GET", "?stationId=", None, "stationId is missing"),
        ("GET", "?stationId=cp001&statoinId=2", None, "no query parameter statoinId here"),
        ("GET", "?stationId=cp001&stationId=cp002", None, "given more than once"),
        ("GET", "?stationId=cp001&limit=0", None, "limit must be a whole number, 1 to 10000"),
        ("GET", "?stationId=cp001&offset=x", None, "offset must be a whole number"),
        ("PUT", "?stationId=a/b", {}, "stationId must be a station's id"),
        ("PUT", f"?stationId={'x' * 49}", {}, "stationId must be a station's id"),
        ("PUT", "?stationId=cp001", {"status": "Maybe"},
         "status: must be 'Accepted', 'Pending' or 'Rejected'"),
        ("PUT", "?stationId=cp001", {"colour": "red"}, "colour: Boot has no such field"),
        ("PUT", "?stationId=cp001", {"progress": "Done"}, "progress: written by the service"),
        ("PUT", "?stationId=cp001", {"id": "cp002"}, "id: written by the service"),
        ("PUT", "?stationId=cp001", {"heartbeatInterval": -1}, "heartbeatInterval: must be"),
        ("PUT", "?stationId=cp001", {"heartbeatInterval": 2**31}, "heartbeatInterval: must be"),
        ("PUT", "?stationId=cp001", {"heartbeatInterval": "60"}, "heartbeatInterval: must be"),
        ("PUT", "?stationId=cp001", {"getBaseReportOnPending": 1}, "getBaseReportOnPending: must"),
        ("PUT", "?stationId=cp001", {"statusInfo": {"reasonCode": "x" * 21}},
         "statusInfo: statusInfo.reasonCode: longer than 20 characters"),
        ("PUT", "?stationId=cp001", {"lastBootTime": "yesterday"}, "lastBootTime: must be"),
        ("PUT", "?stationId=cp001", {"lastBootTime": "0001-01-01T00:00:00+05:00"},
         "lastBootTime: a time that cannot be told in UTC"),
        ("PUT", "?stationId=cp001",
         {"pendingBootSetVariables": [{"variable": "basicAuthPassword", "value": "x"}]},
         "use POST /data/configuration/password"),
        ("PUT", "?stationId=cp001", b"{", "not JSON"),
        ("PUT", "?stationId=cp001", b"[]", "must be a JSON object"),
        ("PUT", "?stationId=cp001", {"statusInfo": {"a": "x" * 300_000}}, "longer than"),
    ],
)  # fmt: skip
async def test_mistakes_are_explained(
    world: World, method: str, query: str, body: Any, told: str
) -> None:
    status, answer = await world.call(method, BOOT_PATH + query, body)

    assert status == 400
    assert answer["success"] is False
    assert told in answer["payload"]
    assert world.records.written == []


async def test_times_are_answered_in_utc_with_milliseconds(world: World) -> None:
    _, row = await world.call(
        "PUT", f"{BOOT_PATH}?stationId=cp001", {"lastBootTime": "2026-01-31T13:00:00+01:00"}
    )

    assert row["lastBootTime"] == "2026-01-31T12:00:00.000Z"


async def test_a_station_is_made_changed_listed_and_deleted(world: World) -> None:
    assert await world.call("GET", STATION_PATH) == (200, [])
    status, row = await world.call("PUT", f"{STATION_PATH}?stationId=cp001", {"name": "Gate"})
    assert (status, row["id"], row["name"]) == (200, "cp001", "Gate")
    add_station(world, "cp002")
    _, rows = await world.call("GET", STATION_PATH)
    assert [row["id"] for row in rows] == ["cp001", "cp002"]
    _, rows = await world.call("GET", f"{STATION_PATH}?stationId=cp002")
    assert [row["id"] for row in rows] == ["cp002"]

    answer = await world.call("DELETE", f"{STATION_PATH}?stationId=cp001")

    assert answer == (200, "1 rows successfully deleted from ChargingStation")
    assert world.keys(CHARGING_STATION) == {"cp002"}


async def test_a_deleted_station_takes_its_boot_password_and_device_model_along(
    world: World,
) -> None:
    await world.call("PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Pending"})
    query = "?stationId=cp001&evseId=1&connectorId=2"
    await world.call("PUT", f"/data/configuration/connector{query}", {"connectorType": "cType2"})
    add_variables(world, *(f"V{number}" for number in range(1500)))
    world.records.edit(VARIABLE_ATTRIBUTE, password_key("cp001"), station="cp001")
    add_variables(world, "Other", station="cp002")

    await world.call("DELETE", f"{STATION_PATH}?stationId=cp001")

    assert world.keys(VARIABLE_ATTRIBUTE) == {"cp002-Other"}
    for collection in (BOOT, EVSE, CONNECTOR, CHARGING_STATION):
        assert not world.keys(collection)


async def test_nothing_is_deleted_without_saying_whose(world: World) -> None:
    add_station(world)
    for query in (
        STATION_PATH,
        "/data/configuration/evse?evseId=1",
        "/data/configuration/location",
    ):
        status, answer = await world.call("DELETE", query)
        assert (status, "is missing" in answer["payload"]) == (400, True)
    assert world.keys(CHARGING_STATION) == {"cp001"}


async def test_a_connector_belongs_to_its_evse_and_station(world: World) -> None:
    query = "?stationId=cp001&evseId=1&connectorId=2"
    status, row = await world.call(
        "PUT", f"/data/configuration/connector{query}", {"connectorType": "cType2"}
    )

    assert status == 200
    assert row["id"] == connector_key("cp001", 1, 2)
    assert (row["station"], row["evse"]) == ("cp001", evse_key("cp001", 1))
    assert world.records.get(EVSE, row["evse"]).evseId == 1
    _, rows = await world.call("GET", "/data/configuration/connector?stationId=cp001&connectorId=2")
    assert rows == [row]
    await world.call("DELETE", "/data/configuration/evse?stationId=cp001&evseId=1")
    assert not world.keys(CONNECTOR)


async def test_a_connector_type_is_one_of_ocpps(world: World) -> None:
    query = "?stationId=cp001&evseId=1&connectorId=2"
    status, answer = await world.call(
        "PUT", f"/data/configuration/connector{query}", {"connectorType": "Type2"}
    )
    assert status == 400
    assert "connectorType: must be 'cCCS1'" in answer["payload"]


async def test_an_evse_needs_its_number(world: World) -> None:
    status, answer = await world.call("PUT", "/data/configuration/evse?stationId=cp001", {})
    assert (status, answer["payload"]) == (
        400,
        "the query parameter evseId is missing: add ?evseId=...",
    )


async def test_a_location_gets_an_id_or_brings_a_uuid(world: World) -> None:
    _, made = await world.call("PUT", "/data/configuration/location", {"city": "Leipzig"})
    _, brought = await world.call(
        "PUT",
        f"/data/configuration/location?id={LOCATION_ID}",
        {"coordinates": {"type": "Point", "coordinates": [12.37, 51.34]}},
    )
    status, _ = await world.call("PUT", "/data/configuration/location?id=north", {})

    assert (made["city"], brought["id"], status) == ("Leipzig", LOCATION_ID, 400)
    assert world.keys(LOCATION) == {made["id"], LOCATION_ID}


@pytest.mark.parametrize(
    "point",
    [
        {"type": "Point", "coordinates": [200, 0]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Line", "coordinates": [1, 2]},
        {"coordinates": [1, 2]},
    ],
)
async def test_coordinates_are_a_point_on_earth(world: World, point: Any) -> None:
    status, answer = await world.call(
        "PUT", f"/data/configuration/location?id={LOCATION_ID}", {"coordinates": point}
    )
    assert (status, "GeoJSON point" in answer["payload"]) == (400, True)


async def test_a_station_can_only_stand_at_a_location_that_exists(world: World) -> None:
    target = f"{STATION_PATH}?stationId=cp001"
    status, answer = await world.call("PUT", target, {"location": LOCATION_ID})
    assert (status, answer["success"]) == (404, False)
    await world.call("PUT", f"/data/configuration/location?id={LOCATION_ID}", {})
    status, row = await world.call("PUT", target, {"location": LOCATION_ID})
    assert (status, row["location"]) == (200, LOCATION_ID)

    await world.call("DELETE", f"/data/configuration/location?id={LOCATION_ID}")

    assert world.records.get(CHARGING_STATION, "cp001").location is None


async def test_variable_attribute_put_goes_to_the_device_model(world: World) -> None:
    status, rows = await world.call("PUT", f"{VARIABLE_PATH}?stationId=cp001", REPORT)

    assert status == 200
    assert world.device_model.asked == [("cp001", REPORT, False)]
    assert rows[0]["variable"] == "BasicAuthPassword"


async def test_no_answer_shows_a_password_whatever_the_row_says(world: World) -> None:
    _, put = await world.call("PUT", f"{VARIABLE_PATH}?stationId=cp001", REPORT)
    world.records.edit(
        VARIABLE_ATTRIBUTE, "p", station="cp001", variable="basicauthpassword", value="secret"
    )
    _, got = await world.call("GET", f"{VARIABLE_PATH}?stationId=cp001")

    assert (put[0]["value"], got[0]["value"]) == (None, None)
    assert not {name for name in got[0] if "hash" in name.lower()}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "component: missing (OccurrenceConstraintViolation)"),
        ({**REPORT, "value": "x"}, "OCPP has no field value here (FormatViolation)"),
        ({**REPORT, "variableAttribute": [{"type": "Real"}]},
         "variableAttribute[0].type: not one of Actual, Target, MinSet, MaxSet"),
        ({**REPORT, "variableAttribute": [{"value": 5}]}, "variableAttribute[0].value: not of"),
    ],
)  # fmt: skip
async def test_a_report_data_that_breaks_ocpp_is_told_where(
    world: World, body: Any, told: str
) -> None:
    status, answer = await world.call("PUT", f"{VARIABLE_PATH}?stationId=cp001", body)

    assert status == 400
    assert told in answer["payload"]
    assert world.device_model.asked == []


async def test_set_on_charger_is_taken_from_the_query(world: World) -> None:
    await world.call("PUT", f"{VARIABLE_PATH}?stationId=cp001&setOnCharger=true", REPORT)
    status, _ = await world.call("PUT", f"{VARIABLE_PATH}?stationId=cp001&setOnCharger=1x", REPORT)

    assert (world.device_model.asked[0][2], status) == (True, 400)


async def test_variables_are_selected_by_citrineos_parameters_and_paged(world: World) -> None:
    add_variables(world, "A", "B", "C")
    add_variables(world, "A", station="cp002")
    base = f"{VARIABLE_PATH}?stationId=cp001"

    _, one = await world.call("GET", f"{base}&component_name=C&variable_name=B")
    _, page = await world.call("GET", f"{base}&limit=2&offset=1")
    _, none = await world.call("GET", f"{base}&component_evse_id=3")

    assert [row["variable"] for row in one] == ["B"]
    assert [row["variable"] for row in page] == ["B", "C"]
    assert none == []


async def test_deleting_variables_tells_how_many_and_takes_the_password_row(world: World) -> None:
    add_variables(world, *(f"V{number}" for number in range(2500)))
    world.records.edit(VARIABLE_ATTRIBUTE, password_key("cp001"), station="cp001")

    answer = await world.call("DELETE", f"{VARIABLE_PATH}?stationId=cp001&tenantId=1")

    assert answer == (200, "2501 rows successfully deleted from VariableAttribute")
    assert not world.keys(VARIABLE_ATTRIBUTE)
    assert max(len(changes) for changes in world.records.written) <= 1000


async def test_a_filter_has_printable_characters_only(world: World) -> None:
    status, answer = await world.call("GET", f"{VARIABLE_PATH}?stationId=cp001&value=%00")
    assert (status, "unprintable" in answer["payload"]) == (400, True)


async def test_the_message_log_comes_newest_first(world: World) -> None:
    for second in (1, 3, 2):
        moment = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
        world.records.edit(OCPP_MESSAGE, str(second), station="cp001", timestamp=moment)

    _, rows = await world.call("GET", "/data/ocpprouter/ocppMessage?stationId=cp001")

    assert [row["id"] for row in rows] == ["3", "2", "1"]
    status, _ = await world.call("PUT", "/data/ocpprouter/ocppMessage?stationId=cp001", {})
    assert status == 405


async def test_a_full_journal_is_told_with_when_to_come_again(world: World) -> None:
    world.records.failing = StoreUnavailable("the disk is full")

    status, answer, headers = await world.call_for_headers(
        "PUT", f"{BOOT_PATH}?stationId=cp001", {"status": "Pending"}
    )

    assert (status, answer) == (503, {"success": False, "payload": "the disk is full"})
    assert headers["Retry-After"] == "5"


async def test_directus_away_is_told_where_it_had_to_be_read(world: World) -> None:
    world.records.directus_away = True

    assert await world.call("GET", f"{VARIABLE_PATH}?stationId=cp001") == (
        502,
        {"success": False, "payload": "Directus is away"},
    )
    assert (await world.call("GET", f"{BOOT_PATH}?stationId=cp001"))[0] == 200


NAMES = st.sampled_from(
    sorted({query.parameter for each in served() for query in each.query} | {"limit", "x"})
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(sorted({name for each in served() for name in each.fields()} | {"x"}))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["GET", "PUT", "DELETE", "POST"]),
            st.sampled_from([path(collection) for collection in served()]),
            st.dictionaries(NAMES, st.text(max_size=50) | st.just("cp001"), max_size=4),
            st.dictionaries(FIELDS, VALUES, max_size=3) | st.binary(max_size=30),
        ),
        min_size=1,
        max_size=6,
    )
)
async def test_no_query_and_no_body_makes_it_fail(calls: list[Any]) -> None:
    async with running() as world:
        add_station(world)
        for method, where, query, body in calls:
            clean = {
                name: value.encode("utf-8", "replace").decode() for name, value in query.items()
            }
            try:
                status, _ = await world.call(method, where, _clean(body), params=clean)
            except ValueError:  # the client itself cannot write such a thing
                continue
            assert status in {200, 400, 404, 405}


def _clean(body: Any) -> Any:
    import json

    return body if isinstance(body, bytes) else json.dumps(body).encode()
