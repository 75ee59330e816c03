"""A car at a simulated station: from the plug to the bill."""

from __future__ import annotations

import pytest

from tests.simulator.mind import OTHER, TOKEN, Mind, ok, register, sampled


def test_e02_cable_then_token_then_power_then_the_token_again() -> None:
    mind = Mind()
    mind.charge(130, power=11)
    mind.present()
    mind.unplug()
    assert [name for name, _ in mind.told][:2] == ["StatusNotification", "Authorize"]
    assert mind.story() == [
        ("Started", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Ended", "StopAuthorized", "EVConnected"),
    ]
    assert [it["seqNo"] for it in mind.events] == list(range(5))
    assert mind.events[0]["idToken"] == TOKEN
    assert "idToken" not in mind.events[1]
    assert mind.events[-1]["transactionInfo"]["stoppedReason"] == "Local"
    assert mind.states() == ["Occupied", "Available"]


def test_e03_token_then_cable() -> None:
    mind = Mind()
    mind.present()
    assert mind.events == []
    mind.plug()
    assert mind.story() == [("Started", "CablePluggedIn", "EVConnected")]
    assert mind.events[0]["idToken"] == TOKEN


def test_a_refused_token_charges_nothing() -> None:
    mind = Mind()
    mind.info["CARD1"] = {"status": "Blocked"}
    mind.plug()
    assert mind.present() == [False]
    mind.run(600)
    assert mind.events == []


def test_samples_come_at_their_interval_with_all_measurands() -> None:
    mind = Mind()
    mind.set("SampledDataCtrlr", "TxUpdatedInterval", "30")
    mind.charge(100, power=11)
    samples = [it for it in mind.events if it["triggerReason"] == "MeterValuePeriodic"]
    assert len(samples) == 3
    assert sampled(samples[1], "Power.Active.Import") == [11000]
    assert sampled(samples[1], "Voltage") == [230, 230, 230]
    assert sampled(samples[1], "Current.Import") == [pytest.approx(15.9, abs=0.1)] * 3
    contexts = {it["context"] for it in samples[1]["meterValue"][0]["sampledValue"]}
    assert contexts == {"Sample.Periodic"}
    begin = mind.events[0]["meterValue"][0]["sampledValue"][0]
    assert begin["context"] == "Transaction.Begin"


def test_the_register_is_the_integral_of_the_power() -> None:
    mind = Mind()
    mind.charge(3602 + 20, power=11)
    mind.present()
    energy = register(mind.events[-1]) - register(mind.events[0])
    assert energy == pytest.approx(11_000 * (3602 + 20 - 2) / 3600, rel=0.01)
    assert mind.events[-1]["meterValue"][0]["sampledValue"][0]["context"] == "Transaction.End"


def test_a_full_car_suspends_and_stays_until_it_is_fetched() -> None:
    mind = Mind()
    mind.charge(7200, battery=10, soc=90, power=11)
    assert mind.story()[-1] == ("Updated", "ChargingStateChanged", "SuspendedEV")
    energy = register(mind.events[-1]) - register(mind.events[0])
    assert energy == pytest.approx(1000 / 0.92, rel=1e-3)
    mind.unplug()
    last = mind.events[-1]
    assert (last["triggerReason"], last["transactionInfo"]["stoppedReason"]) == (
        "EVCommunicationLost", "EVDisconnected",
    )  # fmt: skip


def test_a_dc_car_takes_less_above_80_percent() -> None:
    mind = Mind(direct_current=True)
    mind.charge(3600, battery=60, soc=60, power=100)
    samples = [it for it in mind.events if it["triggerReason"] == "MeterValuePeriodic"]
    told = [(sampled(it, "SoC")[0], sampled(it, "Power.Active.Import")[0]) for it in samples]
    assert all(watts == 100_000 for soc, watts in told[1:] if soc < 80)
    above = [watts for soc, watts in told if 81 < soc < 99]
    assert len(above) > 3
    assert above == sorted(above, reverse=True)
    assert all(watts < 100_000 for watts in above)


def deauthorized(status: str = "Invalid", **variables: str) -> Mind:
    """A car whose token the cache knows and the CSMS does not take any more."""
    mind = Mind()
    for name, value in variables.items():
        mind.set("TxCtrlr", name, value)
    mind.set("AuthCtrlr", "LocalPreAuthorize", "true")
    mind.it.tokens._cache[("card1", "ISO14443")] = ok()
    mind.info["CARD1"] = {"status": status}
    mind.charge(1200, power=11)
    return mind


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "ConcurrentTx"])
def test_e05_a_token_that_turns_out_bad_ends_the_transaction(status: str) -> None:
    mind = deauthorized(status)
    assert mind.story() == [
        ("Started", "Authorized", "EVConnected"),
        ("Ended", "Deauthorized", "EVConnected"),
    ]
    assert mind.events[-1]["transactionInfo"]["stoppedReason"] == "DeAuthorized"


