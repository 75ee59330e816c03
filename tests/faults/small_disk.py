"""A disk for the journal that is soon full, and can be given room again."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

ROOM = "64m"  # once there is room again


class SmallDisk(Protocol):
    """`kind` says what it is, for the report."""

    kind: str

    def hold(self, pid: int) -> None:
        """Is told of each process that uses it."""

    def give_room(self) -> None:
        """As an operator does it who removes something."""


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """A file system of `size` bytes mounted at `folder` where we may do that; else a limit on
    the size of every file of the process, which fails in much the same way."""
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield _FileSystem(folder) if mounted else _Limit(size)
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))


class _FileSystem:
    kind = "a file system of its own"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, pid: int) -> None:
        pass

    def give_room(self) -> None:
        assert _run("mount", "-o", f"remount,size={ROOM}", str(self._folder))


class _Limit:
    kind = "a limit on the size of files"

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: list[psutil.Process] = []

    def hold(self, pid: int) -> None:
        process = psutil.Process(pid)
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (self._size, hard))
        self._held.append(process)

    def give_room(self) -> None:
        for process in self._held:
            with suppress(psutil.NoSuchProcess):
                _, hard = process.rlimit(resource.RLIMIT_FSIZE)
                process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False
