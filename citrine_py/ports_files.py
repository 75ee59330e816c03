"""What the floors ask of each other about files that stations upload; as `ports`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol


class LogFiles(Protocol):
    """Files of stations, by the key of the job that they belong to."""

    async def save(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Keeps a file, whole or not at all, in place of an earlier one; its bytes.

        Raises:
            TooLarge: it is longer than a file may be.
            StoreUnavailable: the disk does not take it.
        """

    def path(self, name: str) -> Path | None:
        """Where the file is, if it is there."""

    def names(self) -> Sequence[str]:
        """All that are there."""

    def remove(self, name: str) -> None:
        """Removes a file; it need not be there."""


class LogUploads(Protocol):
    """Who may upload."""

    def expected(self, secret: str) -> str | None:
        """The key of the job whose file may be uploaded with this secret of its address."""

    async def taken(self, job: str, file_name: str | None, size: int) -> None:
        """The file is kept; the secret is worth nothing from now on."""
