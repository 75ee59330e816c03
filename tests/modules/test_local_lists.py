"""D01, D02: lists of stations follow the tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.errors import NotFound, StationOffline, StationRefused, StationSilent
from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.keys import authorization_key, variable_attribute_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.ports import Payload
from tests.modules.world import STATION, World

ACCEPTED: Payload = {"status": "Accepted"}


class ListWorld(World):
    """A station that keeps a local list as D01 has it, unless a test says otherwise."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.version = 0
        self.list: dict[str, str] = {}
        self.stations.answers["SendLocalList"] = self.take
        self.stations.answers["GetLocalListVersion"] = lambda _: {"versionNumber": self.version}

    def take(self, payload: Payload) -> Payload:
        """The station's part of D01."""
        if payload["updateType"] == "Full":
            self.list = {}
        elif payload["versionNumber"] <= self.version:
            return {"status": "VersionMismatch"}
        for each in payload.get("localAuthorizationList", []):
            name = each["idToken"]["idToken"]
            if "idTokenInfo" in each:
                self.list[name] = each["idTokenInfo"]["status"]
            else:
                self.list.pop(name, None)
        self.version = payload["versionNumber"]
        return ACCEPTED

    def edit(self, name: str, **fields: Any) -> None:
        """An operator edits or makes a token in Directus."""
        key = authorization_key(name, "ISO14443")
        before = self.records.get(AUTHORIZATION, key)
        whole = {"idToken": name, "type": "ISO14443", "status": "Accepted", "inLocalList": True}
        self.records.edit(AUTHORIZATION, key, **{**({} if before else whole), **fields})
        self.rules.local_lists.changed(key, before, self.records.get(AUTHORIZATION, key))

    async def remove(self, name: str) -> None:
        token = self.records.get(AUTHORIZATION, authorization_key(name, "ISO14443"))
        assert token is not None
        await self.rules.authorizations.remove([token])

    def tell(self, variable: str, value: str = "", most: float | None = None) -> None:
        """The station has told a variable of its LocalAuthListCtrlr."""
        key = variable_attribute_key(STATION, "LocalAuthListCtrlr", variable)
        row = VariableAttribute(
            id=key,
            station=STATION,
            component="LocalAuthListCtrlr",
            variable=variable,
            type="Actual",
            value=value,
            maxLimit=most,
        )
        self.records.have(VARIABLE_ATTRIBUTE, row)

    def sent(self) -> list[tuple[str, int, list[str]]]:
        """What SendLocalList messages had, and forgets them."""
        found = [
            (
                each["updateType"],
                each["versionNumber"],
                [entry["idToken"]["idToken"] for entry in each.get("localAuthorizationList", [])],
            )
            for each in self.stations.sent("SendLocalList")
        ]
        self.stations.calls.clear()
        return found

    @property
    def state(self) -> tuple[str | None, int | None, int | None]:
        record = self.station_record
        return record.localListStatus, record.localListVersion, record.localListEntries


async def ready(*tokens: str, **more: Any) -> ListWorld:
    """A station that is accepted and has a list of these tokens."""
    world = ListWorld(**more)
    for name in tokens:
        world.edit(name)
    await world.accepted()
    await world.jobs.settle()
    assert sorted(world.list) == sorted(tokens)
    return world


async def test_a_station_that_needs_no_list_is_asked_nothing() -> None:
    world = await ready()
    world.edit("A", inLocalList=False)
    await world.jobs.settle()
    assert world.stations.calls == []
    assert world.state == (None, None, None)


async def test_a_station_gets_its_list_when_its_boot_is_accepted() -> None:
    world = await ready("A", "B")
    assert world.sent() == [("Full", 1, ["A", "B"])]
    assert world.state == ("Current", 1, 2)
    assert world.station_record.localListUpdatedAt == world.clock.now()


async def test_edits_reach_the_list_together_as_changes_of_it() -> None:
    world = await ready("A", "B", "D")
    world.sent()
    world.edit("A", status="Blocked")
    world.edit("C")
    await world.remove("B")
    await world.jobs.settle()
    assert world.sent() == [("Differential", 2, ["A", "C", "B"])]
    assert world.list == {"A": "Blocked", "C": "Accepted", "D": "Accepted"}
    assert world.state == ("Current", 2, 3)


async def test_an_edit_of_what_stations_are_not_told_sends_nothing() -> None:
    world = await ready("A")
    world.sent()
    world.edit("A", notes="lost?", holder="Ada")
    world.edit("Z", stations=["another"])
    await world.jobs.settle()
    assert world.sent() == []


