"""Jobs in Directus: operators make and remove them, and the service alone says how they go."""

from __future__ import annotations

import pytest

from tests.people import until
from tests.provision.people import Person

pytestmark = pytest.mark.stack


async def test_an_operator_makes_a_job_which_waits_and_may_be_taken_back(
    operator: Person, viewer: Person, station: str
) -> None:
    row = {
        "station": station,
        "action": "SetMonitoringBase",
        "parameters": {"monitoringBase": "All"},
    }
    assert (await viewer.client.post("/items/Job", json=row)).status_code == 403
    made = await operator.client.post("/items/Job", json=row)
    assert made.status_code == 200, made.text
    path = f"/items/Job/{made.json()['data']['id']}"

    async def waits() -> bool:
        found = (await operator.client.get(path)).json()["data"]
        return bool(found["status"] == "Wanted" and found["askedAt"])

    await until(waits)
    assert (await operator.client.patch(path, json={"status": "Done"})).status_code == 403
    assert (await operator.client.patch(path, json={"notes": "for Ada"})).status_code == 200
    assert (await viewer.client.get(path)).json()["data"]["notes"] == "for Ada"
    assert (await operator.client.delete(path)).status_code == 204
