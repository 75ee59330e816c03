"""The buttons of smart charging at a station that answers, as an operator presses them."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.simulator.scenarios import Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation
from tests.people import until
from tests.provision.people import People, Person
from tests.provision.test_flows import press
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack


async def note_after(operator: Person, flow: str, station: str, form: dict[str, Any]) -> str:
    """What the operator is told once he has pressed the button."""
    answer = await press(operator, flow, [station], form)
    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert flow in note["subject"]
    assert "failed" not in note["subject"], note
    return f"{note['subject']}\n{note['message']}"


async def limits(people: People, station: str) -> dict[int, str]:
    """The limits on record that stand, by EVSE, with their status."""
    params = {"filter[station][_eq]": station, "limit": "-1"}
    rows = (await people.admin.get("/items/ChargingProfile", params=params)).json()["data"]
    return {row["evseId"]: row["status"] for row in rows if row["status"] != "Cleared"}


async def test_a_limit_is_set_seen_and_cleared_by_buttons(
    stack: Stack, people: People, operator: Person, station: str
) -> None:
    pace = Pace(retry=0.2, reboot=0.1, first_wait=0.1, longest_wait=0.5)
    config = StationConfig(id=station, url=stack.websocket_urls[0], pace=pace)
    async with SimulatedStation(config) as it:
        await it.accepted()
        await note_after(operator, "Set charging limit", station, {"limit": 9, "unit": "kW"})

        async def confirmed() -> bool:
            return await limits(people, station) == {0: "Confirmed"}

        await until(confirmed)
        form = {"hours": 1, "evseId": 1, "unit": "W"}
        told = await note_after(operator, "Composite schedule", station, form)
        assert "9000" in told or "9 kW" in told, told
        await note_after(operator, "Get charging profiles", station, {})
        await note_after(operator, "Clear charging limit", station, {})

        async def gone() -> bool:
            return await limits(people, station) == {}

        await until(gone)
        assert it.behaviour.smart.installed == []
