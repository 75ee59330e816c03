"""Every collection, parents before children."""

from __future__ import annotations

from typing import Any

from citrine_py.model import (
    authorizations,
    certificates,
    charging_profiles,
    dead_letters,
    display_messages,
    jobs,
    monitoring,
    network_profiles,
    operations,
    reservations,
    stations,
    subscriptions,
    tariffs,
    transactions,
    variables,
    wishes,
)
from citrine_py.model.collection import Collection

_SUBJECTS = (
    stations,
    variables,
    wishes,
    authorizations,
    tariffs,
    transactions,
    reservations,
    certificates,
    network_profiles,
    jobs,
    monitoring,
    display_messages,
    charging_profiles,
    subscriptions,
    operations,
    dead_letters,
)

COLLECTIONS: tuple[Collection[Any], ...] = tuple(
    sorted((each for subject in _SUBJECTS for each in subject.COLLECTIONS), key=lambda c: c.rank)
)
