"""The session core, played without a socket: frames and time in, effects out."""

import itertools
import json
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from citrine_py.ocpp.effects import (
    Effect,
    Failure,
    Handle,
    Note,
    Received,
    Send,
    Settled,
    Ticket,
)
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.session import ANSWER_BYTES_KEPT, ANSWERS_KEPT, Session


def session(version: str = "2.0.1", timeout: float = 30, queue: int = 100) -> Session:
    numbers = itertools.count(1)
    return Session(version, lambda: f"id{next(numbers)}", timeout, queue)


def call(message_id: str = "a", action: str = "Heartbeat", payload: Any = None) -> str:
    return json.dumps([2, message_id, action, {} if payload is None else payload])


def texts(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.text) for effect in effects if isinstance(effect, Send)]


def settled(effects: list[Effect]) -> list[Settled]:
    return [effect for effect in effects if isinstance(effect, Settled)]


def notes(effects: list[Effect]) -> list[str]:
    return [effect.event for effect in effects if isinstance(effect, Note)]


# ---- the other side's calls ------------------------------------------------------------


def test_a_call_is_handled_and_answered():
    core = session()
    assert core.receive(call(payload={"x": 1}), 0) == [
        Received("call", "Heartbeat"),
        Handle("a", "Heartbeat", {"x": 1}),
    ]
    assert core.answer("a", {"y": 2}) == [Send("result", '[3,"a",{"y":2}]', "Heartbeat")]


def test_a_call_is_refused():
    core = session()
    core.receive(call(), 0)
    assert core.refuse("a", CallError("SecurityError", "not yet", {"z": 3})) == [
        Send("error", '[4,"a","SecurityError","not yet",{"z":3}]', "Heartbeat", "SecurityError")
    ]


def test_a_call_is_answered_once():
    core = session()
    core.receive(call(), 0)
    core.answer("a", {})
    with pytest.raises(KeyError):
        core.answer("a", {})
    with pytest.raises(KeyError):
        core.refuse("never", CallError("InternalError"))


def test_an_answer_that_is_no_json_leaves_the_call_in_work():
    core = session()
    core.receive(call(), 0)
    with pytest.raises(TypeError):
        core.answer("a", {"x": object()})
    assert texts(core.refuse("a", CallError("InternalError")))[0][2] == "InternalError"


def test_a_repeated_call_gets_its_first_answer_again():
    core = session()
    core.receive(call(), 0)
    first = core.answer("a", {"x": 1})
    again = core.receive(call(), 9)
    assert again == [
        Received("call", "Heartbeat"),
        Note("call.repeated", "a", "answered again"),
        *first,
    ]


def test_a_repeated_call_gets_its_first_refusal_again():
    core = session()
    core.receive(call(), 0)
    first = core.refuse("a", CallError("SecurityError"))
    assert core.receive(call(), 1)[-1:] == first


def test_a_call_that_failed_through_no_fault_of_its_own_is_worked_on_again():
    core = session()
    core.receive(call(), 0)
    core.refuse("a", CallError("InternalError"))
    assert core.receive(call(), 1)[-1:] == [Handle("a", "Heartbeat", {})]
    core.answer("a", {"currentTime": "x"})
    assert notes(core.receive(call(), 2)) == ["call.repeated"]


def test_a_malformed_call_that_is_repeated_gets_its_refusal_again():
    core = session()
    first = core.receive('[2,"a","Heartbeat"]', 0)
    assert notes(first) == ["call.malformed"]
    again = core.receive('[2,"a","Heartbeat"]', 1)
    assert notes(again) == ["call.repeated"]
    assert texts(again) == texts(first)
    assert texts(first)[0][:3] == [4, "a", "RpcFrameworkError"]


def test_a_call_repeated_while_in_work_is_dropped():
    core = session()
    core.receive(call(), 0)
    assert core.receive(call(), 1) == [
        Received("call", "Heartbeat"),
        Note("call.repeated", "a", "still in work"),
    ]
    assert len(core.answer("a", {})) == 1


def test_another_call_under_a_used_id_is_a_new_call():
    core = session()
    core.receive(call(), 0)
    core.answer("a", {"x": 1})
    effects = core.receive(call(action="StatusNotification"), 1)
    assert notes(effects) == ["call.id_reused"]
    assert effects[-1] == Handle("a", "StatusNotification", {})
    core.answer("a", {"x": 2})
    assert texts(core.receive(call(action="StatusNotification"), 2)) == [[3, "a", {"x": 2}]]


