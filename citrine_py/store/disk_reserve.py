"""Disk space kept back, so that a full disk can still be told what is delivered.

SQLite needs space even to delete. Without a reserve a disk that has run full would
stay so, however much Directus takes. Knows no journal, only one file of nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

_LARGEST = 16 * 1024 * 1024  # bytes
_SMALLEST = 64 * 1024
_SHARE = 8  # never more than this part of what is free


class DiskReserve:
    """A file at `path` that takes up space. `size` is what it has or had, in bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        wanted = min(_LARGEST, max(_SMALLEST, self.free() // _SHARE))
        self.size = path.stat().st_size if path.exists() else 0
        self.held = self.size >= wanted
        if not self.held:
            self.release()
            self.size = wanted
        while not self.keep() and self.size > _SMALLEST:
            self.size //= 2

    def keep(self) -> bool:
        """Takes the space, unless it is held; whether it is."""
        if not self.held:
            try:
                self._allocate()
            except OSError:  # no space, over the quota, read-only: whatever, it is not there
                self._path.unlink(missing_ok=True)
            else:
                self.held = True
        return self.held

    def release(self) -> None:
        """Gives the space to whoever needs it first."""
        self._path.unlink(missing_ok=True)
        self.held = False

    def free(self) -> int:
        """Bytes of the disk that are free besides."""
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize

    def _allocate(self) -> None:
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file, 0, self.size)
            else:
                os.write(file, bytes(self.size))
        finally:
            os.close(file)
