"""What the edge, the store and webhooks count, as samples for /metrics. Names are public: they are
documented in docs/reference.md and changed with a changelog entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from citrine_py.api.metrics import Sample
from citrine_py.edge.stats import EdgeStats
from citrine_py.outside.webhooks import WebhookStats
from citrine_py.store.stats import StoreStats


def edge_samples(stats: EdgeStats, *, stations: int) -> Iterator[Sample]:
    """Connections, frames and refusals."""
    yield Sample("citrine_stations_connected", stations, "Stations connected now")
    yield Sample("citrine_connections_open", stats.open, "Open station connections")
    yield _total("citrine_connections_accepted", stats.accepted, "Upgrades accepted")
    yield _total("citrine_connections_replaced", stats.replaced, "Connections replaced by newer")
    yield _total("citrine_connections_stalled", stats.stalled, "Connections cut: nothing was read")
    yield _total("citrine_frames_slowed", stats.slowed, "Frames that came faster than allowed")
    yield from _each("citrine_upgrades_refused", stats.refused, "reason", "Upgrades refused")
    yield from _each("citrine_frames_received", stats.received, "type", "Frames from stations")
    yield from _each("citrine_frames_sent", stats.sent, "type", "Frames to stations")
    yield from _each("citrine_call_errors", stats.call_errors, "code", "CALLERRORs sent")


def store_samples(stats: StoreStats) -> Iterator[Sample]:
    """Journal, flushes and Directus."""
    yield Sample("citrine_journal_rows", stats.journal_rows, "Changes not in Directus yet")
    yield Sample("citrine_journal_filling", stats.journal_filling, "Part of the journal in use")
    yield _total("citrine_journal_commits", stats.journal_commits, "Commits of the journal")
    yield Sample("citrine_dead_letters", stats.dead_letters, "Records with a refused change now")
    yield _total("citrine_records_rejected", stats.rejected, "Changes that Directus refused")
    yield _total("citrine_messages_dropped", stats.dropped_posts, "Log rows dropped")
    yield _total("citrine_writes_refused", stats.refused_writes, "Writes refused: no room")
    yield Sample("citrine_directus_away_seconds", stats.directus_away, "Since Directus went away")
    yield Sample("citrine_cache_staleness_seconds", stats.staleness, "Age of unseen edits, at most")
    yield from _each("citrine_directus_calls", stats.directus_calls, "kind", "Calls to Directus")
    yield from _each("citrine_rows_read", stats.rows_read, "reason", "Rows read into memory")
    yield _total("citrine_reads_from_memory", stats.found_in_memory, "On demand, from memory")
    yield _total("citrine_reads_from_directus", stats.read_on_demand, "On demand, from Directus")
    yield Sample("citrine_records_on_demand", stats.on_demand_records, "Kept after a read")
    for collection, count in stats.records.items():
        labels = {"collection": collection}
        yield Sample("citrine_records", count, "Records in memory", labels=labels)


def webhook_samples(stats: WebhookStats) -> Iterator[Sample]:
    """Posts to subscribers."""
    yield Sample("citrine_webhooks_waiting", stats.waiting, "Posts that wait now")
    yield _total("citrine_webhooks_delivered", stats.delivered, "Posts that arrived")
    yield _total("citrine_webhooks_failed", stats.failed, "Tries to post in vain")
    yield _total("citrine_webhooks_dropped", stats.dropped, "Posts given up")


def _total(name: str, value: float, text: str) -> Sample:
    return Sample(name, value, text, "counter")


def _each(name: str, counts: Mapping[str, int], label: str, text: str) -> Iterator[Sample]:
    for key, count in counts.items():
        yield Sample(name, count, text, "counter", {label: key})