def test_only_the_latest_answers_are_remembered():
    core = session()
    for number in range(ANSWERS_KEPT + 1):
        core.receive(call(str(number)), 0)
        core.answer(str(number), {})
    assert isinstance(core.receive(call("0"), 1)[-1], Handle)
    assert isinstance(core.receive(call("1"), 1)[-1], Send)


def test_the_memory_of_answers_is_bounded_in_size_but_keeps_the_last():
    core = session()
    for name in "ab":
        core.receive(call(name), 0)
        core.answer(name, {"x": "x" * ANSWER_BYTES_KEPT})
    assert isinstance(core.receive(call("a"), 1)[-1], Handle)
    assert isinstance(core.receive(call("b"), 1)[-1], Send)


@pytest.mark.parametrize(
    ("text", "message_id", "code"),
    [
        ("{", "-1", "RpcFrameworkError"),
        ('[2,5,"Heartbeat",{}]', "-1", "RpcFrameworkError"),
        (json.dumps([2, "i" * 37, "Heartbeat", {}]), "-1", "RpcFrameworkError"),
        ('[8,"a",{}]', "a", "MessageTypeNotSupported"),
    ],
)
def test_an_unreadable_frame_is_answered_as_far_as_it_can_be(text, message_id, code):
    effects = session().receive(text, 0)
    assert effects[0] == Received("unreadable", None)
    assert notes(effects) == ["frame.unreadable"]
    ((kind, answered, answer_code, description, details),) = texts(effects)
    assert (kind, answered, answer_code, details) == (4, message_id, code, {})
    assert description


def test_the_version_tells_how_errors_are_spelled():
    effects = session("1.6").receive('[2,"a","Heartbeat",[]]', 0)
    assert texts(effects)[0][2] == "FormationViolation"


# ---- our calls -------------------------------------------------------------------------


def test_a_request_is_sent_and_its_answer_settles_it():
    core = session()
    ticket, effects = core.request("Reset", {"type": "Immediate"}, 0)
    assert effects == [Send("call", '[2,"id1","Reset",{"type":"Immediate"}]', "Reset")]
    assert core.receive('[3,"id1",{"status":"Accepted"}]', 1) == [
        Received("result", "Reset"),
        Settled(ticket, {"status": "Accepted"}),
    ]
    assert core.wake_at is None


def test_a_callerror_settles_it_too():
    core = session()
    ticket, _ = core.request("Reset", {}, 0)
    assert core.receive('[4,"id1","NotSupported","no",{"x":1}]', 1) == [
        Received("error", "Reset"),
        Settled(ticket, failure=Failure("refused", "NotSupported", "no", {"x": 1})),
    ]


@pytest.mark.parametrize("text", ['[3,"id1"]', '[3,"id1",5]', '[4,"id1"]', '[4,"id1",{},"",{}]'])
def test_a_malformed_answer_settles_it_at_once(text):
    core = session()
    core.request("Reset", {}, 0)
    (outcome,) = settled(core.receive(text, 1))
    assert outcome.failure is not None
    assert outcome.failure.reason == "malformed"


def test_one_call_is_outstanding_and_the_others_wait_their_turn():
    """Part 4, 4.1.1."""
    core = session()
    core.request("One", {}, 0)
    assert core.request("Two", {}, 0)[1] == []
    assert core.request("Three", {}, 0)[1] == []
    assert texts(core.receive('[3,"id1",{}]', 1)) == [[2, "id2", "Two", {}]]
    assert texts(core.receive('[4,"id2","InternalError"]', 1)) == [[2, "id3", "Three", {}]]
    assert texts(core.receive('[3,"id3",{}]', 1)) == []


def test_while_ours_is_outstanding_their_calls_are_handled():
    core = session()
    core.request("Reset", {}, 0)
    assert isinstance(core.receive(call(), 0)[-1], Handle)
    assert len(core.answer("a", {})) == 1


def test_a_request_times_out_from_its_sending_on():
    core = session(timeout=10)
    first, _ = core.request("One", {}, 0)
    second, _ = core.request("Two", {}, 0, seconds=3)
    assert core.wake_at == 10
    assert core.tick(9.9) == []
    effects = core.tick(10)
    assert settled(effects) == [Settled(first, failure=Failure("silent"))]
    assert texts(effects) == [[2, "id2", "Two", {}]]
    assert core.wake_at == 13
    assert settled(core.tick(13)) == [Settled(second, failure=Failure("silent"))]
    assert core.wake_at is None
    assert core.tick(99) == []


