"""K02: what to send where, so that a location never takes more than its limit. Pure.

Less is sent at once; more only as far as what is in force everywhere leaves room, so that the
limit holds while stations have not answered yet. What a station cannot be told just now (it is
away, or refuses profiles) stays reserved for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citrine_py.modules.power_shares import Car, shares

NOTICEABLE = 300.0
"""W by which a share must differ to be sent again, ..."""
NOTICEABLE_PART = 0.05
"""... and this part of what it was."""


@dataclass(frozen=True, slots=True)
class Charging:
    """A car, as far as the plan needs it.

    Attributes:
        car: what it may and would take.
        in_force: W that its station may give it as things stand.
        told: whether it has a share of its own, which in_force is then.
        due: whether its share runs out soon and must be sent again as it is.
        busy: whether a share of it is on its way.
    """

    car: Car
    in_force: float
    told: bool = False
    due: bool = False
    busy: bool = False


def plan(limit: float, reserved: float, charging: Sequence[Charging]) -> dict[str, float]:
    """The shares that are to be sent now, in W, by the car's key.

    `reserved`: W that others at the location may take whatever is sent.
    """
    left = max(limit - reserved, 0.0)
    target = shares(left, [each.car for each in charging])
    room = left - sum(each.in_force for each in charging)
    sent: dict[str, float] = {}
    for each in charging:
        wanted, now = target[each.car.key], each.in_force
        if each.busy:
            continue
        less = wanted < now and (room < 0 or _noticeable(wanted, now))
        if less or each.due or not each.told:
            sent[each.car.key] = min(wanted, now)
    for each in sorted(charging, key=lambda one: (one.car.order, one.car.key)):
        key, now = each.car.key, each.in_force
        more = target[key] - now
        if each.busy or more <= 0 or not (_noticeable(target[key], now) or key in sent):
            continue
        given = now + min(more, max(room, 0.0))
        if given < each.car.minimum and given < target[key]:
            continue  # it could not charge with that
        if given > now and (_noticeable(given, now) or key in sent):
            sent[key] = given
            room -= given - now
    return sent


def _noticeable(one: float, other: float) -> bool:
    if (one == 0) != (other == 0):
        return True
    return abs(one - other) > max(NOTICEABLE, NOTICEABLE_PART * other)
