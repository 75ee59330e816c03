"""K02: a limit shared among cars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.modules.power_shares import Car, shares

MINIMUM = 4140.0
ROUNDING = 1e-3

powers = st.floats(0, 50_000, allow_nan=False)
cars = st.lists(
    st.builds(
        Car,
        key=st.text("abcdefghij", min_size=1, max_size=3),
        order=st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from("xyz")),
        minimum=st.sampled_from([0.0, 1380.0, MINIMUM]),
        demand=powers | st.just(float("inf")),
        most=powers | st.just(float("inf")),
        weight=st.sampled_from([0.125, 1.0, 2.0, 8.0]),
    ),
    max_size=8,
    unique_by=lambda car: car.key,
)


def least(car: Car) -> float:
    return min(car.minimum, car.most)


@given(st.floats(-1, 100_000, allow_nan=False), cars)
def test_the_limit_is_never_exceeded_and_each_gets_nothing_or_enough(
    limit: float, some: list[Car]
) -> None:
    given_ = shares(limit, some)
    assert given_.keys() == {car.key for car in some}
    assert sum(given_.values()) <= max(limit, 0) + ROUNDING
    for car in some:
        power = given_[car.key]
        assert power == 0 or power >= least(car) - ROUNDING
        assert power <= car.most + ROUNDING


@given(powers, cars)
def test_nobody_starves_when_there_is_room_for_all(more: float, some: list[Car]) -> None:
    limit = sum(least(car) for car in some) + more + ROUNDING
    given_ = shares(limit, some)
    assert all(given_[car.key] >= least(car) - ROUNDING for car in some)


@given(powers, cars)
def test_nothing_is_left_over_that_somebody_could_use(limit: float, some: list[Car]) -> None:
    given_ = shares(limit, some)
    left = limit - sum(given_.values())
    if sum(least(car) for car in some) <= limit:
        could = [car for car in some if given_[car.key] < min(car.most, limit) - ROUNDING]
        assert left <= ROUNDING or not could


@given(powers, cars.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_asking_does_not_matter(
    limit: float, both: tuple[list[Car], list[Car]]
) -> None:
    some, shuffled = both
    assert shares(limit, shuffled) == shares(limit, some)


@given(powers, powers, cars)
def test_with_a_higher_limit_nobody_gets_less_when_there_is_room_for_all(
    limit: float, more: float, some: list[Car]
) -> None:
    limit += sum(least(car) for car in some) + ROUNDING
    low, high = shares(limit, some), shares(limit + more, some)
    assert all(high[key] >= low[key] - ROUNDING for key in low)


@given(powers, powers, cars)
def test_with_a_higher_limit_not_less_is_given_in_sum(
    limit: float, more: float, some: list[Car]
) -> None:
    low, high = shares(limit, some), shares(limit + more, some)
    assert sum(high.values()) >= sum(low.values()) - ROUNDING


def share(limit: float, *some: Car) -> list[float]:
    given_ = shares(limit, some)
    return [round(given_[car.key], 3) for car in some]


def car(key: str, **more: float) -> Car:
    return Car(key, order=(0.0, key), minimum=MINIMUM, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "some", "expected"),
    [
        (22_000, [car("a")], [22_000]),
        (22_000, [car("a"), car("b")], [11_000, 11_000]),
        # what one does not draw the other gets
        (22_000, [car("a", demand=5000), car("b")], [5000, 17_000]),
        # and what nobody draws is offered to both alike
        (22_000, [car("a", demand=5000), car("b", demand=5000)], [11_000, 11_000]),
        (22_000, [car("a", demand=0), car("b", most=7400)], [14_600, 7400]),
        # the third does not fit and waits
        (9000, [car("a"), car("b"), car("c")], [4500, 4500, 0]),
        (4000, [car("a"), car("b")], [0, 0]),
        (0, [car("a")], [0]),
        # a heavier one gets more, the other no less than its minimum
        (22_000, [car("a", weight=3), car("b")], [16_500, 5500]),
        (22_000, [car("a", weight=8), car("b")], [17_860, MINIMUM]),
    ],
)
def test_worked_examples(limit: float, some: list[Car], expected: list[float]) -> None:
    assert share(limit, *some) == expected