async def test_a_list_longer_than_a_message_goes_in_several_each_with_its_version() -> None:
    world = ListWorld()
    world.tell("ItemsPerMessage", "2")
    for name in "ABCDE":
        world.edit(name)
    await world.accepted()
    await world.jobs.settle()
    assert world.sent() == [
        ("Full", 1, ["A", "B"]),
        ("Differential", 2, ["C", "D"]),
        ("Differential", 3, ["E"]),
    ]
    assert world.state == ("Current", 3, 5)


async def test_bytes_per_message_are_kept() -> None:
    world = ListWorld()
    world.tell("BytesPerMessage", "350")
    for name in "ABCDE":
        world.edit(name)
    await world.accepted()
    await world.jobs.settle()
    assert [names for _, _, names in world.sent()] == [["A", "B"], ["C", "D"], ["E"]]


async def test_a_list_that_has_no_room_is_cut_and_the_operator_told() -> None:
    world = ListWorld()
    world.tell("Entries", most=2)
    for name in "ABC":
        world.edit(name, chargingPriority={"C": 3}.get(name, 0))
    await world.accepted()
    await world.jobs.settle()
    assert world.sent() == [("Full", 1, ["C", "A"])]
    assert world.state == ("Current", 1, 2)
    assert world.station_record.localListInfo == "the station has room for 2 of 3 tokens"


async def test_an_emptied_list_is_sent_as_empty() -> None:
    world = await ready("A")
    await world.remove("A")
    await world.jobs.settle()
    assert world.list == {}
    assert world.state == ("Current", 2, 0)


async def test_d01_a_version_mismatch_is_repaired_by_the_whole_list() -> None:
    world = await ready("A", "B")
    world.sent()
    world.version, world.list = 7, {"X": "Accepted"}
    world.edit("C")
    await world.jobs.settle()
    assert world.sent() == [("Differential", 2, ["C"]), ("Full", 2, ["A", "B", "C"])]
    assert sorted(world.list) == ["A", "B", "C"]
    assert world.state == ("Current", 2, 3)


async def test_a_change_that_fails_is_repaired_by_the_whole_list() -> None:
    world = await ready("A")
    world.stations.answers["SendLocalList"] = [{"status": "Failed"}, ACCEPTED]
    world.edit("A", status="Blocked")
    await world.jobs.settle()
    assert [kind for kind, *_ in world.sent()] == ["Full", "Differential", "Full"]
    assert world.state == ("Current", 2, 1)


async def test_a_whole_list_that_fails_is_told_and_tried_at_the_next_edit() -> None:
    world = ListWorld()
    reply = {"status": "Failed", "statusInfo": {"reasonCode": "NoMemory"}}
    world.stations.answers["SendLocalList"] = reply
    world.edit("A")
    await world.accepted()
    await world.jobs.settle()
    assert world.state == ("Failed", None, None)
    assert world.station_record.localListInfo == "SendLocalList was answered Failed (NoMemory)"
    world.stations.answers["SendLocalList"] = world.take
    world.edit("B")
    await world.jobs.settle()
    assert world.state == ("Current", 1, 2)


async def test_an_offline_station_is_wanted_and_gets_its_list_when_it_is_back() -> None:
    world = await ready("A")
    world.sent()
    await world.leave()
    world.edit("B")
    await world.jobs.settle()
    assert world.state == ("Wanted", 1, 1)
    assert world.sent() == []
    await world.connect()
    await world.jobs.settle()
    assert world.sent() == [("Differential", 2, ["B"])]
    assert world.state == ("Current", 2, 2)


async def test_a_station_that_came_back_without_its_list_gets_it_anew() -> None:
    """D02."""
    world = await ready("A")
    world.sent()
    await world.leave()
    world.version, world.list = 0, {}
    await world.connect()
    await world.jobs.settle()
    assert world.sent() == [("Full", 1, ["A"])]
    assert world.list == {"A": "Accepted"}


async def test_a_station_that_is_not_accepted_is_sent_nothing() -> None:
    world = ListWorld()
    world.edit("A")
    world.set_boot(status="Rejected")
    await world.boot()
    await world.jobs.settle()
    assert world.stations.calls == []
    assert world.station_record.localListStatus == "Wanted"