def test_e05_it_suspends_if_it_shall_not_stop() -> None:
    mind = deauthorized(StopTxOnInvalidId="false")
    assert mind.story()[-1] == ("Updated", "Deauthorized", "SuspendedEVSE")
    assert mind.outlet.supply.meter.power == 0
    assert mind.outlet.transaction is not None


def test_e05_it_gives_what_maxenergyoninvalidid_allows() -> None:
    mind = deauthorized(MaxEnergyOnInvalidId="500")
    assert mind.story()[-1][:2] == ("Ended", "Deauthorized")
    assert register(mind.events[-1]) - register(mind.events[0]) == pytest.approx(500, abs=0.1)


def test_e07_a_token_of_the_same_group_stops_and_no_other() -> None:
    mind = Mind()
    group = {"idToken": "FAMILY", "type": "Central"}
    mind.info["CARD1"] = ok(groupIdToken=group)
    mind.charge(60)
    assert mind.present(OTHER) == [False]
    assert mind.outlet.transaction is not None
    mind.info["CARD2"] = ok(groupIdToken=group)
    assert mind.present(OTHER) == [True]
    assert mind.story()[-1][:2] == ("Ended", "StopAuthorized")
    assert mind.events[-1]["idToken"] == OTHER


def test_e03_nobody_plugs_in_and_the_right_to_charge_is_gone() -> None:
    mind = Mind()
    mind.set("TxCtrlr", "TxStartPoint", "Authorized")
    mind.set("TxCtrlr", "TxStopPoint", "Authorized")
    mind.present()
    mind.run(61)
    assert mind.story() == [
        ("Started", "Authorized", "Idle"),
        ("Ended", "EVConnectTimeout", "Idle"),
    ]
    assert mind.events[-1]["transactionInfo"]["stoppedReason"] == "Timeout"


@pytest.mark.parametrize(
    ("start", "stop", "first", "last"),
    [
        ("ParkingBayOccupancy", "ParkingBayOccupancy", "EVDetected", "EVDeparted"),
        ("EVConnected", "EVConnected", "CablePluggedIn", "EVCommunicationLost"),
        ("Authorized", "Authorized", "Authorized", "StopAuthorized"),
        ("EVConnected", "Authorized", "CablePluggedIn", "StopAuthorized"),
        ("EnergyTransfer", "EnergyTransfer", "ChargingStateChanged", "StopAuthorized"),
        ("EVConnected,Authorized", "PowerPathClosed", "CablePluggedIn", "StopAuthorized"),
    ],
)
def test_txstartpoint_and_txstoppoint(start: str, stop: str, first: str, last: str) -> None:
    mind = Mind()
    mind.set("TxCtrlr", "TxStartPoint", start)
    mind.set("TxCtrlr", "TxStopPoint", stop)
    mind.outlet.arrive()
    mind.carry(mind.it.due())
    mind.charge(100)
    mind.present()
    mind.unplug()
    mind.outlet.leave()
    mind.carry(mind.it.due())
    assert mind.events[0]["triggerReason"] == first
    assert mind.events[-1]["triggerReason"] == last
    assert [it["eventType"] for it in mind.events].count("Started") == 1
    assert mind.events[-1]["eventType"] == "Ended"


def test_i02_what_it_costs_is_kept() -> None:
    mind = Mind()
    mind.cost = lambda: 1.25
    mind.charge(60)
    it = mind.outlet.transaction
    assert it is not None
    assert it.cost == 1.25
    assert mind.ask("CostUpdated", {"totalCost": 2.5, "transactionId": it.id}) == {}
    assert it.cost == 2.5


def test_without_a_line_it_asks_list_and_cache_and_tells_all_afterwards() -> None:
    mind = Mind()
    mind.cut()
    mind.plug()
    assert mind.present() == [False]
    mind.it.tokens._cache[("card1", "ISO14443")] = ok()
    assert mind.present() == [True]
    mind.run(100)
    assert mind.events == []
    mind.join()
    mind.run(60)
    offline = [it.get("offline", False) for it in mind.events]
    assert offline == [True, True, True, False]
    assert [it["seqNo"] for it in mind.events] == [0, 1, 2, 3]
    assert mind.it.availability.untold
