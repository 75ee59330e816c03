"""A letter in plain words, without secrets, and the same after the journal had it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from citrine_py.store.changes import Op
from citrine_py.store.letter import Letter

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = datetime(2026, 1, 2, tzinfo=UTC)


def letter(**more: Any) -> Letter:
    return Letter("Site", "s1", T0, T0, **more)


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        ('FAILED_VALIDATION: Value can\'t be "x".', "FAILED_VALIDATION",
         'A field\'s rule is broken: Value can\'t be "x".'),
        ("INVALID_FOREIGN_KEY: no: such key", "INVALID_FOREIGN_KEY",
         "A record that it belongs to is missing: no: such key"),
        ("SOMETHING_NEW: as it says", "SOMETHING_NEW", "Directus does not take it: as it says"),
        ("400: HTTP 400 at /items/Site", "400", "Directus does not take it."),
        ("Directus fails with this row", None, "Directus fails with this row"),
        ("It does not fit: no field x", None, "It does not fit: no field x"),
    ],
)  # fmt: skip
def test_a_reason_is_told_in_plain_words_with_directus_code_apart(
    reason: str, code: str | None, told: str
) -> None:
    refused = letter()
    refused.refused(T1, reason)
    assert (refused.code, refused.reason, refused.times, refused.last) == (code, told, 1, T1)


def test_what_directus_says_is_left_out_where_it_could_quote_a_secret() -> None:
    refused = letter(fields={"hash": "abc"}, hidden=frozenset({"hash"}))
    refused.refused(T1, "NOT_NULL_VIOLATION: Failing row contains (abc)")
    assert "abc" not in str(refused.row())
    assert refused.reason == "A field that must have a value has none."


def test_it_is_the_same_after_the_journal_had_it() -> None:
    before = letter(
        fields={"at": T1, "a": [1, {"b": None}]}, over={"a": (None, [2])}, replaces=True,
        views=frozenset({"Site"}), station="s1",
    )  # fmt: skip
    before.refused(T1, "INVALID_FOREIGN_KEY: x")
    before.fields["at"] = "2026-01-02T00:00:00.000Z"  # a retry gives it its Python form again
    data = before.encoded()
    after = Letter.decoded(data)
    assert after == before
    assert after.size == len(data)
    assert after.parents() == {"2026-01-02T00:00:00.000Z"}


def test_a_secret_waits_for_no_record_but_for_an_operator() -> None:
    held = letter(fields={"site": "s1", "hash": "abc"}, hidden=frozenset({"hash"}))
    held.refused(T1, "INVALID_FOREIGN_KEY: x")
    assert held.parents() == frozenset()


def test_later_changes_take_out_what_they_write() -> None:
    held = letter(fields={"a": 1, "b": 2}, over={"a": (0,)})
    assert not held.strike(Op("Site", "s1", {"c": 3}))
    assert held.strike(Op("Site", "s1", {"a": 3}))
    assert (held.fields, held.over, held.empty) == ({"b": 2}, {}, False)
    assert held.strike(Op("Site", "s1", deletes=True))
    assert held.empty


def test_a_letter_without_fields_is_done_when_the_record_is_there() -> None:
    assert letter().strike(Op("Site", "s1", {"c": 3}))
    assert letter(deletes=True).strike(Op("Site", "s1", {"c": 3}))


def test_texts_fit_their_columns_and_long_values_are_cut() -> None:
    refused = letter(
        fields={"a": "x" * 2000, "b": ["y" * 2000], "c": {"d": 1}, "e": 5}, station="s" * 300
    )
    refused.refused(T1, "X: " + "z" * 9000)
    row = refused.row()
    assert len(row["station"]) == 255
    assert len(row["reason"]) == 2000
    assert len(row["payload"]["a"]) == len(row["payload"]["b"]) == 1003
    assert (row["payload"]["c"], row["payload"]["e"]) == ({"d": 1}, 5)
