"""Three-way merge: our new definition, what we applied last, what Directus holds now.

A value is ours to change only while it still is what we made it. Where our
definition did not change, or an operator changed the value, it stays. Pure.
A list of a permission's fields is merged name by name: whoever grants operators a
field of his own must not cut them off from those that we add later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    """One object as it was last applied: what our files said, and what Directus then held
    (it normalizes some values)."""

    source: Values
    live: Values


def changes(ours: Values, applied: Applied | None, theirs: Values) -> dict[str, Any]:
    """The values to write. Without a record of an earlier application, only those that
    Directus has none for."""
    found: dict[str, Any] = {}
    for name, value in ours.items():
        held = theirs.get(name)
        if held == value:
            continue
        if applied is None:
            mine = held is None
        else:
            mine = applied.source.get(name) != value and held == applied.live.get(name)
        if mine:
            found[name] = value
    return found


def names(ours: Sequence[str], before: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """A list of names, merged name by name: `theirs`, with what we have added to the list since
    `before`, without what we have taken from it. `*` is every name already."""
    if "*" in theirs:
        return list(theirs)
    kept = [name for name in theirs if name in ours or name not in before]
    return kept + [name for name in ours if name not in before and name not in theirs]


def as_applied(
    ours: Values, theirs: Values, before: Applied | None, written: Iterable[str]
) -> Applied:
    """What to remember, `theirs` being read after the values called `written` were written.

    A value that an operator holds against ours is remembered as it was before, so that it
    stays the operator's; so is one that our definition no longer has, for it may come back.
    """
    done = set(written)
    live: dict[str, Any] = dict(before.live) if before is not None else {}
    for name, value in ours.items():
        if name in done:
            live[name] = theirs.get(name)
        elif before is not None:
            live[name] = before.live.get(name)
        else:
            live[name] = value
    return Applied({**(before.source if before is not None else {}), **ours}, live)
