"""What a benchmark found out, and how it reads: spreads, ratios, one Markdown table.

Pure; no clock and no I/O. A speed is never told alone: it stands beside that of
something else which was measured in turn with it, and what counts is the ratio.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

HEADER = ("What", "citrine-py", "beside it", "ratio")


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the greatest of some measurements."""

    least: float
    middle: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(min(values), median(values), max(values))

    def told(self, unit: str = "") -> str:
        """For people: the middle, and the others in brackets where they differ."""
        least, middle, greatest = map(number, (self.least, self.middle, self.greatest))
        spread = "" if least == greatest else f" ({least} to {greatest})"
        return f"{middle}{spread} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: is measured, and under which load.
        ours: one value of citrine-py for each repeat.
        unit: of `ours` and `beside`.
        beside: the values of `other`, each measured next to the one of `ours` at its place.
        other: what citrine-py is compared with.
    """

    what: str
    ours: Sequence[float]
    unit: str
    beside: Sequence[float] = ()
    other: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """The row as it is printed."""
        beside = f"{self.other}: {Spread.of(self.beside).told(self.unit)}" if self.beside else ""
        ratio = Spread.of(self.ratios()).told() if self.beside else ""
        return self.what, Spread.of(self.ours).told(self.unit), beside, ratio

    def ratios(self) -> list[float]:
        """Ours by the other's, repeat by repeat."""
        return [ours / other for ours, other in zip(self.ours, self.beside, strict=True)]


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one benchmark."""

    title: str
    rows: Sequence[Row]


def table(sections: Iterable[Section]) -> str:
    """All of it in Markdown; every value is a median, with the least and the greatest."""
    lines = [_line(HEADER), _line(("---", "---", "---", "---"))]
    for section in sections:
        lines.append(_line((f"**{section.title}**", "", "", "")))
        lines += [_line(row.cells()) for row in section.rows]
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits, since more of them would change from run to run."""
    if abs(value) < 100:
        return f"{value:.3g}"
    return f"{round(value, 3 - len(str(int(abs(value))))):,.0f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of all lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