async def test_a_restarted_service_sends_nothing_where_nothing_has_changed() -> None:
    world = await ready("A")
    fresh = _rebuilt(world)
    fresh.rules.local_lists.start()
    await fresh.connect()
    await fresh.jobs.settle()
    assert fresh.sent() == []
    fresh.edit("B")
    await fresh.jobs.settle()
    assert fresh.sent() == [("Differential", 2, ["B"])]


def _rebuilt(world: ListWorld) -> ListWorld:
    """The rules anew, over the records and the station of an earlier world."""
    made = ListWorld(records=world.records)
    made.version, made.list = world.version, dict(world.list)
    return made


async def test_a_restarted_service_sends_what_was_edited_meanwhile() -> None:
    world = await ready("A")
    key = authorization_key("A", "ISO14443")
    world.records.edit(AUTHORIZATION, key, status="Blocked")
    fresh = _rebuilt(world)
    fresh.rules.local_lists.start()
    await fresh.jobs.settle()
    await fresh.connect()
    await fresh.jobs.settle()
    assert fresh.sent() == [("Full", 2, ["A"])]
    assert fresh.list == {"A": "Blocked"}


@pytest.mark.parametrize("code", ["NotSupported", "NotImplemented"])
async def test_a_station_that_knows_no_lists_is_left_alone(code: str) -> None:
    world = ListWorld()
    world.stations.answers["SendLocalList"] = StationRefused(code, "", {})
    world.edit("A")
    await world.accepted()
    await world.jobs.settle()
    assert world.state == ("NotSupported", None, None)
    world.sent()
    world.edit("B")
    await world.jobs.settle()
    assert world.sent() == []


@pytest.mark.parametrize("variable", ["Available", "Enabled"])
async def test_a_station_whose_list_is_off_is_sent_none(variable: str) -> None:
    world = ListWorld()
    world.tell(variable, "false")
    world.edit("A")
    await world.accepted()
    await world.jobs.settle()
    assert world.stations.calls == []
    assert world.state == ("NotSupported", None, None)
    assert world.station_record.localListInfo == f"LocalAuthListCtrlr.{variable} is false"


async def test_a_station_that_does_not_answer_is_asked_again_and_sent_the_whole() -> None:
    world = await ready("A")
    world.sent()
    world.stations.answers["SendLocalList"] = [StationSilent("no answer"), ACCEPTED]
    world.edit("B")
    await world.jobs.settle()
    assert world.sent() == [("Differential", 2, ["B"]), ("Full", 2, ["A", "B"])]
    assert world.state == ("Current", 2, 2)


async def test_a_station_that_never_answers_is_not_asked_for_ever() -> None:
    world = ListWorld()
    world.stations.answers["SendLocalList"] = StationSilent("no answer")
    world.edit("A")
    await world.accepted()
    await world.jobs.settle()
    assert len(world.sent()) == 5
    assert world.state == ("Wanted", None, None)


async def test_edits_while_a_list_is_sent_are_sent_after_it() -> None:
    world = ListWorld()
    world.edit("A")
    taken: list[Payload] = []

    def meanwhile(payload: Payload) -> Payload:
        if not taken:
            world.edit("B")
        taken.append(payload)
        return world.take(payload)

    world.stations.answers["SendLocalList"] = meanwhile
    await world.accepted()
    await world.jobs.settle()
    assert world.sent() == [("Full", 1, ["A"]), ("Differential", 2, ["B"])]
    assert world.state == ("Current", 2, 2)


async def test_a_token_joins_lists_when_it_becomes_valid() -> None:
    world = await ready("A")
    world.sent()
    world.edit("B", validFrom=world.clock.now() + timedelta(days=2))
    await world.jobs.settle()
    assert world.sent() == [("Differential", 2, ["B"])]
    assert 2 * 86400 - 10 < max(world.clock.slept) <= 2 * 86400


async def test_a_station_that_moves_gets_the_list_of_its_new_location() -> None:
    world = ListWorld()
    world.edit("A")
    world.edit("B", locations=["north"])
    await world.accepted()
    await world.jobs.settle()
    assert world.sent() == [("Full", 1, ["A"])]
    world.records.edit(CHARGING_STATION, STATION, location="north")
    world.rules.local_lists.moved(STATION)
    await world.jobs.settle()
    assert world.sent() == [("Full", 2, ["A", "B"])]
    assert world.state == ("Current", 2, 2)


