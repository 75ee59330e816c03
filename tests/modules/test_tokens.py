"""C01, C09, C16: what a token is worth, by its record alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.model.authorizations import Authorization, AuthorizationStatus
from citrine_py.modules.tokens import Outlet, Place, Presented, decide
from citrine_py.ports import Payload
from tests.modules.world import SCHEMAS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
PLACE = Place(
    "cp001",
    "north",
    (
        Outlet(1, frozenset({"cType2"}), "DE*ABC*E0001"),
        Outlet(2, frozenset({"cCCS2"}), "DE*ABC*E9002"),
    ),
)


def token(**fields: Any) -> Authorization:
    return Authorization(
        id="t", **{"idToken": "AB12", "type": "ISO14443", "status": "Accepted", **fields}
    )


def info(
    record: Authorization,
    *,
    place: Place = PLACE,
    moment: datetime = NOW,
    group: Authorization | None = None,
    **presented: Any,
) -> Payload:
    """The checked IdTokenInfo."""
    found = decide(
        record, place, moment, Presented(**presented), group=group, master_group="MASTERS"
    )
    SCHEMAS.check_response("2.0.1", "Authorize", {"idTokenInfo": found})
    return found


def status(record: Authorization, **more: Any) -> str:
    return str(info(record, **more)["status"])


def test_a_token_without_limits_is_accepted() -> None:
    assert info(token()) == {"status": "Accepted"}


@pytest.mark.parametrize("given_status", get_args(AuthorizationStatus))
def test_c01_fr_07_the_status_that_the_operator_gave_is_told(given_status: str) -> None:
    """C01.FR.07; TC_C_02_CSMS, TC_C_06_CSMS, TC_C_07_CSMS."""
    assert status(token(status=given_status)) == given_status


def test_a_token_without_a_status_is_invalid() -> None:
    assert status(token(status=None)) == "Invalid"


@pytest.mark.parametrize("field", ["validUntil", "cacheExpiryDateTime"])
def test_a_token_is_good_until_it_expires_and_stations_are_told(field: str) -> None:
    record = token(**{field: NOW + HOUR})
    assert info(record)["cacheExpiryDateTime"] == "2026-06-01T13:00:00.000Z"
    assert info(record, moment=NOW + HOUR) == {"status": "Expired"}


def test_a_token_that_is_not_valid_yet_is_not_at_this_time() -> None:
    assert status(token(validFrom=NOW + HOUR)) == "NotAtThisTime"
    assert status(token(validFrom=NOW)) == "Accepted"


def test_times_of_the_week_are_kept_and_a_stored_answer_ends_with_them() -> None:
    record = token(
        timesAllowed=[{"days": ["Monday"], "from": "08:00", "to": "18:00"}],
        timeZone="Europe/Berlin",
        validUntil=NOW + 20 * HOUR,
    )
    assert info(record)["cacheExpiryDateTime"] == "2026-06-01T16:00:00.000Z"
    assert status(record, moment=NOW + 5 * HOUR) == "NotAtThisTime"
    assert status(token(timesAllowed=[{"from": "00:00", "to": "24:00"}], timeZone="Mars")) == (
        "NotAtThisTime"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stations": ["cp001"]}, "Accepted"),
        ({"stations": [{"key": "cp001", "collection": "ChargingStation"}]}, "Accepted"),
        ({"stations": ["cp002"]}, "NotAtThisLocation"),
        ({"locations": ["north"]}, "Accepted"),
        ({"locations": ["south"]}, "NotAtThisLocation"),
        ({"locations": ["south"], "stations": ["cp001"]}, "Accepted"),
        ({"stations": [], "locations": None}, "Accepted"),
        ({"stations": "cp001"}, "NotAtThisLocation"),
        ({"stations": {"key": "cp001"}}, "NotAtThisLocation"),
        ({"stations": [None, {}]}, "NotAtThisLocation"),
    ],
)
def test_a_token_is_good_where_it_is_meant_to_be(fields: dict[str, Any], expected: str) -> None:
    assert status(token(**fields)) == expected


def test_a_station_without_a_location_is_at_none() -> None:
    assert status(token(locations=["north"]), place=Place("cp001")) == "NotAtThisLocation"


@pytest.mark.parametrize(
    ("fields", "evses"),
    [
        ({"evseIds": ["1"]}, [1]),
        ({"evseIds": [2, 7]}, [2]),
        ({"evseIds": ["1", "2"]}, None),
        ({"allowedConnectorTypes": ["cCCS2"]}, [2]),
        ({"allowedConnectorTypes": ["cCCS2", "cType2"]}, None),
        ({"disallowedEvseIdPrefixes": ["de*abc*e9"]}, [1]),
        ({"disallowedEvseIdPrefixes": ["FR"]}, None),
        ({"evseIds": ["1", "2"], "allowedConnectorTypes": ["cType2"]}, [1]),
    ],
)
def test_an_answer_names_the_evses_at_which_a_token_is_good(
    fields: dict[str, Any], evses: list[int] | None
) -> None:
    assert info(token(**fields)).get("evseId") == evses


@pytest.mark.parametrize(
    ("fields", "evse_id", "expected"),
    [
        ({"evseIds": ["1"]}, 1, "Accepted"),
        ({"evseIds": ["1"]}, 2, "NotAtThisLocation"),
        ({"evseIds": ["7"]}, None, "NotAtThisLocation"),
        ({"evseIds": ["seven"]}, 1, "NotAtThisLocation"),
        ({"allowedConnectorTypes": ["cType2"]}, 1, "Accepted"),
        ({"allowedConnectorTypes": ["cType2"]}, 2, "NotAllowedTypeEVSE"),
        ({"allowedConnectorTypes": ["cG105"]}, None, "NotAllowedTypeEVSE"),
        ({"allowedConnectorTypes": ["cType2"]}, 3, "NotAllowedTypeEVSE"),
        ({"disallowedEvseIdPrefixes": ["DE*ABC*E9"]}, 2, "NotAtThisLocation"),
        ({"disallowedEvseIdPrefixes": ["DE"]}, None, "NotAtThisLocation"),
    ],
)
def test_a_token_is_refused_where_no_evse_fits(
    fields: dict[str, Any], evse_id: int | None, expected: str
) -> None:
    assert status(token(**fields), evse_id=evse_id) == expected


def test_of_a_station_that_has_told_nothing_numbers_are_believed_and_types_are_not() -> None:
    unknown = Place("cp001")
    assert info(token(evseIds=["2"]), place=unknown)["evseId"] == [2]
    assert status(token(allowedConnectorTypes=["cType2"]), place=unknown) == "NotAllowedTypeEVSE"
    assert status(token(disallowedEvseIdPrefixes=["DE"]), place=unknown) == "Accepted"


def test_more_transactions_than_allowed_are_concurrent() -> None:
    record = token(concurrentTransactions=2)
    assert status(record, earlier=1) == "Accepted"
    assert status(record, earlier=2) == "ConcurrentTx"
    assert status(token(), earlier=9) == "Accepted"


def test_c09_fr_02_the_group_is_told_whether_the_token_is_good_or_not() -> None:
    """C09.FR.02, C09.FR.03; TC_C_39_CSMS."""
    group = {"idToken": "FLEET", "type": "Central"}
    assert info(token(groupIdToken="FLEET"))["groupIdToken"] == group
    assert info(token(groupIdToken="FLEET", status="Blocked"))["groupIdToken"] == group
    other = token(groupIdToken="FLEET", groupIdTokenType="Local")
    assert info(other)["groupIdToken"]["type"] == "Local"


def test_a_group_that_is_blocked_or_over_blocks_its_members() -> None:
    member = token(groupIdToken="FLEET")
    assert status(member, group=token(status="Blocked")) == "Blocked"
    assert status(member, group=token(validUntil=NOW)) == "Expired"
    ending = token(validUntil=NOW + HOUR)
    assert info(member, group=ending)["cacheExpiryDateTime"] == "2026-06-01T13:00:00.000Z"


def test_c16_fr_01_a_master_pass_is_in_the_group_of_all_master_passes() -> None:
    """C16.FR.01, C16.FR.02; TC_C_47_CSMS, TC_C_49_CSMS. It ends transactions at any EVSE."""
    record = token(masterPass=True, evseIds=["9"], concurrentTransactions=1)
    found = info(record, evse_id=2, earlier=4)
    assert found == {
        "status": "Accepted",
        "groupIdToken": {"idToken": "MASTERS", "type": "Central"},
    }
    own = token(masterPass=True, groupIdToken="POLICE")
    assert info(own)["groupIdToken"]["idToken"] == "POLICE"


def test_additional_info_must_be_presented_with_the_token() -> None:
    record = token(additionalInfo=[{"additionalIdToken": "ABC", "type": "PIN"}])
    assert status(record) == "Invalid"
    assert status(record, additional=frozenset({("PIN", "abc"), ("More", "x")})) == "Accepted"
    assert status(record, additional=frozenset({("PIN", "abd")})) == "Invalid"


def test_words_for_the_driver_are_told_as_far_as_ocpp_has_room() -> None:
    record = token(
        chargingPriority=-3,
        language1="de",
        language2="en",
        personalMessage="Guten Tag " * 100,
        personalMessageLanguage="de",
    )
    found = info(record)
    assert (found["language1"], found["language2"], found["chargingPriority"]) == ("de", "en", -3)
    message = found["personalMessage"]
    assert (message["format"], message["language"], len(message["content"])) == ("UTF8", "de", 512)
    same = info(token(language1="de", language2="de", chargingPriority=11))
    assert same == {"status": "Accepted", "language1": "de"}
    assert "language2" not in info(token(language2="en"))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.recursive(
                st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
                lambda each: st.lists(each) | st.dictionaries(st.text(max_size=5), each),
                max_leaves=5,
            )
            for name in (
                "stations",
                "locations",
                "evseIds",
                "allowedConnectorTypes",
                "disallowedEvseIdPrefixes",
                "timesAllowed",
                "additionalInfo",
            )
        },
    ),
    st.none() | st.integers(0, 3),
)
def test_whatever_stands_in_a_record_the_answer_fits_ocpps_schema(
    fields: dict[str, Any], evse_id: int | None
) -> None:
    info(token(**fields), evse_id=evse_id)
