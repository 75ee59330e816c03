"""/data/transactions: what scripts read of transactions, by CitrineOS' parameters and ours."""

from __future__ import annotations

from decimal import Decimal

import pytest

from citrine_py.model.keys import transaction_key
from citrine_py.model.transactions import TRANSACTION, Transaction
from tests.api.world import World

PATH = "/data/transactions/transaction"


def add(world: World, station: str, transaction_id: str, *, active: bool) -> None:
    key = transaction_key(station, transaction_id)
    record = Transaction(
        id=key,
        station=station,
        transactionId=transaction_id,
        isActive=active,
        totalCost=Decimal("3.60"),
    )
    world.records.have(TRANSACTION, record)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stationId=cp001&transactionId=a", ["a"]),
        ("stationId=cp001&isActive=true", ["b"]),
        ("stationId=cp001&isActive=false", ["a"]),
        ("isActive=true", ["b", "c"]),
        ("stationId=cp003", []),
    ],
)
async def test_transactions_are_selected(world: World, query: str, found: list[str]) -> None:
    add(world, "cp001", "a", active=False)
    add(world, "cp001", "b", active=True)
    add(world, "cp002", "c", active=True)
    status, rows = await world.call("GET", f"{PATH}?{query}")
    assert status == 200
    assert sorted(row["transactionId"] for row in rows) == found
    assert {row["totalCost"] for row in rows} <= {3.6}


async def test_a_truth_value_is_true_or_false(world: World) -> None:
    status, answer = await world.call("GET", f"{PATH}?isActive=perhaps")
    assert status == 400
    assert "true or false" in answer["payload"]


async def test_nobody_writes_transactions_by_the_api(world: World) -> None:
    status, _ = await world.call("PUT", f"{PATH}?stationId=cp001", {})
    assert status == 405