async def test_a_blocked_group_changes_the_entries_of_its_members() -> None:
    world = ListWorld()
    world.edit("A", groupIdToken="FLEET", groupIdTokenType="ISO14443")
    world.edit("FLEET", inLocalList=False)
    await world.accepted()
    await world.jobs.settle()
    assert world.list == {"A": "Accepted"}
    world.edit("FLEET", status="Blocked")
    await world.jobs.settle()
    assert world.list == {"A": "Blocked"}


# ---- by hand ---------------------------------------------------------------------------

BY_HAND: Payload = {
    "versionNumber": 40,
    "updateType": "Full",
    "localAuthorizationList": [
        {"idToken": {"idToken": "X", "type": "KeyCode"}, "idTokenInfo": {"status": "Accepted"}}
    ],
}


async def test_a_list_sent_by_hand_is_noted_and_stays_until_ours_changes() -> None:
    world = await ready("A")
    reply = await world.rules.requests.send(STATION, "SendLocalList", BY_HAND)
    assert reply == ACCEPTED
    assert world.state == ("Manual", 40, 1)
    world.sent()
    world.edit("Z", stations=["another"])
    await world.boot()
    await world.jobs.settle()
    assert world.sent() == []
    world.edit("B")
    await world.jobs.settle()
    assert world.sent() == [("Full", 41, ["A", "B"])]
    assert world.state == ("Current", 41, 2)


async def test_a_list_by_hand_that_is_refused_changes_nothing() -> None:
    world = await ready("A")
    world.stations.answers["SendLocalList"] = {"status": "VersionMismatch"}
    await world.rules.requests.send(STATION, "SendLocalList", BY_HAND)
    assert world.state == ("Current", 1, 1)


async def test_d02_a_version_that_is_not_ours_is_repaired() -> None:
    """D02."""
    world = await ready("A")
    world.sent()
    world.version, world.list = 3, {}
    reply = await world.rules.requests.send(STATION, "GetLocalListVersion", {})
    assert reply == {"versionNumber": 3}
    await world.jobs.settle()
    assert world.sent() == [("Full", 4, ["A"])]
    assert world.list == {"A": "Accepted"}


async def test_the_whole_list_is_sent_on_request() -> None:
    world = await ready("A")
    world.sent()
    assert await world.rules.local_lists.send_whole(STATION) == ACCEPTED
    assert world.sent() == [("Full", 2, ["A"])]
    world.version = 99
    world.stations.answers["SendLocalList"] = [{"status": "VersionMismatch"}, ACCEPTED]
    assert await world.rules.local_lists.send_whole(STATION) == ACCEPTED
    assert world.sent() == [("Full", 3, ["A"]), ("Full", 100, ["A"])]


async def test_the_whole_list_needs_a_station_that_is_there() -> None:
    world = await ready("A")
    with pytest.raises(NotFound):
        await world.rules.local_lists.send_whole("nobody")
    await world.leave()
    with pytest.raises(StationOffline):
        await world.rules.local_lists.send_whole(STATION)


# ---- anything goes ---------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from(["Accepted", "Blocked", "out", "gone", "leave", "lose", "silent"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
async def test_whatever_happens_in_the_end_the_station_has_the_list_that_is_wanted(
    steps: list[tuple[str, str]],
) -> None:
    world = await ready("A")
    for name, what in steps:
        await _happen(world, name, what)
    world.stations.answers["SendLocalList"] = world.take
    if world.session is None:
        await world.connect()
    await world.boot()
    await world.jobs.settle()
    rows = world.records.select(AUTHORIZATION, inLocalList=True)
    assert world.list == {row.idToken: row.status for row in rows}
    if world.station_record.localListStatus is not None:
        assert world.station_record.localListStatus == "Current"
        assert world.station_record.localListVersion == world.version
    await world.jobs.stop()


async def _happen(world: ListWorld, name: str, what: str) -> None:
    key = authorization_key(name, "ISO14443")
    token: Authorization | None = world.records.get(AUTHORIZATION, key)
    if what in {"Accepted", "Blocked"}:
        world.edit(name, status=what, inLocalList=True)
    elif what == "out":
        world.edit(name, inLocalList=False)
    elif what == "gone" and token is not None:
        await world.remove(name)
    elif what == "lose":  # as stations do, when they reboot
        if world.session is not None:
            await world.leave()
        world.version, world.list = 0, {}
        await world.connect()
    elif what == "silent":
        world.stations.answers["SendLocalList"] = [StationSilent("no answer"), *[world.take] * 40]
    elif what == "leave":
        if world.session is not None:
            await world.leave()
        else:
            await world.connect()
    if name != "C":
        await world.jobs.settle()
