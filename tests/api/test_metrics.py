"""Metrics in Prometheus' format, as its own parser reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from citrine_py.api.metrics import Sample, ServiceHealth
from tests.api.world import World


async def test_what_the_service_counts_and_the_requests_are_there(world: World) -> None:
    world.samples += [
        Sample("citrine_connections", 3, "Open connections"),
        Sample("citrine_frames", 5, "Frames", "counter", {"kind": "call"}),
        Sample("citrine_frames", 7, "Frames", "counter", {"kind": "result"}),
    ]
    await world.call("GET", "/data/configuration/boot?stationId=cp001")
    await world.call("PROPFIND", "/made/up/by/a/caller")

    _, text, headers = await world.call_for_headers("GET", "/metrics")

    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert headers["Content-Type"].startswith("text/plain; version=")
    assert values["citrine_connections",] == 3
    assert values["citrine_frames_total", "call"] == 5
    assert values["citrine_frames_total", "result"] == 7
    name = "citrine_api_request_duration_seconds_count"
    assert values[name, "GET", "/data/configuration/boot", "200"] == 1
    assert values[name, "other", "none", "404"] == 1
    assert any(key[0] == "process_resident_memory_bytes" for key in values)
    assert "made" not in text


def test_two_services_in_one_process_do_not_mix() -> None:
    one = ServiceHealth(dict, list)
    other = ServiceHealth(dict, list)
    one.observe("/x", "GET", 200, 0.1)
    assert "/x" in one.metrics()
    assert "/x" not in other.metrics()
