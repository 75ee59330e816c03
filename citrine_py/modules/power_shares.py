"""K02: how the limit of a location is shared among the cars that charge there. Pure.

Every car gets the same, but for its weight, and no less than the minimum with which it can
charge at all. What a car does not draw goes to the others; what nobody needs is offered to all
again, so that a limit that is not needed limits nobody. Where the minimum of all does not fit,
those that come later in the order wait with nothing until others leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Car:
    """One that may charge. All powers in W.

    Attributes:
        order: who is first where not all can charge; lower comes first.
        minimum: with less it cannot charge.
        demand: what it would draw now, at least about.
        most: what it could ever use.
        weight: of its share, against the others'.
    """

    key: str
    order: tuple[float, str] = (0.0, "")
    minimum: float = 0.0
    demand: float = float("inf")
    most: float = float("inf")
    weight: float = 1.0


def shares(limit: float, cars: Iterable[Car]) -> dict[str, float]:
    """W for each car: in sum never more than `limit`; for each either nothing or its minimum at
    least. A car that gets nothing comes in its order after all that get something. With a
    higher limit no car gets less, as long as the same ones may charge."""
    limit = max(limit, 0.0)
    waiting = sorted(cars, key=lambda car: (car.order, car.key))
    given = dict.fromkeys((car.key for car in waiting), 0.0)
    admitted: list[Car] = []
    left = limit
    for car in waiting:
        needed = min(car.minimum, car.most)
        if needed > left:
            break
        left -= needed
        admitted.append(car)
    least = {car.key: min(car.minimum, car.most) for car in admitted}
    wanted = {car.key: min(max(car.demand, least[car.key]), car.most, limit) for car in admitted}
    first = _filled(limit, admitted, least, wanted)
    most = {car.key: min(car.most, limit) for car in admitted}
    return given | _filled(limit, admitted, first, most)


def _filled(
    limit: float, cars: Sequence[Car], low: Mapping[str, float], high: Mapping[str, float]
) -> dict[str, float]:
    """Equal levels by weight, for each car within its low and high, that add up to `limit`, or
    to all that is high where that is less."""
    if sum(high.values()) <= limit:
        return dict(high)
    below, above = 0.0, max((high[car.key] / car.weight for car in cars), default=0.0)
    edges = sorted(
        {bound[car.key] / car.weight for car in cars for bound in (low, high)} | {below, above}
    )
    for edge in edges:
        if _total(edge, cars, low, high) > limit:
            above = edge
            break
        below = edge
    # Between two edges the total grows in a straight line.
    at_below = _total(below, cars, low, high)
    slope = sum(
        car.weight
        for car in cars
        if low[car.key] / car.weight <= below and high[car.key] / car.weight >= above
    )
    level = below + (limit - at_below) / slope if slope > 0 and limit > at_below else below
    return {car.key: _clamped(min(level, above), car, low, high) for car in cars}


def _total(
    level: float, cars: Sequence[Car], low: Mapping[str, float], high: Mapping[str, float]
) -> float:
    return sum(_clamped(level, car, low, high) for car in cars)


def _clamped(level: float, car: Car, low: Mapping[str, float], high: Mapping[str, float]) -> float:
    return min(max(level * car.weight, low[car.key]), high[car.key])
