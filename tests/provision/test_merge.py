"""The three-way merge: operators keep what they changed, our upgrades reach the rest."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from citrine_py.provision.merge import Applied, as_applied, changes
from citrine_py.provision.merge import names as merged_names

names = st.sampled_from(["note", "width", "icon", "hidden", "options"])
values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["half", "full"])
)
files = st.dictionaries(names, values)

Live = dict[str, Any]


def provision(ours: Live, applied: Applied | None, live: Live) -> tuple[Applied, Live]:
    """One run over one object, as `run` does it: what is remembered, and what is then live."""
    written = changes(ours, applied, live)
    after = {**live, **written}
    return as_applied(ours, after, applied, written), after


def created(ours: Live) -> tuple[Applied, Live]:
    return as_applied(ours, dict(ours), None, ours), dict(ours)


@given(files, files, files)
def test_what_an_operator_changed_survives_every_upgrade(
    first: Live, edit: Live, second: Live
) -> None:
    applied, live = created(first)
    edit = {name: value for name, value in edit.items() if live.get(name) != value}
    live = {**live, **edit}
    for version in (first, second, first, second):
        applied, live = provision(version, applied, live)
        survived = {name: live[name] for name in edit if name in first}
        assert survived == {name: edit[name] for name in edit if name in first}


@given(files, files, files)
def test_a_second_run_writes_nothing(first: Live, edit: Live, second: Live) -> None:
    applied, live = created(first)
    applied, live = provision(second, applied, {**live, **edit})
    assert changes(second, applied, live) == {}


@given(files, files)
def test_our_upgrades_arrive_where_nobody_changed_anything(first: Live, second: Live) -> None:
    applied, live = created(first)
    _, live = provision(second, applied, live)
    assert {name: live.get(name) for name in second} == second


@given(st.lists(files, min_size=1, max_size=5))
def test_every_later_upgrade_arrives_too(versions: list[Live]) -> None:
    applied, live = created(versions[0])
    for version in versions[1:]:
        applied, live = provision(version, applied, live)
        assert {name: live.get(name) for name in version} == version


@given(files, files)
def test_what_was_there_before_us_is_only_completed(ours: Live, live: Live) -> None:
    _, after = provision(ours, None, dict(live))
    for name, value in live.items():
        if value is not None:
            assert after[name] == value
    for name, value in ours.items():
        if live.get(name) is None:
            assert after.get(name) == value


lists = st.lists(st.sampled_from("abcdef"), unique=True)


@given(lists, lists, lists, lists)
def test_fields_of_a_permission_are_merged_one_by_one(
    first: list[str], added: list[str], taken: list[str], second: list[str]
) -> None:
    theirs = [each for each in [*first, *added] if each not in taken]
    merged = merged_names(second, first, theirs)
    assert set(added) - set(taken) - set(first) <= set(merged), "what an operator granted stays"
    assert not (set(taken) & set(first)) & set(merged), "what he took away stays away"
    assert set(second) - set(first) <= set(merged), "our new fields arrive"
    assert merged_names(second, second, merged) == merged


def test_a_permission_for_all_fields_stays_one() -> None:
    assert merged_names(["a", "b"], ["a"], ["*"]) == ["*"]


def test_a_value_that_directus_normalizes_is_still_ours_to_upgrade() -> None:
    applied = Applied({"note": "a"}, {"note": "A"})
    assert changes({"note": "b"}, applied, {"note": "A"}) == {"note": "b"}
    assert changes({"note": "a"}, applied, {"note": "A"}) == {}