def test_a_late_answer_is_noted_and_dropped():
    core = session(timeout=1)
    core.request("Reset", {}, 0)
    core.tick(1)
    assert core.receive('[3,"id1",{}]', 2) == [
        Received("result", "Reset"),
        Note("reply.late", "id1", "Reset"),
    ]


@pytest.mark.parametrize("text", ['[3,"x",{}]', '[4,"-1","RpcFrameworkError","",{}]', "[3,5,{}]"])
def test_an_unknown_answer_is_noted_and_dropped(text):
    core = session()
    core.request("Reset", {}, 0)
    effects = core.receive(text, 1)
    assert notes(effects) == ["reply.unknown"]
    assert settled(effects) == []
    assert texts(effects) == []
    assert settled(core.receive('[3,"id1",{}]', 2)) != []


def test_a_full_queue_is_told_at_once():
    core = session(queue=1)
    core.request("One", {}, 0)
    core.request("Two", {}, 0)
    ticket, effects = core.request("Three", {}, 0)
    assert effects == [Settled(ticket, failure=Failure("busy"))]


def test_a_queue_is_full_by_its_characters_too():
    core = session(queue=100)
    large = {"data": "x" * 3_000_000}
    for _ in range(3):
        _, effects = core.request("DataTransfer", large, 0)
        assert Settled not in map(type, effects)
    ticket, effects = core.request("DataTransfer", large, 0)
    assert effects == [Settled(ticket, failure=Failure("busy"))]
    _, effects = core.request("Reset", {"type": "Immediate"}, 0)
    assert effects == []


def test_after_an_internal_error_the_same_call_is_handled_again():
    core = session()
    text = '[2,"a","Heartbeat",{}]'
    for _ in range(2):
        *_, handle = core.receive(text, 0)
        assert isinstance(handle, Handle)
        core.refuse("a", CallError("InternalError", "the disk is full"))
    core.receive(text, 0)
    answer = core.answer("a", {"currentTime": "now"})
    assert core.receive(text, 0)[-1:] == answer


def test_no_queue_at_all_still_sends_the_first():
    core = session(queue=0)
    assert len(texts(core.request("One", {}, 0)[1])) == 1
    assert len(settled(core.request("Two", {}, 0)[1])) == 1


def test_a_waiting_request_can_be_taken_back_and_a_sent_one_not():
    core = session()
    sent, _ = core.request("One", {}, 0)
    waiting, _ = core.request("Two", {}, 0)
    assert core.withdraw(waiting)
    assert not core.withdraw(waiting)
    assert not core.withdraw(sent)
    assert texts(core.receive('[3,"id1",{}]', 1)) == []


def test_a_payload_that_is_no_json_is_the_callers_mistake():
    core = session()
    with pytest.raises(TypeError):
        core.request("Reset", {"x": object()}, 0)
    assert core.wake_at is None


# ---- the end ---------------------------------------------------------------------------


def test_a_lost_connection_settles_everything():
    core = session()
    sent, _ = core.request("One", {}, 0)
    waiting, _ = core.request("Two", {}, 0)
    core.receive(call(), 0)
    assert core.lost() == [
        Settled(sent, failure=Failure("lost")),
        Settled(waiting, failure=Failure("unsent")),
    ]
    assert core.wake_at is None


def test_nothing_happens_after_the_end():
    core = session()
    core.receive(call(), 0)
    assert core.lost() == []
    assert core.lost() == []
    assert core.receive(call("b"), 1) == []
    assert core.answer("a", {}) == []
    assert core.refuse("a", CallError("InternalError")) == []
    assert core.tick(99) == []
    ticket, effects = core.request("Reset", {}, 2)
    assert effects == [Settled(ticket, failure=Failure("unsent"))]


def test_repr_tells_the_state():
    core = session()
    assert repr(core) == "<Session 2.0.1, idle, 0 waiting, 0 in work>"
    core.request("One", {}, 0)
    core.request("Two", {}, 0)
    core.receive(call(), 0)
    assert repr(core) == "<Session 2.0.1, outstanding, 1 waiting, 1 in work>"
    core.lost()
    assert repr(core) == "<Session 2.0.1, closed, 0 waiting, 0 in work>"


