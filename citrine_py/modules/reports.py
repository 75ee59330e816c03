"""B07, B08: the reports that we asked for, and putting their parts together.

A report comes as NotifyReport messages: numbered from 0, in any order, some twice,
perhaps never the last. `Report` is the pure bookkeeping of one; `Reports` knows
which are under way. What the parts hold is stored by `device_model`, not here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from zlib import crc32

from citrine_py.ports import Jobs, Latch, NewId

_KEPT = 16
"""Reports remembered for a station: late parts of those are still welcome."""


_AHEAD = 50_000
"""How far ahead of the first missing part one may be; what is farther is stored, not counted."""


@dataclass(slots=True)
class Report:
    """Which parts of a report are here.

    Attributes:
        request_id: the requestId that ties the parts together.
        variables: attributes received, those of repeated parts counted once.
    """

    request_id: int
    variables: int = 0
    _next: int = 0  # all parts below it are here
    _ahead: set[int] = field(default_factory=set)  # and these
    _last: int | None = None
    _waiting: Latch | None = None
    _given_up: bool = False

    def add(self, seq_no: int, *, tbc: bool, variables: int) -> bool:
        """Takes note of a part; False if it was here before, or cannot be one of a report.

        `tbc` (to be continued) is absent or false on the last part only. Where several
        claim to be the last, it is the one with the highest number.
        """
        new = self._next <= seq_no < self._next + _AHEAD and seq_no not in self._ahead
        if new:
            self._ahead.add(seq_no)
            self.variables += variables
            while self._next in self._ahead:
                self._ahead.remove(self._next)
                self._next += 1
        if not tbc:
            self._last = max(seq_no, -1 if self._last is None else self._last)
        self._tell()
        return new

    def give_up(self) -> None:
        """Nobody keeps this report any more: who waits for it waits in vain."""
        self._given_up = True
        self._tell()

    def _tell(self) -> None:
        if self._waiting is not None:
            self._waiting.set()

    @property
    def parts(self) -> int:
        """How many parts are here."""
        return self._next + len(self._ahead)

    @property
    def complete(self) -> bool:
        """Whether the last part and all before it are here."""
        return self._last is not None and not self.missing()

    def missing(self) -> tuple[int, ...]:
        """The numbers of parts that must exist and are not here; at most ten are named."""
        end = max(self._ahead, default=-1) if self._last is None else self._last
        gaps = (number for number in range(self._next, end + 1) if number not in self._ahead)
        return tuple(islice(gaps, 10))

    def lack(self) -> str:
        """What an incomplete report lacks, for people."""
        missing = ", ".join(str(number) for number in self.missing())
        if self._last is None:
            if not self.parts:
                return "no part of it came"
            came = "1 part did" if self.parts == 1 else f"{self.parts} parts did"
            told = f"the last part did not come; {came}"
            return f"{told}, without {missing}" if missing else told
        return f"the last part came, but part {missing} did not"

    async def another(self, jobs: Jobs, seconds: float) -> bool:
        """Waits for one more part, which may be a repeated one; False if none came.

        One waiter at a time."""
        self._waiting = jobs.latch()
        return not self._given_up and await self._waiting.wait(seconds) and not self._given_up


class Reports:
    """The reports that stations were asked for. In memory: a restart of the service asks anew."""

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id
        self._by_station: dict[str, OrderedDict[int, Report]] = {}

    def fresh_id(self) -> int:
        """A requestId that no other report has, for all practical purposes."""
        return crc32(self._new_id().encode()) & 0x7FFF_FFFF

    def expect(self, station: str, request_id: int) -> Report:
        """Begins a report; an earlier one of the same id is forgotten."""
        reports = self._by_station.setdefault(station, OrderedDict())
        self._drop(reports, request_id)
        report = reports[request_id] = Report(request_id)
        while len(reports) > _KEPT:
            self._drop(reports, next(iter(reports)))
        return report

    def find(self, station: str, request_id: int) -> Report | None:
        """The report of this id that the station was asked for."""
        reports = self._by_station.get(station)
        return reports.get(request_id) if reports is not None else None

    def forget(self, station: str, request_id: int) -> None:
        """The station will not send it."""
        reports = self._by_station.get(station)
        if reports is not None:
            self._drop(reports, request_id)
            if not reports:
                del self._by_station[station]

    @staticmethod
    def _drop(reports: OrderedDict[int, Report], request_id: int) -> None:
        report = reports.pop(request_id, None)
        if report is not None:
            report.give_up()
