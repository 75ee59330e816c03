"""D01: what stands in a list, and how lists are told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from citrine_py.model.authorizations import Authorization
from citrine_py.modules.local_list import Contents, entry, total
from citrine_py.modules.tokens import Outlet, Place
from tests.modules.world import SCHEMAS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACE = Place("cp001", "north", (Outlet(1, frozenset({"cType2"})), Outlet(2)))


def token(name: str = "AB12", **fields: Any) -> Authorization:
    whole = {"idToken": name, "type": "ISO14443", "status": "Accepted", "inLocalList": True}
    return Authorization(id=name, **{**whole, **fields})


def data(record: Authorization, group: Authorization | None = None) -> Any:
    """OCPP's AuthorizationData, checked; None if the token is not in the list."""
    found = entry(record, PLACE, NOW, group=group, master_group="MASTERS")
    if found is None:
        return None
    payload = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [found.data]}
    SCHEMAS.check_request("2.0.1", "SendLocalList", payload)
    return found.data


def test_a_token_that_is_wanted_in_lists_stands_there_with_what_is_told_of_it() -> None:
    record = token(groupIdToken="FLEET", validUntil=NOW + HOUR, evseIds=["1"])
    assert data(record) == {
        "idToken": {"idToken": "AB12", "type": "ISO14443"},
        "idTokenInfo": {
            "status": "Accepted",
            "cacheExpiryDateTime": "2026-06-01T13:00:00.000Z",
            "evseId": [1],
            "groupIdToken": {"idToken": "FLEET", "type": "Central"},
        },
    }


def test_a_token_that_is_blocked_stands_there_as_blocked() -> None:
    assert data(token(status="Blocked"))["idTokenInfo"] == {"status": "Blocked"}
    group = token("FLEET", status="Blocked")
    assert data(token(groupIdToken="FLEET"), group)["idTokenInfo"]["status"] == "Blocked"


def test_what_a_list_cannot_tell_is_left_out() -> None:
    times = [{"from": "08:00", "to": "18:00"}]
    for fields in (
        {"inLocalList": False},
        {"inLocalList": None},
        {"timesAllowed": times},
        {"validFrom": NOW + HOUR},
        {"stations": ["cp002"]},
        {"locations": ["south"], "status": "Blocked"},
        {"evseIds": ["9"]},
        {"allowedConnectorTypes": ["cG105"]},
        {"type": "NoAuthorization", "idToken": ""},
        {"type": None},
    ):
        assert data(token(**fields)) is None, fields
    assert data(token(groupIdToken="G"), token("G", timesAllowed=times)) is None


def test_an_entry_does_not_change_when_its_token_expires() -> None:
    """The station was told when; nothing has to be sent."""
    record = token(validUntil=NOW + HOUR, validFrom=NOW - HOUR)
    later = entry(record, PLACE, NOW + 2 * HOUR)
    assert entry(record, PLACE, NOW) == later
    assert later is not None
    assert later.data["idTokenInfo"]["status"] == "Accepted"


def contents(*tokens: Authorization) -> Contents:
    made = Contents(NOW, "MASTERS")
    for each in tokens:
        made.add(each, None)
    return made


def test_a_list_has_what_is_common_and_what_is_the_stations_own() -> None:
    made = contents(token("A"), token("B", stations=["cp001"]), token("C", stations=["cp002"]))
    here, there = made.at(PLACE), made.at(Place("cp003"))
    assert [each["idToken"]["idToken"] for each in here.entries()] == ["A", "B"]
    assert [each["idToken"]["idToken"] for each in there.entries()] == ["A"]
    assert (here.count, there.count) == (2, 1)
    assert here.digest != there.digest == made.common_digest


def test_where_there_is_no_room_for_all_the_higher_priority_stays() -> None:
    made = contents(token("A"), token("C", chargingPriority=5), token("B"))
    wanted = made.at(PLACE)
    assert [each["idToken"]["idToken"] for each in wanted.entries(2)] == ["C", "A"]


def test_the_next_token_that_becomes_valid_is_known() -> None:
    assert contents(token("A")).next_start is None
    made = contents(token("A", validFrom=NOW + 2 * HOUR), token("B", validFrom=NOW + HOUR))
    assert made.next_start == NOW + HOUR
    assert made.at(PLACE).count == 0


@given(st.sets(st.sampled_from("ABCDEF")), st.sets(st.sampled_from("ABCDEF")))
def test_digests_add_up_whatever_comes_and_goes(before: set[str], after: set[str]) -> None:
    """The digest of a list is that of another, less what went, plus what came."""
    one, other = contents(*map(token, before)), contents(*map(token, after))
    gone = [-one.common[name].digest for name in before - after]
    come = [other.common[name].digest for name in after - before]
    assert total(one.common_digest, *gone, *come) == other.common_digest
    assert (one.common_digest == other.common_digest) == (before == after)
