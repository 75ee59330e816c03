"""B11, B12, E: resets, and the power that goes away and comes back.

No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence

from citrine_py.simulator.availability import Availability
from citrine_py.simulator.charging import Permit
from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Payload, Reboot
from citrine_py.simulator.outlet import Outlet


class Power:
    """The on and off of one station."""

    def __init__(self, core: Core, outlets: Sequence[Outlet], availability: Availability) -> None:
        self._core = core
        self._outlets = outlets
        self._availability = availability
        self._wanted: set[int | None] = set()
        self._interrupted: list[tuple[Outlet, Permit | None]] = []
        core.watchers.idle.append(self._now_idle)

    @property
    def answers(self) -> Answers:
        return {"Reset": self._reset}

    def reboot(self, reason: str, stopped: str) -> None:
        """Ends what runs, and starts anew."""
        for outlet in self._outlets:
            outlet.end("ResetCommand", stopped)
        self._core.do(Reboot(reason))

    def fail(self) -> None:
        """The power is gone: nothing more can be told."""
        self._interrupted = [(it, it.permit) for it in self._outlets if it.transaction is not None]
        for outlet in self._outlets:
            outlet.interrupt()
        self._core.do(Reboot("PowerUp", rudely=True))

    def restored(self) -> None:
        """It is on again and accepted: what ran ends, or goes on by a habit."""
        interrupted, self._interrupted = self._interrupted, []
        for outlet, permit in interrupted:
            if self._core.config.habits.power_loss == "resumes":
                outlet.resume(permit)
            else:
                outlet.end("AbnormalCondition", "PowerLoss")

    def _reset(self, asked: Payload) -> Payload:
        evse = asked.get("evseId")
        unknown = evse is not None and not self._core.has(evse)
        if not self._core.config.habits.resets or unknown:
            return {"status": "Rejected"}
        busy = any(it.transaction for it in self._outlets if evse in {None, it.number})
        if busy and asked["type"] == "OnIdle":
            self._wanted.add(evse)
            return {"status": "Scheduled"}
        self._carry_out(evse)
        return dict(OK)

    def _carry_out(self, evse: int | None) -> None:
        if evse is None:
            self.reboot("RemoteReset", "ImmediateReset")
            return
        self._outlets[evse - 1].end("ResetCommand", "ImmediateReset")
        self._availability.reset(evse)

    def _now_idle(self) -> None:
        for evse in list(self._wanted):
            if not any(it.transaction for it in self._outlets if evse in {None, it.number}):
                self._wanted.discard(evse)
                if evse is None:
                    self._core.do(Reboot("ScheduledReset"))
                else:
                    self._availability.reset(evse)