# ---- whatever comes --------------------------------------------------------------------


@given(st.lists(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace"))))
@settings(deadline=None)
def test_no_text_raises(frames):
    core = session()
    for text in frames:
        assert isinstance(core.receive(text, 0)[0], Received)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(["a", "id1", "Reset", ""]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.just("x"), inner),
)


class BackToBack(RuleBasedStateMachine):
    """Two sessions joined by two lines, and a third party that throws frames in.

    Held throughout: one call outstanding each way; every request settles exactly once;
    what is answered is what was asked; no call is handled twice, but for one that failed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.sides = [session(timeout=5, queue=3), session(timeout=5, queue=3)]
        self.lines: list[deque[str]] = [deque(), deque()]  # towards side 0 and 1
        self.work: list[list[Handle]] = [[], []]
        self.open: list[dict[Ticket, Any]] = [{}, {}]
        self.asked = itertools.count()
        self.handled: list[set[int]] = [set(), set()]
        self.lost = False

    def carry_out(self, side: int, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.lines[1 - side].append(effect.text)
            elif isinstance(effect, Handle):
                number = effect.payload.get("n")
                if isinstance(number, int):
                    assert number not in self.handled[side]
                    self.handled[side].add(number)
                self.work[side].append(effect)
            elif isinstance(effect, Settled):
                expected = self.open[side].pop(effect.ticket)
                if effect.payload is not None and "n" in effect.payload:
                    assert effect.payload["n"] == expected
                assert (effect.payload is None) != (effect.failure is None)

    @rule(side=st.integers(0, 1), seconds=st.none() | st.integers(1, 9))
    def request(self, side: int, seconds: int | None) -> None:
        number = next(self.asked)
        ticket, effects = self.sides[side].request("Do", {"n": number}, self.now, seconds)
        self.open[side][ticket] = number
        self.carry_out(side, effects)

    @rule(side=st.integers(0, 1))
    def deliver(self, side: int) -> None:
        if self.lines[side]:
            text = self.lines[side].popleft()
            self.carry_out(side, self.sides[side].receive(text, self.now))

    @rule(side=st.integers(0, 1))
    def deliver_twice(self, side: int) -> None:
        if self.lines[side]:
            self.lines[side].appendleft(self.lines[side][0])
            self.deliver(side)

    @rule(side=st.integers(0, 1))
    def drop(self, side: int) -> None:
        if self.lines[side]:
            self.lines[side].popleft()

    @rule(side=st.integers(0, 1), refuse=st.sampled_from(["", "SecurityError", "InternalError"]))
    def answer(self, side: int, refuse: str) -> None:
        if self.work[side]:
            handle = self.work[side].pop(0)
            core = self.sides[side]
            if refuse:
                effects = core.refuse(handle.message_id, CallError(refuse))
                if refuse == "InternalError":
                    self.handled[side].discard(handle.payload.get("n"))
            else:
                effects = core.answer(handle.message_id, dict(handle.payload))
            self.carry_out(side, effects)

    @rule(side=st.integers(0, 1), frame=JSON | st.tuples(st.integers(2, 4), JSON, JSON, JSON))
    def throw_in(self, side: int, frame: Any) -> None:
        text = json.dumps(frame)
        if isinstance(frame, list | tuple) and frame[:1] in ([3], (3,), [4], (4,)):
            return  # a forged reply may settle a request: that is no fault of the core
        self.carry_out(side, self.sides[side].receive(text, self.now))

    @rule(seconds=st.floats(0, 6))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for side, core in enumerate(self.sides):
            self.carry_out(side, core.tick(self.now))

    @rule(side=st.integers(0, 1))
    def withdraw(self, side: int) -> None:
        for ticket in list(self.open[side]):
            if self.sides[side].withdraw(ticket):
                del self.open[side][ticket]
                break

    @precondition(lambda self: not self.lost)
    @rule()
    def lose(self) -> None:
        self.lost = True
        for side, core in enumerate(self.sides):
            self.carry_out(side, core.lost())
            self.work[side].clear()
            assert self.open[side] == {}

    @invariant()
    def time_outs_run_only_for_what_is_open(self) -> None:
        for side, core in enumerate(self.sides):
            assert len(self.open[side]) <= 1 + 3
            assert (core.wake_at is not None) == bool(self.open[side])


TestBackToBack = BackToBack.TestCase
TestBackToBack.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
