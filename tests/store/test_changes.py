"""Joining changes never changes what they do, here or in Directus."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from citrine_py.store.changes import Op, fold, merged
from tests.store.things import PLAN, Plan

STATUS = st.sampled_from([None, "Accepted", "Pending", "Rejected"])
PROGRESS = st.sampled_from([None, "a", "b"])


@st.composite
def ops(draw: st.DrawFn) -> Op:
    if draw(st.integers(0, 5)) == 0:
        return Op("Plan", "p", deletes=True, durable=True, seqs=[1])
    fields: dict[str, Any] = draw(
        st.fixed_dictionaries({}, optional={"status": STATUS, "progress": PROGRESS})
    )
    over = {name: (draw(STATUS),) for name in fields if name == "status" and draw(st.booleans())}
    views = frozenset({"Plan"}) if draw(st.integers(0, 4)) else frozenset[str]()
    return Op("Plan", "p", fields, over, views=views, durable=True, seqs=[1])


BASES = st.one_of(st.none(), st.builds(Plan, id=st.just("p"), status=STATUS, progress=PROGRESS))


@given(BASES, st.lists(ops(), min_size=2, max_size=6))
def test_joined_changes_have_the_effect_of_all(base: Plan | None, changes: list[Op]) -> None:
    """Whatever Directus holds by then, an operator's edit included."""
    assume(base is not None or all(op.views or op.deletes for op in changes))
    joined = changes[:1]
    for op in changes[1:]:
        both = merged(joined[-1], op)
        if both is None:
            joined.append(op)
        else:
            joined[-1] = both
    assert fold(PLAN, "p", base, joined) == fold(PLAN, "p", base, changes)
    assert sum(len(op.seqs) for op in joined) == len(changes)


@given(BASES, ops())
def test_a_change_done_twice_does_the_same_unless_conditional(base: Plan | None, op: Op) -> None:
    once = fold(PLAN, "p", base, [op])
    if not op.over:
        assert fold(PLAN, "p", once, [op]) == once


@given(BASES, st.lists(ops(), min_size=2, max_size=4))
def test_a_joined_change_also_fits_where_the_older_was_taken_already(
    base: Plan | None, changes: list[Op]
) -> None:
    """Its answer was lost: repeated with later ones, it ends where it would have."""
    older, *newer = changes
    joined: Op | None = older
    for op in newer:
        joined = joined and merged(joined, op)
    if joined is None or older.deletes or any(op.deletes for op in newer):
        return
    taken = fold(PLAN, "p", base, [older])
    if taken is not None and joined.over.get("status") is not None:
        assert fold(PLAN, "p", taken, [joined]) == fold(PLAN, "p", taken, newer)


def test_conditions_on_one_another_become_one_on_all() -> None:
    both = merged(
        Op("Plan", "p", {"status": "Accepted"}, {"status": ("Pending",)}),
        Op("Plan", "p", {"status": "Rejected"}, {"status": ("Accepted",)}),
    )
    assert both is not None
    assert both.fields == {"status": "Rejected"}
    assert both.over == {"status": ("Pending", "Accepted")}


def test_a_decision_on_an_operators_value_stays_apart() -> None:
    older = Op("Plan", "p", {"status": "Accepted"}, {"status": ("Pending",)})
    newer = Op("Plan", "p", {"status": "Pending"}, {"status": ("Rejected",)})
    assert merged(older, newer) is None  # Rejected can only be the operator's
