"""Conditional writes on a real Directus: decided and written in one transaction, told after it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.store.real import Real
from tests.store.support import eventually, until

pytestmark = pytest.mark.stack

T0 = "2026-01-01T12:00:00.123Z"
SERVICE_POLICY = "c1781e00-0000-4000-8000-000000000101"
TOO_LARGE = 99_999_999_999


@pytest.fixture
async def boot(real: Real, station: str) -> str:
    """A station with its Boot record; their id."""
    await real.make("ChargingStation", station)
    await real.make("Boot", station, station=station, status="Pending")
    return station


@pytest.mark.parametrize(
    ("field", "held", "expected", "applies"),
    [
        ("lastBootTime", T0, "2026-01-01T13:00:00.123+01:00", True),
        ("lastBootTime", T0, "2026-01-01T12:00:00.124Z", False),
        ("lastBootTime", None, None, True),
        ("lastBootTime", T0, None, False),
        ("variablesRejectedOnLastBoot", [{"a": 1, "b": [None]}], [{"b": [None], "a": 1.0}], True),
        ("variablesRejectedOnLastBoot", [{"a": 1}, {}], [{}, {"a": 1}], False),
        ("variablesRejectedOnLastBoot", [], None, False),
        ("variablesRejectedOnLastBoot", None, [], False),
        ("heartbeatInterval", 60, 60.0, True),
        ("heartbeatInterval", 0, None, False),
        ("heartbeatInterval", None, 0, False),
        ("getBaseReportOnPending", False, False, True),
        ("getBaseReportOnPending", None, False, False),
        ("status", "Pending", "Pending", True),
        ("status", "Pending", "pending", False),
        ("progressInfo", "", None, False),
        ("progressInfo", None, None, True),
    ],
)
async def test_values_are_compared_by_what_they_mean(
    real: Real, boot: str, field: str, held: Any, expected: Any, applies: bool
) -> None:
    new = {"lastBootTime": "2026-05-05T05:05:05.000Z", "heartbeatInterval": 17,
           "progressInfo": "new", "status": "Accepted",
           "variablesRejectedOnLastBoot": [{"new": 1}], "getBaseReportOnPending": True}  # fmt: skip
    await real.edit("Boot", boot, **{field: held})
    answer = await real.update(
        "Boot",
        {"key": boot, "set": {field: new[field], "model": "m"}, "over": {field: [expected]}},
    )
    left = [] if applies else [{"key": boot, "fields": [field]}]
    assert answer.json() == {"data": {"missing": [], "notApplied": left}}
    row = await real.row("Boot", boot)
    assert row is not None
    assert row[field] == (new[field] if applies else held)
    assert row["model"] == "m"  # what has no condition is set all the same


async def test_a_call_whose_answer_was_lost_may_be_repeated(real: Real, boot: str) -> None:
    change = {"key": boot, "set": {"status": "Accepted"}, "over": {"status": ["Pending"]}}
    for _ in range(2):
        answer = await real.update("Boot", change)
        assert answer.json() == {"data": {"missing": [], "notApplied": []}}
    joined = {**change, "set": {"status": "Rejected"}, "over": {"status": ["Pending", "Accepted"]}}
    assert (await real.update("Boot", joined)).json()["data"]["notApplied"] == []
    written = [each["delta"].get("status") for each in await real.revisions("Boot", boot)]
    assert written == ["Pending", "Accepted", "Rejected"]


async def test_rows_that_are_gone_are_named_and_not_made(real: Real, boot: str) -> None:
    gone = f"{boot}-gone"
    answer = await real.update(
        "Boot",
        {"key": gone, "set": {"status": "Accepted"}, "over": {"status": [None]}},
        {"key": boot, "set": {"model": "m"}},
    )
    assert answer.json()["data"]["missing"] == [gone]
    assert await real.row("Boot", gone) is None
    row = await real.row("Boot", boot)
    assert row is not None
    assert row["model"] == "m"


async def test_a_row_that_is_refused_undoes_the_call_and_nobody_is_told(
    real: Real, boot: str
) -> None:
    await real.make("ChargingStation", f"{boot}-2")
    await real.make("Boot", f"{boot}-2", station=f"{boot}-2")
    before = await real.row("Boot", boot)
    async with real.told("Boot") as told:
        answer = await real.update(
            "Boot",
            {"key": boot, "set": {"model": "undone"}},
            {"key": f"{boot}-2", "set": {"reportVariables": TOO_LARGE}},
        )
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == "VALUE_OUT_OF_RANGE"
        assert await real.row("Boot", boot) == before
        await real.update("Boot", {"key": boot, "set": {"model": "done"}})
        await eventually(lambda: told)
        assert [(each["id"], each["model"]) for each in told] == [(boot, "done")]
    assert len(await real.revisions("Boot", boot)) == 2


async def test_subscribers_are_told_of_what_is_committed_however_many_rows(
    real: Real, station: str
) -> None:
    """A list of rows in one PATCH is told of before its commit; this way it is not."""
    keys = [f"{station}-{number:02}" for number in range(40)]
    rows = [{"id": key} for key in keys]
    (await real.admin.post("/items/ChargingStation", json=rows)).raise_for_status()
    boots = [{"id": key, "station": key} for key in keys]
    (await real.admin.post("/items/Boot", json=boots)).raise_for_status()
    async with real.told("Boot") as told:
        changes = [
            {"key": key, "set": {"status": "Accepted", "model": f"m{number % 20}"},
             "over": {"status": [None]}}
            for number, key in enumerate(keys)
        ]  # fmt: skip
        assert (await real.update("Boot", *changes)).status_code == 200
        await eventually(lambda: len(told) == len(keys))
        models = {each["id"]: (each["status"], each["model"]) for each in told}
        assert models == {key: ("Accepted", f"m{n % 20}") for n, key in enumerate(keys)}


@asynccontextmanager
async def a_flow(real: Real) -> AsyncIterator[None]:
    """An operator's flow: a station's notes get the status that its Boot record was given."""
    flow = {"name": "store test", "status": "active", "trigger": "event", "accountability": None,
            "options": {"type": "action", "scope": ["items.update"],
                        "collections": ["Boot"]}}  # fmt: skip
    made = (await real.admin.post("/flows", json=flow)).raise_for_status().json()["data"]["id"]
    operation = {"flow": made, "key": "note", "type": "item-update", "position_x": 20,
                 "position_y": 1, "options": {
                     "collection": "ChargingStation", "permissions": "$full",
                     "key": ["{{$trigger.keys[0]}}"],
                     "payload": {"notes": "{{$trigger.payload.status}}"}}}  # fmt: skip
    first = (await real.admin.post("/operations", json=operation)).raise_for_status().json()
    body = {"operation": first["data"]["id"]}
    (await real.admin.patch(f"/flows/{made}", json=body)).raise_for_status()
    try:
        yield
    finally:
        (await real.admin.delete(f"/flows/{made}")).raise_for_status()


async def test_an_operators_flow_sees_a_conditional_write(real: Real, boot: str) -> None:
    async with a_flow(real):
        change = {"key": boot, "set": {"status": "Accepted"}, "over": {"status": ["Pending"]}}
        assert (await real.update("Boot", change)).status_code == 200

        async def noted() -> bool:
            row = await real.row("ChargingStation", boot)
            return row is not None and row["notes"] == "Accepted"

        await until(noted)


async def test_only_what_operators_edit_is_written_this_way(real: Real, boot: str) -> None:
    for collection in ("VariableAttribute", "OcppMessage", "directus_users", "", None):
        answer = await real.update(collection, {"key": boot, "set": {"model": "m"}})  # type: ignore[arg-type]
        assert answer.status_code == 403, collection
    for row in (
        {"key": boot, "set": {"id": "x"}},
        {"key": boot, "set": {"outcome": "x"}},
        {"key": boot, "set": {"nonsense": "x"}},
        {"key": boot, "set": {"model": "m"}, "over": {"status": ["Pending"]}},
        {"key": boot, "set": {"status": "m"}, "over": {"status": "Pending"}},
        {"key": "", "set": {}},
        {"key": boot, "set": []},
        None,
    ):
        assert (await real.update("Boot", row)).status_code == 400, row  # type: ignore[arg-type]
    twice = {"key": boot, "set": {"model": "m"}}
    assert (await real.update("Boot", twice, twice)).status_code == 400
    body = {"collection": "Boot", "rows": [twice]}
    assert (await real.admin.post("/citrine/update", json=body)).status_code == 403


async def test_the_rights_of_the_services_account_are_checked(real: Real, boot: str) -> None:
    rule = {"policy": SERVICE_POLICY, "collection": "Boot", "action": "update"}
    where = {"filter": json.dumps({name: {"_eq": value} for name, value in rule.items()})}
    answer = (await real.admin.get("/permissions", params=where)).raise_for_status()
    (permission,) = answer.json()["data"]
    path = f"/permissions/{permission['id']}"
    (await real.admin.patch(path, json={"fields": ["model"]})).raise_for_status()
    try:
        answer = await real.update("Boot", {"key": boot, "set": {"status": "Accepted"}})
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["extensions"]["code"] == "ROW_FORBIDDEN"
        assert (await real.update("Boot", {"key": boot, "set": {"model": "m"}})).status_code == 200
    finally:
        body = {"fields": permission["fields"]}
        (await real.admin.patch(path, json=body)).raise_for_status()
