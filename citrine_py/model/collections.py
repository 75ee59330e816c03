"""Every collection, parents before children."""

from __future__ import annotations

from typing import Any

from citrine_py.model import (
    authorizations,
    certificates,
    dead_letters,
    display_messages,
    jobs,
    monitoring,
    operations,
    reservations,
    stations,
    subscriptions,
    tariffs,
    transactions,
)
from citrine_py.model.collection import Collection

_SUBJECTS = (
    stations,
    authorizations,
    tariffs,
    transactions,
    reservations,
    certificates,
    jobs,
    monitoring,
    display_messages,
    subscriptions,
    operations,
    dead_letters,
)

COLLECTIONS: tuple[Collection[Any], ...] = tuple(
    sorted((each for subject in _SUBJECTS for each in subject.COLLECTIONS), key=lambda c: c.rank)
)
