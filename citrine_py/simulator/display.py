"""O: messages on a station's display.

No I/O.
"""

from __future__ import annotations

from collections.abc import Callable

from citrine_py.model.times import parse
from citrine_py.simulator.core import OK, Answers, Core, parts
from citrine_py.simulator.deeds import Payload

MESSAGES_PER_PART = 2
FORMATS = frozenset({"ASCII", "UTF8"})


class Display:
    """One display. `runs` says whether a transaction runs."""

    def __init__(self, core: Core, runs: Callable[[str], bool]) -> None:
        self._core = core
        self._runs = runs
        self._messages: dict[int, Payload] = {}

    @property
    def answers(self) -> Answers:
        return {
            "SetDisplayMessage": self._set,
            "GetDisplayMessages": self._get,
            "ClearDisplayMessage": self._clear,
        }

    def ended(self, transaction_id: str) -> None:
        """Messages for a transaction end with it (O02)."""
        for number in [
            number
            for number, it in self._messages.items()
            if it.get("transactionId") == transaction_id
        ]:
            del self._messages[number]

    def _set(self, asked: Payload) -> Payload:
        message = asked["message"]
        if message["message"]["format"] not in FORMATS:
            return {"status": "NotSupportedMessageFormat"}
        transaction = message.get("transactionId")
        if transaction is not None and not self._runs(transaction):
            return {"status": "UnknownTransaction"}
        if message["priority"] == "AlwaysFront":
            front = [n for n, it in self._messages.items() if it["priority"] == "AlwaysFront"]
            for number in front:
                del self._messages[number]
        self._messages[message["id"]] = message
        self._core.log.info("display.message", content=message["message"]["content"])
        return dict(OK)

    def _get(self, asked: Payload) -> Payload:
        now = self._core.clock.now()
        for number, it in list(self._messages.items()):
            if "endDateTime" in it and parse(it["endDateTime"]) <= now:
                del self._messages[number]
        found = [
            it
            for number, it in self._messages.items()
            if number in asked.get("id", [number])
            and asked.get("priority") in {None, it["priority"]}
            and asked.get("state") in {None, it.get("state")}
        ]
        for _, more, piece in parts(found, MESSAGES_PER_PART):
            told = {"requestId": asked["requestId"], "tbc": more, "messageInfo": piece}
            self._core.tell("NotifyDisplayMessages", told)
        return {"status": "Accepted" if found else "Unknown"}

    def _clear(self, asked: Payload) -> Payload:
        gone = self._messages.pop(asked["id"], None)
        return {"status": "Unknown" if gone is None else "Accepted"}
