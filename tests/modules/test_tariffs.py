"""I01-I03: which tariff applies, and that it goes on to hold for sessions that began with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.keys import connector_key
from citrine_py.model.stations import (
    CHARGING_STATION,
    CONNECTOR,
    LOCATION,
    ChargingStation,
    Connector,
    Location,
)
from citrine_py.model.tariffs import TARIFF, Tariff
from citrine_py.modules.tariffs import TariffCheck, TariffPricing, frozen
from tests.fakes import FakeRecords
from tests.modules.priced import NIGHT, Session, segment, tariff, utc

NOON = utc("2026-01-15T12:00")
CHARGED = [segment("2026-01-15T12:00", 60, "Charging", 10_000)]


class World:
    """A station cp001 at a location, with a connector of type 2 and one of CCS."""

    def __init__(self) -> None:
        self.records = FakeRecords()
        self.records.have(LOCATION, Location(id="l1"))
        self.records.have(CHARGING_STATION, ChargingStation(id="cp001", location="l1"))
        self.records.have(CHARGING_STATION, ChargingStation(id="cp002"))
        for number, kind in ((1, "cType2"), (2, "cCCS2")):
            key = connector_key("cp001", number, 1)
            self.records.have(
                CONNECTOR,
                Connector(id=key, station="cp001", evseId=number, connectorId=1,
                          connectorType=kind),
            )  # fmt: skip
        self.pricing = TariffPricing(self.records)
        self.check = TariffCheck(self.records, self.pricing)

    def have(self, *tariffs: Tariff) -> None:
        for each in tariffs:
            self.records.have(TARIFF, each)

    def applies(self, station: str = "cp001", evse: int | None = 1, **at: Any) -> str | None:
        found = self.pricing.applicable(station, evse, None if evse is None else 1, **{
            "at": NOON, **at
        })  # fmt: skip
        return None if found is None else found.id

    def shown(self, key: str) -> str | None:
        record = self.records.get(TARIFF, key)
        assert record is not None
        return record.problem


# ---- which one -------------------------------------------------------------------------


def test_without_a_tariff_there_is_no_cost() -> None:
    world = World()
    world.have(tariff(id="nowhere"))

    assert world.applies() is None
    assert world.pricing.running(Session(CHARGED, startedAt=NOON), NOON) is None
    assert world.pricing.final(Session(CHARGED, startedAt=NOON)) is None


def test_the_nearer_to_the_station_the_stronger() -> None:
    """Each is tried after the nearer ones are gone."""
    world = World()
    world.have(
        tariff(id="default", isDefault=True),
        tariff(id="names-location", location="l1"),
        tariff(id="of-location"),
        tariff(id="names-station", stationId="cp001"),
        tariff(id="of-station"),
    )
    world.records.edit(LOCATION, "l1", tariff="of-location")
    world.records.edit(CHARGING_STATION, "cp001", tariff="of-station")

    found = []
    for _ in range(5):
        found.append(world.applies())
        world.records.edit(TARIFF, str(found[-1]), connectorType="cGBT")  # fits no longer

    assert found == ["of-station", "names-station", "of-location", "names-location", "default"]
    assert world.applies() is None


def test_elsewhere_only_the_default_applies() -> None:
    world = World()
    world.have(tariff(id="default", isDefault=True), tariff(id="here", location="l1"))

    assert world.applies("cp002") == "default"
    assert world.applies("unknown") == "default"


def test_one_for_the_connectors_type_goes_before_one_for_all() -> None:
    world = World()
    world.have(
        tariff(id="a-all", location="l1"),
        tariff(id="b-dc", location="l1", connectorType="cCCS2"),
    )

    assert (world.applies(evse=1), world.applies(evse=2)) == ("a-all", "b-dc")
    assert world.applies(evse=None) == "a-all", "which connector it will be is not known"


def test_a_connector_that_is_not_named_is_told_by_its_evse() -> None:
    world = World()
    world.have(tariff(id="dc", isDefault=True, connectorType="cCCS2"))

    applicable = world.pricing.applicable
    assert applicable("cp001", 2, None, NOON) is not None
    assert applicable("cp001", 1, None, NOON) is None
    assert applicable("cp001", 7, 1, NOON) is None


def test_a_tariff_applies_while_it_is_valid_and_the_newest_goes_first() -> None:
    world = World()
    world.have(
        tariff(id="a-always", isDefault=True),
        tariff(id="b-january", isDefault=True, validFrom=utc("2026-01-01T00:00"),
               validUntil=utc("2026-02-01T00:00")),
        tariff(id="c-2025", isDefault=True, validFrom=utc("2025-01-01T00:00")),
    )  # fmt: skip

    at = ("2025-06-01T00:00", "2026-01-01T00:00", "2026-01-31T23:59", "2026-02-01T00:00")
    found = [world.applies(at=utc(each)) for each in at]

    assert found == ["c-2025", "b-january", "b-january", "c-2025"]
    assert world.applies(at=utc("2024-12-31T00:00")) == "a-always"


def test_equals_are_told_apart_the_same_way_every_time() -> None:
    world = World()
    world.have(tariff(id="b", isDefault=True), tariff(id="a", isDefault=True))

    assert world.applies() == "a"


# ---- what cannot be read ---------------------------------------------------------------


def test_a_tariff_that_cannot_be_read_is_shown_logged_and_passed_over() -> None:
    world = World()
    world.have(
        tariff(id="wrong", location="l1", currency="EURO"), tariff(id="default", isDefault=True)
    )

    world.check.all()

    assert world.shown("wrong") == "currency: EURO is no code of ISO 4217, such as EUR"
    assert world.shown("default") is None
    assert world.applies() == "default"


def test_once_it_is_right_it_applies_and_nothing_is_said_any_more() -> None:
    world = World()
    world.have(tariff(id="t", isDefault=True, pricePerKwh="-1"))
    world.check.all()
    assert world.applies() is None

    world.records.edit(TARIFF, "t", pricePerKwh=Decimal("0.5"))
    world.check.changed("t", None, world.records.get(TARIFF, "t"))

    assert (world.shown("t"), world.applies()) == (None, "t")


def test_what_is_shown_already_is_not_written_again() -> None:
    world = World()
    world.have(tariff(id="t", currency="EURO"))

    world.check.all()
    world.check.all()

    assert len(world.records.posted) == 1


def test_a_tariff_that_was_removed_leaves_nothing_behind() -> None:
    world = World()
    world.have(tariff(id="t", isDefault=True))
    world.check.all()

    world.check.changed("t", world.records.get(TARIFF, "t"), None)

    assert world.pricing.readings == {}


# ---- what a session goes on with -------------------------------------------------------


def test_i02_running_cost_says_with_which_tariff_it_was_reckoned() -> None:
    world = World()
    world.have(tariff(id="t", isDefault=True, pricePerMin="0.10"))

    found = world.pricing.running(Session(CHARGED, startedAt=NOON), utc("2026-01-15T13:30"))

    assert found is not None
    assert (found.tariff, str(found.total)) == ("t", "13.50 EUR")  # 4.50, 90 min


def test_i03_a_later_edit_of_the_tariff_changes_no_session_that_began_before() -> None:
    world = World()
    world.have(
        tariff(
            id="t",
            isDefault=True,
            periods=[NIGHT],
            taxRate=19,
            validFrom=utc("2026-01-01T00:00"),
        )
    )
    first = world.pricing.running(Session([], startedAt=NOON), NOON)
    assert first is not None
    kept = orjson.loads(orjson.dumps(first.breakdown))  # as the journal and Directus hold it
    session = Session(CHARGED, startedAt=NOON, tariff=first.tariff, costBreakdown=kept)

    world.records.edit(TARIFF, "t", pricePerKwh=Decimal(99), currency="USD", periods=None)
    after_an_edit = world.pricing.final(session)
    world.records._shelf(TARIFF).clear()
    after_its_removal = world.pricing.final(session)

    assert after_an_edit is not None
    assert after_its_removal is not None
    assert str(after_an_edit.total) == str(after_its_removal.total) == "4.50 EUR"
    assert after_an_edit.breakdown == after_its_removal.breakdown
    assert after_an_edit.breakdown["tariff"] == kept["tariff"]


def test_i03_of_its_tariff_alone_the_terms_are_those_of_now() -> None:
    """No cost was reckoned when it began."""
    world = World()
    world.have(tariff(id="mine"), tariff(id="other", isDefault=True, pricePerKwh=1))

    found = world.pricing.final(Session(CHARGED, startedAt=NOON, tariff="mine"))

    assert found is not None
    assert str(found.total) == "4.50 EUR"


@pytest.mark.parametrize("kept", [{"currency": "EURO", "id": "t"}, {"id": None}, "gone", None])
def test_terms_that_were_lost_are_those_of_the_tariff(kept: Any) -> None:
    world = World()
    world.have(tariff(id="t", isDefault=True))
    session = Session(CHARGED, startedAt=NOON, costBreakdown={"tariff": kept})

    found = world.pricing.final(session)

    assert found is not None
    assert str(found.total) == "4.50 EUR"


def test_frozen_terms_say_nothing_of_where_the_tariff_applies() -> None:
    kept = frozen(tariff(id="t", stationId="cp001", location="l1", isDefault=True, problem="x"))

    assert kept == {
        "id": "t", "currency": "EUR", "timeZone": "Europe/Berlin", "pricePerKwh": "0.45"
    }  # fmt: skip


# ---- before one charges ----------------------------------------------------------------


def test_i01_a_driver_is_told_the_tariff_of_the_place() -> None:
    world = World()
    world.have(tariff(id="dc", isDefault=True, connectorType="cCCS2", pricePerKwh="0.59"))

    text = world.pricing.text
    assert text("cp001", evse_id=2, at=NOON, language="en") == "0.59 EUR/kWh."
    assert text("cp001", evse_id=1, at=NOON, language="en") is None


def test_a_preview_tells_what_a_usual_charge_costs() -> None:
    """30 kWh are 13.50; 20 idle minutes less 10 of grace, 0.50."""
    world = World()
    world.have(tariff(id="t", pricePerMinIdle="0.05", idleGraceMinutes=10))

    found = world.pricing.preview(
        "t", kwh=Decimal(30), minutes=Decimal(45), idle_minutes=Decimal(20), at=NOON
    )

    assert str(found.total) == "14.00 EUR"


def test_a_preview_of_what_is_not_there_or_not_readable_says_so() -> None:
    world = World()
    world.have(tariff(id="wrong", taxRate=300))
    none = {"kwh": Decimal(1), "minutes": Decimal(1), "idle_minutes": Decimal(0), "at": NOON}

    with pytest.raises(NotFound):
        world.pricing.preview("other", **none)
    with pytest.raises(BadRequest, match="cannot be read: taxRate: must be at most 100"):
        world.pricing.preview("wrong", **none)
