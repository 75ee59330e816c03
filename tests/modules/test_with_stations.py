"""The rules with the real edge, jobs and hasher, and simulated stations on loopback.

What fakes cannot show: that answers leave before what they set off, and that long
reports, lost lines and new passwords go well with real frames. Records are faked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from citrine_py.edge.config import CallLimits, ListenerConfig
from citrine_py.edge.listener import Listener
from citrine_py.edge.registry import Registry
from citrine_py.edge.stats import EdgeStats
from citrine_py.errors import StationSilent
from citrine_py.live import Live
from citrine_py.model.operations import OCPP_MESSAGE
from citrine_py.model.stations import BOOT, CHARGING_STATION, Boot, ChargingStation
from citrine_py.model.tariffs import TARIFF
from citrine_py.model.times import iso
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.all_blocks import BlockRules, Needs
from citrine_py.modules.authorization import TokenRules
from citrine_py.modules.bindings import build
from citrine_py.modules.boot import BootRules
from citrine_py.modules.certificate_bindings import CertificateNeeds
from citrine_py.modules.charging_bindings import TransactionRules
from citrine_py.modules.job_bindings import JobNeeds
from citrine_py.modules.token_bindings import TokenNeeds
from citrine_py.modules.wish_bindings import WishNeeds
from citrine_py.outside.ocmf import OcmfSignatures
from citrine_py.ports import Payload
from citrine_py.runtime import BcryptHasher, SystemClock, TaskJobs, new_id
from citrine_py.simulator.scenarios import Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation
from tests.conformance import raw
from tests.fakes import FakeRecords
from tests.fakes_certificates import FakeReader
from tests.fakes_jobs import FakeLogFiles
from tests.fakes_tokens import FakeCertificates
from tests.fakes_webhooks import FakeWebhookPosts
from tests.modules.priced import tariff
from tests.modules.world import SCHEMAS

PACE = Pace(retry=0.3, reboot=0.05, first_wait=0.05, longest_wait=0.2)
OLD = "the-old-password.0123456789"
NEW = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"


class House:
    """The rules behind two real listeners."""

    def __init__(self) -> None:
        self.records = FakeRecords()
        self.jobs = TaskJobs()
        self.clock = SystemClock()
        self.stats = EdgeStats()
        self.registry = Registry(self.stats)
        self.hasher = BcryptHasher(rounds=4)
        self.rules = build(
            Needs(
                records=self.records,
                stations=self.registry,
                jobs=self.jobs,
                clock=self.clock,
                new_id=new_id,
                hasher=self.hasher,
                schemas=SCHEMAS,
                signatures=OcmfSignatures(),
                tokens=TokenNeeds(FakeCertificates()),
                certificates=CertificateNeeds(FakeReader()),
                station_jobs=JobNeeds(FakeLogFiles()),
                wishes=WishNeeds(),
                webhooks=FakeWebhookPosts(),
            ),
            Live(BootRules(retry_interval=1)),
            BlockRules(
                Live(TokenRules()), TransactionRules(cost_interval=Live(0.1)), report_timeout=0.5
            ),
        )
        self.open = self._listener("open", 0, allow_unknown=True)
        self.closed = self._listener("password", 1, allow_unknown=False)

    def _listener(self, name: str, profile: Literal[0, 1], *, allow_unknown: bool) -> Listener:
        config = ListenerConfig(
            id=name,
            host="127.0.0.1",
            port=0,
            security_profile=profile,
            subprotocols=("ocpp2.0.1",),
            allow_unknown=allow_unknown,
        )
        return Listener(
            config,
            admission=self.rules.admission,
            dispatch=self.rules.dispatch,
            presence=self.rules.presence,
            frames=self.rules.frames,
            registry=self.registry,
            schemas=SCHEMAS,
            clock=self.clock,
            new_id=new_id,
            limits=CallLimits(timeout=Live(5.0)),
            stats=self.stats,
        )

    def station(self, password: str | None = None, **more: Any) -> SimulatedStation:
        listener = self.open if password is None else self.closed
        url = f"ws://127.0.0.1:{listener.port}"
        return SimulatedStation(StationConfig(url=url, password=password, pace=PACE, **more))

    def pending(self, **fields: Any) -> None:
        self.records.have(CHARGING_STATION, ChargingStation(id="cp001"))
        self.records.have(BOOT, Boot(id="cp001", station="cp001", status="Pending", **fields))

    @property
    def boot(self) -> Boot:
        boot = self.records.get(BOOT, "cp001")
        assert boot is not None
        return boot

    async def until_progress(self, step: str) -> None:
        async with asyncio.timeout(10):
            while self.boot.progress != step:
                await asyncio.sleep(0.01)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    built = House()
    await built.open.start()
    await built.closed.start()
    yield built
    await built.open.stop()
    await built.closed.stop()
    await built.jobs.stop()
    built.hasher.close()


async def test_an_unknown_station_boots_and_is_recorded(house: House) -> None:
    async with house.station() as it:
        await it.accepted()
        station = house.records.get(CHARGING_STATION, "cp001")
        assert station is not None
        assert (station.isOnline, station.registrationStatus) == (True, "Accepted")


@pytest.mark.parametrize("scenario", ["stay", "report-shuffled"])
async def test_a_report_of_thousands_of_variables_ends_in_acceptance(
    house: House, scenario: str
) -> None:
    house.pending(getBaseReportOnPending=True, bootRetryInterval=3600)
    async with house.station(variables=3000, scenario=scenario) as it:
        await it.accepted(30)
        assert house.boot.progress == "Done"
        assert len(house.records.all(VARIABLE_ATTRIBUTE)) >= 3000
    frames = [m.action for m in house.records.all(OCPP_MESSAGE) if m.type != "CALLERROR"]
    first = frames.index("BootNotification")
    assert frames[first : first + 3] == ["BootNotification", "BootNotification", "GetBaseReport"]


async def test_an_interrupted_report_is_asked_for_again(house: House) -> None:
    house.pending(getBaseReportOnPending=True)
    async with house.station(variables=300, scenario="report-interrupted") as it:
        await it.accepted(20)
        assert len([seen for seen in it.calls if seen.action == "GetBaseReport"]) == 2


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("report-endless", "the last part did not come"),
        ("report-refused", "GetBaseReport was answered Rejected"),
    ],
)
async def test_a_report_that_fails_is_visible_and_tried_again(
    house: House, scenario: str, told: str
) -> None:
    house.pending(getBaseReportOnPending=True)
    async with house.station(variables=100, scenario=scenario) as it:
        await house.until_progress("Failed")
        assert told in (house.boot.progressInfo or "")
        await it.until(lambda it: len([s for s in it.calls if s.action == "GetBaseReport"]) > 1)


async def test_variables_that_need_a_reboot_lead_to_a_reset_and_to_acceptance(
    house: House,
) -> None:
    row = {"component": "SecurityCtrlr", "variable": "Identity", "value": "x"}
    house.pending(pendingBootSetVariables=[row], bootWithRejectedVariables=True)
    async with house.station() as it:
        await it.accepted(20)
        assert it.calls[0].action == "SetVariables"


async def test_a_new_password_reaches_the_station_and_the_old_one_ends(house: House) -> None:
    await house.rules.passwords.set_password("cp001", OLD, set_on_charger=True)
    async with house.station(OLD) as it:
        await it.accepted()
        outcome = await house.rules.passwords.set_password("cp001", NEW, set_on_charger=False)
        assert outcome.success
        await it.until(lambda it: it.connections == 2)
    async with house.station(OLD) as old:
        await old.until(lambda it: it.refusal == 401)
    assert NEW not in repr(house.records.all(OCPP_MESSAGE))


async def test_a_password_whose_answer_is_lost_locks_nobody_out(house: House) -> None:
    await house.rules.passwords.set_password("cp001", OLD, set_on_charger=True)
    async with house.station(OLD, scenario="password-unanswered") as it:
        await it.accepted()
        with pytest.raises(StationSilent):
            await house.rules.passwords.set_password("cp001", NEW, set_on_charger=False)
        await it.until(lambda it: it.connections == 2)
        assert it.password == NEW
    async with house.station(OLD) as old:
        await old.until(lambda it: it.refusal == 401)


async def test_i02_a_station_that_shows_it_is_told_the_running_cost(house: House) -> None:
    house.records.have(TARIFF, tariff(isDefault=True, sendCostUpdated=True))
    for variable in ("Available", "Enabled"):
        shows = {"component": "TariffCostCtrlr", "variable": variable, "variableInstance": "Cost"}
        row = VariableAttribute(id=variable, station="cp001", type="Actual", value="true", **shows)
        house.records.have(VARIABLE_ATTRIBUTE, row)
    begun = datetime.now(UTC) - timedelta(minutes=10)

    def told(kind: str, seq_no: int, minutes: float, wh: float) -> Payload:
        at = iso(begun + timedelta(minutes=minutes))
        return {
            "eventType": kind,
            "seqNo": seq_no,
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "transactionInfo": {"transactionId": "tx-1", "chargingState": "Charging"},
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh}]}],
        }

    house.rules.cost_updates.start()
    costs = []
    async with raw.station(f"ws://127.0.0.1:{house.open.port}", "cp001") as it:
        await it.booted()
        for event in (told("Started", 0, 0, 1000), told("Updated", 1, 10, 3000)):
            await it.call("TransactionEvent", event)
            asked = await it.asked("CostUpdated")
            await it.answer(asked, {})
            costs.append(asked.payload)
    assert costs == [{"totalCost": cost, "transactionId": "tx-1"} for cost in (0, 0.9)]
