"""Files of stations on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from citrine_py.errors import BadRequest, TooLarge
from citrine_py.store.log_files import StoredLogFiles

KEY = "0d6b1f5c-0000-4000-8000-000000000001"
LIMIT = 1000


async def chunks(*each: bytes) -> AsyncIterator[bytes]:
    for one in each:
        yield one


async def test_files_are_for_our_eyes_only_and_whole_or_not_there(tmp_path: Path) -> None:
    files = StoredLogFiles(tmp_path / "logs", LIMIT)
    assert files.names() == []
    assert await files.save(KEY, chunks(b"a" * 500, b"b" * 500)) == LIMIT
    path = files.path(KEY)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(TooLarge):
        await files.save(KEY, chunks(b"x" * 1001))
    assert path.read_bytes() == b"a" * 500 + b"b" * 500
    assert [each.name for each in path.parent.iterdir()] == [KEY] == list(files.names())
    for name in ("../x", "", "a/b", "x" * 65):
        with pytest.raises(BadRequest):
            files.path(name)
    files.remove(KEY)
    assert files.path(KEY) is None
