"""What holds whatever drivers, operators and lines do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.simulator.limits import limit
from tests.simulator.mind import OTHER, TOKEN, Mind, profile, register, sampled

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 900)),
        st.tuples(st.just("plug"), st.integers(1, 2)),
        st.tuples(st.just("unplug"), st.integers(1, 2)),
        st.tuples(st.just("present"), st.integers(1, 2)),
        st.tuples(st.just("other"), st.integers(1, 2)),
        st.tuples(st.just("limit"), st.integers(0, 25_000)),
        st.tuples(st.just("station"), st.integers(0, 25_000)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("join"), st.just(0)),
        st.tuples(st.just("reset"), st.integers(1, 2)),
        st.tuples(st.just("stop"), st.just(0)),
    ),
    max_size=25,
)
POINTS = st.sampled_from(
    ["EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer", "Authorized,EVConnected"]
)


def step(mind: Mind, what: str, number: int) -> None:
    DOINGS[what](mind, number)
    mind.carry(mind.it.due())


def plug(mind: Mind, evse: int) -> None:
    if not mind.it.outlets[evse - 1].plugged:
        mind.plug(evse, power=22, battery=12, soc=60)


def unplug(mind: Mind, evse: int) -> None:
    if mind.it.outlets[evse - 1].plugged:
        mind.it.outlets[evse - 1].unplug()


def limit_to(mind: Mind, watts: int, purpose: str = "TxDefaultProfile", number: int = 1) -> None:
    kept = profile(watts, purpose, id=number)
    mind.ask("SetChargingProfile", {"evseId": 0, "chargingProfile": kept})


def stop(mind: Mind, _: int) -> None:
    for outlet in mind.it.outlets:
        if outlet.transaction is not None:
            mind.ask("RequestStopTransaction", {"transactionId": outlet.transaction.id})


DOINGS: dict[str, Callable[[Mind, int], object]] = {
    "run": Mind.run,
    "plug": plug,
    "unplug": unplug,
    "present": lambda mind, evse: mind.present(TOKEN, evse),
    "other": lambda mind, evse: mind.present(OTHER, evse),
    "limit": limit_to,
    "station": lambda mind, watts: limit_to(mind, watts, "ChargingStationMaxProfile", 2),
    "clear": lambda mind, _: mind.ask("ClearChargingProfile", {"chargingProfileId": 1}),
    "cut": lambda mind, _: mind.cut(),
    "join": lambda mind, _: mind.join(),
    "reset": lambda mind, evse: mind.ask("Reset", {"type": "Immediate", "evseId": evse}),
    "stop": stop,
}


def within_limits(mind: Mind) -> None:
    total = 0.0
    for outlet in mind.it.outlets:
        load, now = mind.it.smart._load(outlet), mind.it.core.clock.now()
        most = limit(mind.it.smart.installed, load, now)
        power = outlet.supply.meter.power
        assert power <= (22_000 if most is None else most) + 1e-6
        total += power
    for each in mind.it.smart.installed:
        if each.purpose == "ChargingStationMaxProfile":
            period = each.profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
            assert total <= period["limit"] + 1e-6


@settings(deadline=None, max_examples=60)
@given(STEPS, POINTS, POINTS)
def test_whatever_happens(steps: list[tuple[str, int]], start: str, stop: str) -> None:
    """The register never falls, the power keeps to every limit, seqNo has no gap, each
    transaction has one begin and at most one end, and its energy is the integral."""
    mind = Mind()
    mind.set("TxCtrlr", "TxStartPoint", start)
    mind.set("TxCtrlr", "TxStopPoint", stop)
    for what, number in steps:
        step(mind, what, number)
        within_limits(mind)
    mind.join()
    told: dict[str, list[dict[str, Any]]] = {}
    registers: dict[int, list[float]] = {}
    for event in mind.events:
        told.setdefault(event["transactionInfo"]["transactionId"], []).append(event)
        if "meterValue" in event:
            registers.setdefault(event["evse"]["id"], []).append(register(event))
    for events in told.values():
        assert [it["seqNo"] for it in events] == list(range(len(events)))
        kinds = [it["eventType"] for it in events]
        assert kinds[0] == "Started"
        assert "Started" not in kinds[1:]
        assert "Ended" not in kinds[:-1]
    for values in registers.values():
        assert values == sorted(values)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(1.4, 22),
    st.floats(0, 99),
    st.floats(5, 100),
    st.booleans(),
    st.lists(st.integers(0, 25_000), max_size=4),
)
def test_the_energy_is_the_integral_of_the_power(
    power: float, soc: float, battery: float, direct: bool, limits: list[int]
) -> None:
    mind = Mind(direct_current=direct)
    mind.charge(5, power=power, soc=soc, battery=battery)
    sums: list[float] = []
    supply = mind.outlet.supply
    plain = supply.meter.advance

    def counted(seconds: float) -> float:
        sums.append(supply.meter.power * seconds / 3600)
        return plain(seconds)

    supply.meter.advance = counted  # type: ignore[method-assign]
    before = supply.meter.register
    for watts in [*limits, 25_000]:
        mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": profile(watts)})
        mind.run(1000)
    stored = 0.92 if not direct else 0.96
    gained = (supply.meter.register - before) * stored
    assert abs(sum(sums) - (supply.meter.register - before)) < 1e-6
    assert gained <= battery * 1000 * (100 - soc) / 100 + 1
    samples = [it for it in mind.events if it["triggerReason"] == "MeterValuePeriodic"]
    assert all(sampled(it, "Power.Active.Import")[0] <= power * 1000 + 0.1 for it in samples)
