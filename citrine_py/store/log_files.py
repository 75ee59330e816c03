"""Files that stations upload: one folder, one file for each job, for our own eyes only."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from citrine_py.errors import BadRequest, StoreUnavailable, TooLarge

_NAME = re.compile(r"[0-9A-Za-z-]{1,64}")
_PART = ".part"


class StoredLogFiles:
    """Implements ports_files.LogFiles.

    Args:
        folder: made when it is first needed.
        limit: bytes of a file, at most.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    async def save(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """See ports_files.LogFiles. It grows beside, and takes its name when it is whole."""
        final = self._file(name)
        growing = final.with_name(f"{name}.{uuid4().hex}{_PART}")
        try:
            size = await self._grow(growing, chunks)
            await asyncio.to_thread(os.replace, growing, final)
        except OSError as error:
            raise StoreUnavailable(f"the file cannot be kept: {error.strerror}") from None
        finally:
            growing.unlink(missing_ok=True)
        return size

    def path(self, name: str) -> Path | None:
        """See ports_files.LogFiles."""
        file = self._file(name)
        return file if file.is_file() else None

    def names(self) -> Sequence[str]:
        """See ports_files.LogFiles."""
        if not self._folder.is_dir():
            return []
        return [each.name for each in self._folder.iterdir() if each.suffix != _PART]

    def remove(self, name: str) -> None:
        """See ports_files.LogFiles."""
        self._file(name).unlink(missing_ok=True)

    async def _grow(self, path: Path, chunks: AsyncIterator[bytes]) -> int:
        size = 0
        with await asyncio.to_thread(self._open, path) as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(f"a file may have {self._limit} bytes")
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_flushed, file)
        return size

    def _open(self, path: Path) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(number, "wb")

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadRequest("a file's name is its job's id")
        return self._folder / name


def _flushed(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
