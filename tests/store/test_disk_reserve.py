"""Space is really kept back, given when needed, and kept again."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.store.disk_reserve import DiskReserve
from tests.small_disk import SIZE, limited_files


def test_the_reserve_takes_space_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    reserve = DiskReserve(path)
    assert reserve.held
    assert path.stat().st_size == reserve.size
    assert path.stat().st_blocks * 512 >= reserve.size
    reserve.release()
    assert not path.exists()
    assert not reserve.held
    assert reserve.keep()
    assert path.stat().st_size == reserve.size


def test_an_earlier_runs_reserve_is_taken_over_unless_it_is_too_small(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    size = DiskReserve(path).size
    before = path.stat().st_ino
    assert DiskReserve(path).size == size
    assert path.stat().st_ino == before
    path.write_bytes(b"")
    assert DiskReserve(path).size == size
    assert path.stat().st_size == size


def test_where_there_is_little_room_it_is_small(tmp_path: Path) -> None:
    with limited_files(tmp_path):
        reserve = DiskReserve(tmp_path / "reserve")
    assert reserve.held
    assert reserve.size <= SIZE


def test_where_there_is_none_it_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(self: DiskReserve) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DiskReserve, "_allocate", no_space)
    reserve = DiskReserve(tmp_path / "reserve")
    assert not reserve.held
    assert not reserve.keep()
    monkeypatch.undo()
    assert reserve.keep()
