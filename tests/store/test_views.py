"""Collections with a source: a second view of a table, with the rows that its source lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.ports import Put
from citrine_py.store import store as module
from tests.store.support import eventually, fake_directus, running
from tests.store.things import SECRET, SITE


async def test_a_row_that_its_source_does_not_list_any_more_leaves_memory_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells: no event comes when time alone moves a row out of a view."""
    monkeypatch.setattr(module, "_VIEWS_EVERY", 0.5)
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(
            Put(SITE, "s", {}),
            Put(SECRET, "a", {"site": "s", "hash": "1"}),
            Put(SECRET, "b", {"site": "s", "hash": "2"}),
        )
        assert await store.records.settled(5)
        directus.tables["Reading"]["a"]["hash"] = None
        await eventually(lambda: store.records.get(SECRET, "a") is None)
        kept = store.records.get(SECRET, "b")
        assert kept is not None
        assert kept.hash == "2"


async def test_a_row_that_a_view_holds_is_known_to_be_in_directus(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "s", {}), Put(SECRET, "a", {"site": "s", "hash": "1"}))
        assert await store.records.settled(5)
        assert store._mirror.knows("Reading", "a") is True
        assert store._mirror.knows("Reading", "b") is None
        assert store._mirror.knows("Site", "t") is False
