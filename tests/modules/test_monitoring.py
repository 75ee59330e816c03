"""N02-N07: monitors on variables."""

from __future__ import annotations

from citrine_py.model.jobs import JOB
from citrine_py.model.keys import monitoring_key
from citrine_py.model.monitoring import VARIABLE_MONITORING, VariableMonitoring
from citrine_py.model.operations import STATION_EVENT
from citrine_py.ports import Payload
from tests.modules.test_diagnostics import event, notify
from tests.modules.world import STATION, World


def wanted(variable: str, value: float = 10.0) -> Payload:
    return {
        "value": value,
        "type": "UpperThreshold",
        "severity": 4,
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": variable},
    }


def result(asked: Payload, number: int | None, status: str = "Accepted") -> Payload:
    told = {name: asked[name] for name in ("type", "severity", "component", "variable")}
    return {**told, "status": status, **({} if number is None else {"id": number})}


async def set_all(world: World, *variables: str, status: str = "Accepted") -> list[Payload]:
    """Sets a monitor on each; the station numbers them in its own way."""
    asked = [wanted(name, value) for value, name in enumerate(variables, 10)]
    numbers = {name: number for number, name in enumerate(variables, 1)}

    def answer(payload: Payload) -> Payload:
        told = [
            result(
                each, numbers[each["variable"]["name"]] if status == "Accepted" else None, status
            )
            for each in reversed(payload["setMonitoringData"])
        ]
        return {"setMonitoringResult": told}

    world.stations.answers["SetVariableMonitoring"] = answer
    payload = {"setMonitoringData": asked}
    reply = await world.rules.requests.send(STATION, "SetVariableMonitoring", payload)
    results: list[Payload] = reply["setMonitoringResult"]
    return results


def monitor(world: World, number: int) -> VariableMonitoring | None:
    return world.records.get(VARIABLE_MONITORING, monitoring_key(STATION, number))


async def test_n04_a_monitor_that_the_station_took_is_kept_with_what_was_asked() -> None:
    world = World()
    assert len(await set_all(world, "Power", "Voltage")) == 2
    one, two = monitor(world, 1), monitor(world, 2)
    assert one is not None
    assert two is not None
    assert (one.component, one.evseId, one.variable, one.value) == ("EVSE", 1, "Power", 10)
    assert (two.variable, two.value, two.severity, two.type) == (
        "Voltage", 11, 4, "UpperThreshold",
    )  # fmt: skip


async def test_n04_a_monitor_that_it_did_not_take_is_not_kept() -> None:
    world = World()
    (told,) = await set_all(world, "Power", status="UnknownVariable")
    assert told["status"] == "UnknownVariable"
    assert world.records.all(VARIABLE_MONITORING) == []


async def test_n04_n06_more_than_a_station_takes_goes_in_several_messages() -> None:
    world = World()
    world.limit("SetVariableMonitoring", items=2)
    world.limit("ClearVariableMonitoring", items=2)
    assert len(await set_all(world, *"abcde")) == 5
    sizes = [
        len(each["setMonitoringData"]) for each in world.stations.sent("SetVariableMonitoring")
    ]
    assert sizes == [2, 2, 1]

    def cleared(payload: Payload) -> Payload:
        status = {1: "Rejected", 2: "NotFound"}
        told = [{"id": each, "status": status.get(each, "Accepted")} for each in payload["id"]]
        return {"clearMonitoringResult": told}

    world.stations.answers["ClearVariableMonitoring"] = cleared
    payload = {"id": [1, 2, 3, 4, 5]}
    reply = await world.rules.requests.send(STATION, "ClearVariableMonitoring", payload)
    assert len(reply["clearMonitoringResult"]) == 5
    assert [each["id"] for each in world.stations.sent("ClearVariableMonitoring")] == [
        [1, 2], [3, 4], [5],
    ]  # fmt: skip
    assert [each.monitorId for each in world.records.all(VARIABLE_MONITORING)] == [1]


async def report(world: World, seq_no: int, number: int, *, tbc: bool) -> None:
    told = {
        "requestId": 3,
        "seqNo": seq_no,
        "tbc": tbc,
        "generatedAt": "2026-01-01T00:00:00Z",
        "monitor": [
            {
                "component": {"name": "EVSE"},
                "variable": {"name": "Power"},
                "variableMonitoring": [
                    {
                        "id": number,
                        "transaction": True,
                        "value": 5.5,
                        "type": "Delta",
                        "severity": 7,
                    }
                ],
            }
        ],
    }
    assert await world.call("NotifyMonitoringReport", told) == {}


async def test_n02_a_report_is_kept_and_its_job_ends_with_its_last_part() -> None:
    world = World()
    await world.accepted()
    world.stations.answers["GetMonitoringReport"] = {"status": "Accepted"}
    await world.rules.requests.send(STATION, "GetMonitoringReport", {"requestId": 3})
    (job,) = world.records.all(JOB)
    assert job.status == "Accepted"
    await report(world, 1, 12, tbc=False)
    assert world.records.all(JOB)[0].status == "Running"
    await report(world, 0, 11, tbc=True)
    (job,) = world.records.all(JOB)
    assert (job.status, job.progress) == ("Done", "2 parts")
    assert sorted(each.monitorId or 0 for each in world.records.all(VARIABLE_MONITORING)) == [
        11,
        12,
    ]
    await report(world, 2, 13, tbc=False)  # unasked
    assert monitor(world, 13) is not None


async def test_n02_a_station_without_monitors_has_reported_that() -> None:
    world = World()
    world.stations.answers["GetMonitoringReport"] = {"status": "EmptyResultSet"}
    await world.rules.requests.send(STATION, "GetMonitoringReport", {"requestId": 3})
    assert world.records.all(JOB)[0].status == "Done"


async def test_n07_an_event_is_as_grave_as_the_monitor_that_it_names() -> None:
    world = World()
    await world.accepted()
    await set_all(world, "Power")
    told = [{**event(1), "variableMonitoringId": 1}, {**event(2), "variableMonitoringId": 99}]
    await world.call("NotifyEvent", notify(*told, event(3)))
    rows = world.records.all(STATION_EVENT)
    assert [(row.severity, row.monitorId) for row in rows] == [(4, 1), (None, 99), (None, None)]
