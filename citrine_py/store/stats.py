"""What the store says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What the store says of itself, for metrics. Durations in seconds."""

    pending_rows: int
    journal_rows: int
    journal_bytes: int
    journal_filling: float
    journal_commits: int
    dead_letters: int
    """Records of which a change that Directus refused is set aside now."""
    rejected: int
    """Changes that it refused since the start."""
    dropped_posts: int
    refused_writes: int
    directus_calls: dict[str, int]
    directus_away: float
    """0 while Directus answers."""
    subscribed: bool
    staleness: float
    """How long an edit in Directus may have gone unseen; 0 while none can."""
    seconds_since_flush: float | None
    found_in_memory: int
    """Questions about large collections that were answered from memory."""
    read_on_demand: int
    """And those for which Directus was asked."""
    on_demand_records: int
    """Records of large collections in memory."""
    records: dict[str, int]
    """Records of resident collections, by collection."""
    rows_read: dict[str, int]
    """Rows of resident collections read, by why: `load`, `change` or `doubt`."""
