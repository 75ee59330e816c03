"""What a row from Directus may change in memory, in orders that are hard to bring about."""

from __future__ import annotations

from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op
from citrine_py.store.mirror import Mirror
from citrine_py.store.on_demand import OnDemand
from citrine_py.store.pending import Pending
from tests.store.support import InstantClock
from tests.store.things import COLLECTIONS, SITE


def test_an_edit_told_of_before_the_answer_that_we_made_the_row_anew_is_not_forgotten() -> None:
    clock = InstantClock()
    cache, pending = Cache(COLLECTIONS), Pending()
    mirror = Mirror(cache, OnDemand(COLLECTIONS, 100, lambda: True), pending, clock)
    fields = {"model": "ours"}
    op = Op("Site", "s1", fields, replaces=True, views=frozenset({"Site"}), durable=True)
    pending.add(op)
    assert pending.take("Site", 1, clock.monotonic()) == [op]
    mirror.changed("Site", {"id": "s1", "model": "ours", "name": "theirs"})
    mirror.acknowledged(op)
    shelf = cache.shelf(SITE)
    assert mirror.doubts == {"Site": {"s1"}}
    with mirror.reading(shelf) as reading:
        row = {"id": "s1", "model": "ours", "name": "theirs"}
        mirror.loaded(reading, [row], mirror.doubts.pop("Site"))
    assert shelf.live["s1"].name == "theirs"
    assert not mirror.doubts
