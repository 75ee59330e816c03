"""How much undelivered changes may take, and do: of memory and, at most as much, of the disk.

Pure bookkeeping, no I/O. What to drop when there is no room is `thrift`'s to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from citrine_py.errors import StoreUnavailable

ROW_COST = 1100
"""Bytes of memory that a change takes besides its JSON, as measured; on disk it is about 40."""


class JournalFull(StoreUnavailable):
    """There is no room for a write; `lack` is how many bytes too few."""

    def __init__(self, lack: int) -> None:
        super().__init__("the journal is full; Directus has been away for too long")
        self.lack = lack


class Room:
    """What each undelivered change takes.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._sizes: dict[int, int] = {}

    @property
    def rows(self) -> int:
        """Undelivered changes."""
        return len(self._sizes)

    @property
    def filling(self) -> float:
        """How full it is, 0 to 1."""
        return self.used / self.limit

    def admit(self, changes: Sequence[bytes]) -> None:
        """Nothing, if there is room for these changes together.

        Raises:
            JournalFull: there is not.
        """
        lack = self.used + sum(map(_cost, changes)) - self.limit
        if lack > 0:
            raise JournalFull(lack)

    def take(self, seq: int, data: bytes) -> None:
        """A change is undelivered from now on."""
        self._sizes[seq] = _cost(data)
        self.used += self._sizes[seq]

    def free(self, seqs: Iterable[int]) -> None:
        """These changes are not, or not any more."""
        for seq in seqs:
            self.used -= self._sizes.pop(seq, 0)

    def size(self, seqs: Iterable[int]) -> int:
        """What these changes take."""
        return sum(self._sizes.get(seq, 0) for seq in seqs)


def _cost(data: bytes) -> int:
    return len(data) + ROW_COST
