"""/data/store/deadLetter: what Directus refused, to be listed, retried and given up."""

from __future__ import annotations

from citrine_py.model.dead_letters import DEAD_LETTER, DeadLetter
from citrine_py.model.keys import dead_letter_key, evse_key
from citrine_py.ports import Delete, Put
from tests.api.world import World

PATH = "/data/store/deadLetter"


def have(world: World, key: str, station: str, collection: str, status: str = "Open") -> None:
    fields = {"station": station, "collection": collection, "status": status, "payload": {"a": 1}}
    world.records.have(DEAD_LETTER, DeadLetter(id=key, **fields))


async def test_letters_are_listed_by_station_collection_and_status(world: World) -> None:
    have(world, "a", "cp001", "Evse")
    have(world, "b", "cp001", "Boot", "Retry")
    have(world, "c", "cp002", "Boot")

    async def listed(query: str) -> list[str]:
        status, rows = await world.call("GET", f"{PATH}{query}")
        assert status == 200
        return [row["id"] for row in rows]

    assert await listed("") == ["a", "b", "c"]
    assert await listed("?stationId=cp001") == ["a", "b"]
    assert await listed("?collection=Boot&status=Open") == ["c"]
    assert await listed("?id=b") == ["b"]


async def test_a_status_is_put_and_nothing_else(world: World) -> None:
    have(world, "a", "cp001", "Evse")

    status, row = await world.call("PUT", f"{PATH}?id=a", {"status": "Retry"})

    assert (status, row["status"], row["payload"]) == (200, "Retry", {"a": 1})
    assert world.records.written == [(Put(DEAD_LETTER, "a", {"status": "Retry"}),)]
    for body, told in (
        ({"status": "Perhaps"}, "status: must be 'Open', 'Retry' or 'Discard'"),
        ({"reason": "none"}, "reason: written by the service"),
    ):
        status, answer = await world.call("PUT", f"{PATH}?id=a", body)
        assert (status, told in answer["payload"]) == (400, True)


async def test_a_put_makes_no_letter_and_says_whose_it_is(world: World) -> None:
    status, answer = await world.call("PUT", f"{PATH}?id=nobody", {"status": "Retry"})
    assert (status, "no DeadLetter with this id" in answer["payload"]) == (404, True)
    status, answer = await world.call("PUT", PATH, {"status": "Retry"})
    assert (status, "id is missing" in answer["payload"]) == (400, True)
    assert world.records.written == []


async def test_a_letter_is_deleted_by_its_id_alone(world: World) -> None:
    have(world, "a", "cp001", "Evse")
    status, _ = await world.call("DELETE", f"{PATH}?stationId=cp001")
    assert status == 400

    answer = await world.call("DELETE", f"{PATH}?id=a")

    assert answer == (200, "1 rows successfully deleted from DeadLetter")
    assert world.records.written == [(Delete(DEAD_LETTER, "a"),)]


async def test_a_put_that_directus_refuses_is_told_so(world: World) -> None:
    key = evse_key("cp001", 1)
    letter = DeadLetter(
        id=dead_letter_key("Evse", key), reason="A field's rule is broken.", payload={"name": "x"}
    )
    world.records.have(DEAD_LETTER, letter)
    query = "/data/configuration/evse?stationId=cp001&evseId=1"

    status, answer = await world.call("PUT", query, {"name": "x"})

    assert (status, answer["success"]) == (400, False)
    assert "A field's rule is broken." in answer["payload"]
    assert f"{PATH}?id={letter.id}" in answer["payload"]
    assert (await world.call("PUT", query, {}))[0] == 200, "nothing of this was refused"
