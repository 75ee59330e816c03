"""From where to catch up with a collection: the marks of Directus that can be relied on.

An event may be of before a mark and yet come after what was read for it; the
next event puts that right, unless the subscription is cut between the two. So
a mark that was taken while events came is relied on only some time later; when
the subscription drops before, an older one counts again. No I/O in here.
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.ports import Clock

_LATE = 30.0  # seconds; an event takes milliseconds, on a machine out of breath longer


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a question for marks was asked; `quiet` when no events came then."""

    at: float
    quiet: bool
    era: int


class Marks:
    """The marks of all collections."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._marks: dict[str, list[tuple[Stamp, str]]] = {}
        self._listening = False
        self._era = 0

    def since(self, name: str) -> str | None:
        """The mark to ask from; None if there is none to rely on."""
        marks = self._marks.get(name)
        return marks[-1][1] if marks else None

    def stamp(self) -> Stamp:
        """Taken before Directus is asked, for `put`."""
        return Stamp(self._clock.monotonic(), not self._listening, self._era)

    def put(self, name: str, mark: str, stamp: Stamp) -> None:
        """All that was different when the question was asked has been read."""
        if not stamp.quiet and stamp.era != self._era:
            return  # events were lost meanwhile
        marks = [*self._marks.get(name, ()), (stamp, mark)]
        relied_on = [at for at, (each, _) in enumerate(marks) if self._reliable(each)]
        self._marks[name] = marks[relied_on[-1] if relied_on else 0 :]

    def forget(self) -> None:
        """Everything has to be read anew."""
        self._era += 1
        self._marks.clear()

    def listen(self) -> None:
        """Events come from now on."""
        self._listening = True
        self._era += 1

    def lost(self, *, listening: bool) -> None:
        """Events were lost; whether more come."""
        self._listening = listening
        self._era += 1
        for name, marks in self._marks.items():
            self._marks[name] = [each for each in marks if self._reliable(each[0])][-1:]

    def _reliable(self, stamp: Stamp) -> bool:
        return stamp.quiet or self._clock.monotonic() - stamp.at > _LATE
