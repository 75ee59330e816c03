"""Messages that must arrive: transaction events wait here until they are answered.

No I/O. What is not answered because the line broke stays; what the CSMS refuses is tried
`MessageAttempts` times (E13). Vendors' habits with the order of messages are here as well.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from citrine_py.simulator.deeds import Payload, Tell

Order = Literal["right", "swapped", "repeated"]


class Outbox:
    """The queue of one station.

    Args:
        order: swapped: each message after the one that follows it; repeated: each once more
            after its answer, as if that had been lost.
    """

    def __init__(self, order: Order = "right") -> None:
        self._order = order
        self._queue: deque[Tell] = deque()
        self._held: Tell | None = None
        self._attempts = 0
        self._repeated = False

    def __len__(self) -> int:
        return len(self._queue) + (self._held is not None)

    def holds(self, transaction_id: str | None) -> bool:
        """Whether messages of this transaction wait; with None, any."""
        waiting = [*self._queue, *([self._held] if self._held else [])]
        return any(transaction_id in {None, _transaction(each.payload)} for each in waiting)

    def add(self, message: Tell, *, last: bool = False) -> None:
        """Puts a message at the end; `last`: none will follow soon."""
        if self._order == "swapped" and self._held is None and not last:
            self._held = message
            return
        self._queue.append(message)
        if self._held is not None:
            self._queue.append(self._held)
            self._held = None

    @property
    def first(self) -> Tell | None:
        """The one to be sent now, if any."""
        return self._queue[0] if self._queue else None

    def answered(self, answer: Payload) -> None:
        """The first was answered."""
        if self._order == "repeated" and not self._repeated:
            self._repeated = True
            return
        message = self._drop()
        if message.then is not None:
            message.then(answer)

    def refused(self, most: int) -> bool:
        """The first was refused or stayed without answer: whether it is given up, which it is
        after `most` times."""
        self._attempts += 1
        if self._attempts < most:
            return False
        message = self._drop()
        if message.then is not None:
            message.then(None)
        return True

    def _drop(self) -> Tell:
        self._attempts = 0
        self._repeated = False
        return self._queue.popleft()


def _transaction(payload: Payload) -> str | None:
    told: str | None = payload.get("transactionInfo", {}).get("transactionId")
    return told
