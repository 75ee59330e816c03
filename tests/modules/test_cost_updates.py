"""I02: stations that show costs are told the running one."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from citrine_py.errors import StationOffline, StationRefused, StationSilent
from citrine_py.live import Live
from citrine_py.model.keys import variable_attribute_key
from citrine_py.model.tariffs import TARIFF
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.cost_updates import CostUpdates
from citrine_py.modules.tariffs import TariffPricing
from tests.fakes import T0, FakeClock, FakeJobs, FakeRecords, FakeStations
from tests.modules.priced import Session, tariff
from tests.modules.world import SCHEMAS

ENABLED = {"Available": "true", "Enabled": "true", "Currency": "EUR"}


@dataclass
class Open:
    """ports.OpenTransactions."""

    sessions: list[Session] = field(default_factory=list)

    def active(self) -> list[Session]:
        return self.sessions


class World:
    """cp001 charges at 0.10 EUR a minute and shows costs."""

    def __init__(self, **variables: str) -> None:
        self.clock = FakeClock()
        self.jobs = FakeJobs(self.clock)
        self.records = FakeRecords()
        self.stations = FakeStations(SCHEMAS)
        self.open = Open([Session(startedAt=T0, segments=[charging()])])
        self.updates = CostUpdates(
            self.records, self.stations, self.jobs, self.clock, TariffPricing(self.records),
            self.open, interval=Live(30.0),
        )  # fmt: skip
        self.records.have(
            TARIFF,
            tariff(id="t", isDefault=True, pricePerKwh=None, pricePerMin="0.10",
                   sendCostUpdated=True),
        )  # fmt: skip
        self.stations.connect("cp001")
        self.stations.answers["CostUpdated"] = {}
        self.shows("cp001", **(variables or ENABLED))

    def shows(self, station: str, **variables: str) -> None:
        for name, value in variables.items():
            instance = None if name == "Currency" else "Cost"
            key = variable_attribute_key(
                station, "TariffCostCtrlr", name, variable_instance=instance
            )
            row = VariableAttribute(
                id=key, station=station, component="TariffCostCtrlr", variable=name,
                variableInstance=instance, type="Actual", value=value,
            )  # fmt: skip
            self.records.have(VARIABLE_ATTRIBUTE, row)

    async def after(self, minutes: float) -> list[Any]:
        """What stations have been told in all, with a round so many minutes after T0."""
        self.clock.advance((T0 - self.clock.now()).total_seconds() + minutes * 60)
        self.updates.round()
        await self.jobs.settle()
        return self.stations.sent("CostUpdated")


def charging() -> dict[str, Any]:
    return {"from": T0, "to": T0, "state": "Charging", "energyWh": 0}


def told(cost: float, transaction: str = "tx1") -> dict[str, Any]:
    return {"totalCost": cost, "transactionId": transaction}


# ---- who is told -----------------------------------------------------------------------


async def test_i02_a_station_that_shows_costs_is_told_the_running_cost() -> None:
    world = World()

    assert await world.after(10) == [told(1.0)]
    assert await world.after(15) == [told(1.0), told(1.5)]


async def test_i02_the_same_cost_is_not_told_again() -> None:
    world = World()
    world.records.edit(TARIFF, "t", maximumCost=Decimal(1))

    assert await world.after(10) == await world.after(20) == [told(1.0)]


@pytest.mark.parametrize(
    "variables",
    [
        {"Currency": "EUR"},  # does not say that it shows anything
        {"Available": "true", "Enabled": "false"},
        {"Available": "false"},
        {"Available": "true", "Enabled": "true", "Currency": "USD"},
    ],
)
async def test_i02_a_station_that_does_not_show_costs_is_not_told(
    variables: dict[str, str],
) -> None:
    world = World(**variables)

    assert await world.after(10) == await world.after(20) == []


@pytest.mark.parametrize(
    "variables",
    [{"Enabled": "True"}, {"Available": "TRUE"}, {"Enabled": "true", "Currency": "eur"}],
)
async def test_i02_it_is_enough_that_nothing_speaks_against_it(variables: dict[str, str]) -> None:
    world = World(**variables)

    assert await world.after(10) == [told(1.0)]


async def test_i02_what_a_station_says_of_tariffs_is_not_what_it_says_of_costs() -> None:
    world = World(Enabled="true")
    key = variable_attribute_key("cp001", "TariffCostCtrlr", "Enabled", variable_instance="Tariff")
    world.records.edit(
        VARIABLE_ATTRIBUTE, key, station="cp001", component="TariffCostCtrlr", variable="Enabled",
        variableInstance="Tariff", type="Actual", value="false",
    )  # fmt: skip

    assert await world.after(10) == [told(1.0)]


async def test_i02_only_tariffs_that_ask_for_it_are_told() -> None:
    world = World()
    world.records.edit(TARIFF, "t", sendCostUpdated=False)
    assert await world.after(10) == []

    world.records.edit(TARIFF, "t", sendCostUpdated=True)
    assert await world.after(20) == [told(2.0)]


async def test_i02_a_station_that_is_away_is_told_when_it_is_back() -> None:
    world = World()
    world.stations.disconnect("cp001", "gone")
    assert await world.after(10) == []

    world.stations.connect("cp001")
    assert await world.after(20) == [told(2.0)]


async def test_i02_transactions_without_station_tariff_or_id_are_passed_over() -> None:
    world = World()
    world.open.sessions += [Session(station=None), Session(transactionId=None)]
    world.records.edit(TARIFF, "t", currency="EURO")

    assert await world.after(10) == []


# ---- what goes wrong -------------------------------------------------------------------


async def test_i02_a_station_that_does_not_know_the_message_is_not_asked_again() -> None:
    world = World()
    world.stations.answers["CostUpdated"] = StationRefused("NotImplemented", "", {})

    assert await world.after(10) == await world.after(20) == [told(1.0)]


@pytest.mark.parametrize(
    "trouble",
    [StationSilent("no answer"), StationOffline("gone"), StationRefused("InternalError", "", {})],
)
async def test_i02_after_other_trouble_it_is_told_in_the_next_round(trouble: Exception) -> None:
    world = World()
    world.stations.answers["CostUpdated"] = [trouble, {}]

    assert await world.after(10) == [told(1.0)]
    assert await world.after(10) == [told(1.0), told(1.0)]
    assert await world.after(10) == [told(1.0), told(1.0)], "it knows now"


async def test_i02_while_directus_is_away_and_it_is_not_known_nothing_is_told() -> None:
    world = World()
    world.records.directus_away = True
    assert await world.after(10) == []

    world.records.directus_away = False
    assert await world.after(20) == [told(2.0)]

    world.records.directus_away = True
    assert await world.after(30) == [told(2.0), told(3.0)], "what it shows is known by then"


async def test_i02_a_station_that_does_not_answer_holds_up_no_other() -> None:
    world = World()
    world.stations.connect("cp002")
    world.shows("cp002", **ENABLED)
    world.open.sessions.append(
        Session(station="cp002", transactionId="tx2", startedAt=T0, segments=[charging()])
    )
    latch = world.jobs.latch()

    async def slow(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["transactionId"] == "tx1":
            await latch.wait(600)
        return {}

    world.stations.answers["CostUpdated"] = slow
    await world.after(10)
    sent = await world.after(20)

    assert sent == [told(1.0), told(1.0, "tx2"), told(2.0, "tx2")], "and is not asked twice"
    await world.jobs.stop()


async def test_what_was_known_of_a_transaction_goes_when_it_ends() -> None:
    world = World()
    await world.after(10)

    world.open.sessions.clear()
    await world.after(20)

    assert world.updates.told == {}


async def test_rounds_come_in_the_interval_for_as_long_as_the_service_runs() -> None:
    world = World()

    world.updates.start()
    await world.jobs.settle()

    assert set(world.clock.slept) == {30}
    costs = [each["totalCost"] for each in world.stations.sent("CostUpdated")]
    assert costs[0] == 0.05
    assert len(costs) > 2
    assert costs == sorted(costs)
    await world.jobs.stop()
