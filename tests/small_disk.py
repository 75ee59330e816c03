"""A disk of two megabytes, however we may have one."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 2 * 1024 * 1024


class SmallDisk(ABC):
    """`folder` has little room until `grow`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def grow(self) -> None:
        """Somebody made room."""


class RealDisk(SmallDisk):
    """A file system of its own, in memory."""

    def grow(self) -> None:
        _run("mount", "-o", "remount,size=64m", str(self.folder))


class LimitedFiles(SmallDisk):
    """This process may write no file longer than that; needs no rights."""

    def grow(self) -> None:
        _limit_files(resource.getrlimit(resource.RLIMIT_FSIZE)[1])


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _limit_files(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def real_disk(folder: Path) -> Iterator[SmallDisk]:
    """Needs the right to mount."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)):
        raise PermissionError(f"cannot mount at {folder}")
    try:
        yield RealDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def limited_files(folder: Path) -> Iterator[SmallDisk]:
    """For whoever may not mount."""
    before, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    _limit_files(SIZE)
    try:
        yield LimitedFiles(folder)
    finally:
        _limit_files(before)


def may_mount(folder: Path) -> bool:
    """Whether `real_disk` works here."""
    with contextlib.suppress(PermissionError, FileNotFoundError), real_disk(folder):
        return True
    return False
