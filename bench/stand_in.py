"""citrine-py with a journal that is none: changes stay in memory, and nothing is synced.

To find out what the journal costs. It is no option of the product: a crash of
this service loses what it has answered.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from unittest.mock import patch

from citrine_py import cli
from citrine_py.store import journal, store
from citrine_py.store.journal import Change, Journal
from citrine_py.store.journal_file import JournalFile, Work


class NoFile(JournalFile):
    """Writes nothing."""

    def commit(self, work: Work) -> None:
        """See JournalFile."""


class NoJournal(Journal):
    """Says at once that it has a change."""

    def append(self, changes: Sequence[Change]) -> tuple[list[int], asyncio.Future[None]]:
        """See Journal."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return self.append_soon(changes), done


if __name__ == "__main__":
    with patch.object(store, "Journal", NoJournal), patch.object(journal, "JournalFile", NoFile):
        sys.exit(cli.main())
