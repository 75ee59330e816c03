"""Energy by hand-worked examples, and the guard against absurd readings."""

from __future__ import annotations

import pytest

from citrine_py.modules.energy import Limits
from citrine_py.modules.ledger import Event, Ledger
from citrine_py.modules.meter_values import columns, signed
from citrine_py.modules.transaction_facts import fields_of
from citrine_py.ports import Payload
from tests.modules.charging import event, sample, values


def told(*events: Payload, limits: Limits | None = None) -> dict[str, object]:
    ledger = Ledger()
    for each in events:
        ledger = ledger.with_event(Event.of(each))
    return fields_of(ledger, limits or Limits())


def measured(*sets: Payload) -> dict[str, object]:
    """The facts of a transaction of an hour with these values."""
    return told(
        event("Started", 0, 0, meterValue=[sets[0]]),
        event("Ended", 1, 60, meterValue=list(sets[1:])),
    )


def kwh(value: float, **more: object) -> Payload:
    return sample(value, unitOfMeasure={"unit": "kWh"}, **more)


@pytest.mark.parametrize(
    ("begin", "end", "energy"),
    [
        ([sample(1000)], [sample(4500)], 3500.0),
        ([kwh(1)], [sample(4500)], 3500.0),
        ([kwh(0.1)], [kwh(0.3)], 200.0),  # 0.3 - 0.1 is not 0.2 in binary fractions
        ([sample(1, unitOfMeasure={"multiplier": 3})], [sample(1500)], 500.0),
        ([sample(10, measurand="Energy.Active.Import.Register")], [sample(12.5)], 2.5),
        ([sample(5, phase="L1"), sample(6, phase="L2"), sample(7, phase="L3")],
         [sample(15, phase="L1"), sample(26, phase="L2"), sample(37, phase="L3")], 60.0),
        ([sample(5, phase="L1-N")], [sample(15, phase="L1-N")], 10.0),
        ([sample(100), sample(5, phase="L1")], [sample(300), sample(500, phase="L1")], 200.0),
        ([sample(100), sample(1, location="Inlet")], [sample(1, location="Inlet"), sample(250)],
         150.0),
        ([sample(100, location="Outlet")], [sample(250, location="Outlet")], 150.0),
        ([sample(230, measurand="Voltage")], [sample(231, measurand="Voltage")], None),
        ([sample(7, unitOfMeasure={"unit": "apples"})], [sample(9)], 0.0),
    ],
)  # fmt: skip
def test_energy_is_the_last_register_less_the_first(
    begin: list[Payload], end: list[Payload], energy: float | None
) -> None:
    assert measured(values(0, *begin), values(60, *end))["energyWh"] == energy


def test_intervals_count_where_there_is_no_register() -> None:
    def interval(value: float) -> Payload:
        return sample(value, measurand="Energy.Active.Import.Interval")

    facts = measured(
        values(15, interval(500)), values(30, interval(750)), values(45, interval(250))
    )
    assert facts["energyWh"] == 1500.0
    with_register = measured(values(0, sample(100), interval(9)), values(60, sample(300)))
    assert with_register["energyWh"] == 200.0


# ---- the guard ---------------------------------------------------------------------------


def test_an_offline_begin_of_0_does_not_become_910_kwh() -> None:
    facts = told(
        event("Started", 0, 0, 0, context="Transaction.Begin", offline=True),
        event("Updated", 1, 10, 910_000),
        event("Ended", 2, 20, 910_083, context="Transaction.End"),
    )
    assert facts["energyWh"] == 83.0
    assert facts["meterStart"] == 910_000.0
    assert "0 Wh" in str(facts["doubt"])
    assert "counts from 910000 Wh" in str(facts["doubt"])


def test_two_readings_of_which_one_must_be_wrong_prove_nothing() -> None:
    facts = told(
        event("Started", 0, 0, 0, context="Transaction.Begin"),
        event("Ended", 1, 300, 910_083, context="Transaction.End"),
    )
    assert facts["energyWh"] == 0.0
    assert facts["doubt"] is not None


