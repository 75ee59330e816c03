"""A fake for ports_files.LogFiles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path


class FakeLogFiles:
    """ports_files.LogFiles in a dictionary; it has no paths."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def save(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        self.kept[name] = b"".join([chunk async for chunk in chunks])
        return len(self.kept[name])

    def path(self, name: str) -> Path | None:
        return None

    def names(self) -> Sequence[str]:
        return list(self.kept)

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)
