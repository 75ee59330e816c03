"""Transactions in memory, against a real Directus: which are, which leave, what comes late."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from citrine_py.live import Live
from citrine_py.model.keys import transaction_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import iso
from citrine_py.model.transactions import (
    LIVE_DAYS,
    LIVE_TRANSACTION,
    METER_VALUE,
    TRANSACTION,
    TRANSACTION_EVENT,
)
from citrine_py.modules.all_blocks import BlockRules, Needs
from citrine_py.modules.authorization import TokenRules
from citrine_py.modules.bindings import Rules, build
from citrine_py.modules.boot import BootRules
from citrine_py.modules.certificate_bindings import CertificateNeeds
from citrine_py.modules.charging_bindings import TransactionRules
from citrine_py.modules.job_bindings import JobNeeds
from citrine_py.modules.token_bindings import TokenNeeds
from citrine_py.modules.wish_bindings import WishNeeds
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.ocmf import OcmfSignatures
from citrine_py.ports import Call, Payload, Put
from citrine_py.runtime import SystemClock, TaskJobs, new_id
from citrine_py.store.store import Store
from tests.fakes import T0, FakeHasher, FakeStations
from tests.fakes_certificates import FakeReader
from tests.fakes_jobs import FakeLogFiles
from tests.fakes_tokens import FakeCertificates
from tests.fakes_webhooks import FakeWebhookPosts
from tests.modules.charging import session
from tests.store.real import Real, a_store
from tests.store.support import eventually

pytestmark = pytest.mark.stack


LONG_AGO = datetime.now(UTC) - timedelta(days=LIVE_DAYS + 1)


def rules(store: Store) -> Rules:
    """The rules on this store; no station is connected."""
    return build(
        Needs(
            records=store.records,
            stations=FakeStations(),
            jobs=TaskJobs(),
            clock=SystemClock(),
            new_id=new_id,
            hasher=FakeHasher(),
            schemas=Schemas(),
            signatures=OcmfSignatures(),
            tokens=TokenNeeds(FakeCertificates()),
            certificates=CertificateNeeds(FakeReader()),
            station_jobs=JobNeeds(FakeLogFiles()),
            wishes=WishNeeds(),
            webhooks=FakeWebhookPosts(),
        ),
        Live(BootRules()),
        BlockRules(Live(TokenRules()), TransactionRules()),
    )


async def tell(rules: Rules, station: str, payload: Payload) -> None:
    call = Call(station, "TransactionEvent", payload, new_id(), "2.0.1", "s", datetime.now(UTC))
    await rules.dispatch.answer(call)


async def booted(store: Store, station: str) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {"registrationStatus": "Accepted"}))


async def rows(store: Store, collection: Any, station: str) -> list[Any]:
    return list(await store.records.find(collection, {"station": station}))


async def test_a_session_with_late_events_is_whole_in_directus(
    store: Store, real: Real, station: str
) -> None:
    await booted(store, station)
    house = rules(store)
    events = session()
    for each in (events[3], events[8], *events[:3], *events[4:8]):
        await tell(house, station, each)
    key = transaction_key(station, "tx-1")

    async def joined() -> bool:
        row = await real.row("Transaction", key)
        return row is not None and row["totalKwh"] == 8.0 and row["missingSeqNos"] is None

    async with asyncio.timeout(15):
        while not await joined():
            await asyncio.sleep(0.05)
    assert await store.records.settled(10)
    row = await real.row("Transaction", key)
    assert row is not None
    assert (row["isActive"], row["durationSeconds"], row["doubt"]) == (False, 3600, None)
    for collection in (TRANSACTION_EVENT, METER_VALUE):
        assert {each.transaction for each in await rows(store, collection, station)} == {key}
    assert store.stats().rejected == 0


async def test_the_next_start_has_what_runs_and_what_ended_lately(
    store: Store, real: Real, station: str, tmp_path: Path
) -> None:
    await booted(store, station)
    house = rules(store)
    now = (datetime.now(UTC) - T0).total_seconds() / 60
    for each in session(now - 70)[:4]:
        await tell(house, station, each)
    assert await store.records.settled(10)
    key = transaction_key(station, "tx-1")
    async with a_store(real, tmp_path / "second") as second:
        record = second.records.get(LIVE_TRANSACTION, key)
        assert record == store.records.get(LIVE_TRANSACTION, key)
        assert record is not None
        for each in session(now - 70)[4:]:
            await tell(rules(second), station, each)
        assert await second.records.settled(10)
        ended = second.records.get(LIVE_TRANSACTION, key)
        assert ended is not None
        assert (ended.energyWh, ended.isActive) == (8000.0, False)
        assert second.stats().rejected == 0


async def test_what_ended_long_ago_leaves_memory_and_still_takes_a_late_event(
    store: Store, real: Real, station: str
) -> None:
    await booted(store, station)
    house = rules(store)
    events = session()
    for each in (*events[:4], *events[5:]):
        await tell(house, station, each)
    key = transaction_key(station, "tx-1")
    await eventually(lambda: not house.transactions.late._waiting)
    assert await store.records.settled(10)
    await real.edit("Transaction", key, updatedAt=iso(LONG_AGO))
    await eventually(lambda: store.records.get(LIVE_TRANSACTION, key) is None)
    await tell(house, station, events[4])
    await eventually(lambda: store.records.get(LIVE_TRANSACTION, key) is not None)
    assert await store.records.settled(10)
    found = await store.records.find(TRANSACTION, {"id": key})
    assert (found[0].missingSeqNos, found[0].energyWh, found[0].isActive) == (None, 8000.0, False)
    assert store.records.get(LIVE_TRANSACTION, key) == found[0]
    assert store.stats().rejected == 0


async def test_an_id_that_is_used_again_does_not_overwrite_the_old_transaction(
    store: Store, real: Real, station: str
) -> None:
    await booted(store, station)
    house = rules(store)
    for each in session():
        await tell(house, station, each)
    key = transaction_key(station, "tx-1")
    await eventually(lambda: not house.transactions.late._waiting)
    assert await store.records.settled(10)
    await real.edit("Transaction", key, updatedAt=iso(LONG_AGO))
    await eventually(lambda: store.records.get(LIVE_TRANSACTION, key) is None)
    again = {**session()[0], "timestamp": iso(datetime.now(UTC))}
    await tell(house, station, again)
    assert await store.records.settled(10)
    row = await real.row("Transaction", key)
    assert row is not None
    assert (row["isActive"], row["energyWh"], row["lastSeqNo"]) == (False, 8000.0, 8)