def test_a_meter_that_goes_backwards_at_the_end_is_not_believed() -> None:
    facts = told(
        event("Started", 0, 0, 1000),
        event("Updated", 1, 10, 2000),
        event("Updated", 2, 20, 3000),
        event("Ended", 3, 30, 7),
    )
    assert (facts["energyWh"], facts["meterStop"]) == (2000.0, 3000.0)
    assert "7 Wh" in str(facts["doubt"])


def test_one_wrong_reading_in_between_changes_nothing() -> None:
    facts = told(
        event("Started", 0, 0, 1000),
        event("Updated", 1, 10, 2000),
        event("Updated", 2, 15, 0),
        event("Updated", 3, 20, 3000),
        event("Ended", 4, 30, 4000),
    )
    assert facts["energyWh"] == 3000.0


def test_a_socket_of_22_kw_does_not_deliver_100_kwh_in_an_hour() -> None:
    events = [event("Started", 0, 0, 1000), event("Ended", 1, 60, 101_000)]
    assert told(*events)["energyWh"] == 100_000.0
    facts = told(*events, limits=Limits(power=24_000))
    assert facts["energyWh"] == 0.0
    assert facts["doubt"] is not None


def test_a_meter_that_counts_each_session_from_0_is_believed() -> None:
    facts = told(
        event("Started", 0, 0, 0), event("Updated", 1, 30, 4000), event("Ended", 2, 60, 8000)
    )
    assert (facts["energyWh"], facts["doubt"]) == (8000.0, None)


def test_an_end_without_a_reading_is_told() -> None:
    facts = told(event("Started", 0, 0, 0), event("Updated", 1, 10, 900), event("Ended", 2, 60))
    assert facts["energyWh"] == 900.0
    assert "no reading at the end" in str(facts["doubt"])


@pytest.mark.parametrize("value", [1e300, -1e300, 10**15, float("inf")])
def test_numbers_beyond_any_meter_are_left_out(value: float) -> None:
    facts = measured(values(0, sample(1)), values(60, sample(value), sample(5, "Other")))
    assert facts["energyWh"] == 4.0


# ---- segments ----------------------------------------------------------------------------


def test_segments_are_cut_at_quarters_of_an_hour_and_add_up_to_the_energy() -> None:
    facts = told(
        event("Started", 0, 5, 0, chargingState="EVConnected"),
        event("Updated", 1, 10, 0, chargingState="Charging"),
        event("Updated", 2, 40, 3000, chargingState="SuspendedEV"),
        event("Ended", 3, 100, 3000),
    )
    shown = [
        (each["from"][11:16], each["to"][11:16], each["state"], each["energyWh"])
        for each in facts["segments"]  # type: ignore[attr-defined]
    ]
    assert shown == [
        ("00:05", "00:10", "EVConnected", 0.0),
        ("00:10", "00:15", "Charging", 500.0),
        ("00:15", "00:30", "Charging", 1500.0),
        ("00:30", "00:40", "Charging", 1000.0),
        ("00:40", "01:40", "SuspendedEV", 0.0),
    ]


# ---- rows --------------------------------------------------------------------------------


def test_the_usual_measurands_become_columns_in_plain_units() -> None:
    meter_value = values(
        0,
        sample(12.5, "Sample.Periodic", unitOfMeasure={"unit": "kWh"}),
        sample(11, measurand="Power.Active.Import", unitOfMeasure={"unit": "kW"}),
        sample(16, measurand="Current.Import", phase="L1", unitOfMeasure={"unit": "A"}),
        sample(15, measurand="Current.Import", phase="L2", unitOfMeasure={"unit": "A"}),
        sample(230, measurand="Voltage", phase="L1-N", unitOfMeasure={"unit": "V"}),
        sample(232, measurand="Voltage", phase="L2-N", unitOfMeasure={"unit": "V"}),
        sample(55, measurand="SoC", unitOfMeasure={"unit": "Percent"}),
    )
    shown = {name: value for name, value in columns(meter_value).items() if value is not None}
    assert shown == {
        "context": "Sample.Periodic",
        "energyImport": 12500.0,
        "powerImport": 11000.0,
        "currentImport": 16.0,
        "voltage": 231.0,
        "soc": 55.0,
    }


def test_signed_values_are_found() -> None:
    one = {
        "signedMeterData": "ZGF0YQ==",
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "a2V5",
    }
    assert signed(values(0, sample(1, signedMeterValue=one), sample(2))) == [one]
