"""A station's mind: calls, answers and time in; answers and deeds out.

No I/O. It joins the functional blocks, which have a file each; `station` carries out the
deeds in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from citrine_py.model.times import parse
from citrine_py.ocpp.errors import CallError
from citrine_py.simulator.availability import Availability
from citrine_py.simulator.certificates import Certificates
from citrine_py.simulator.core import Answers, Core
from citrine_py.simulator.deeds import Deed, HangUp, Payload, Reaction, Tell
from citrine_py.simulator.device_model import DeviceModel
from citrine_py.simulator.display import Display
from citrine_py.simulator.driver import Driver
from citrine_py.simulator.firmware import Firmware
from citrine_py.simulator.iso15118 import EnergyManager, TalkingCars
from citrine_py.simulator.logs import Customers, Logs
from citrine_py.simulator.monitoring import Monitoring
from citrine_py.simulator.outlet import Hooks, Outlet
from citrine_py.simulator.power import Power
from citrine_py.simulator.provisioning import Provisioning
from citrine_py.simulator.remote import Remote
from citrine_py.simulator.reservations import Reservations
from citrine_py.simulator.scenarios import StationConfig
from citrine_py.simulator.smart_charging import SmartCharging
from citrine_py.simulator.tokens import Tokens
from citrine_py.simulator.transaction import Transaction
from citrine_py.simulator.triggers import Triggers

AWAY = 300.0
"""Seconds that the line is away in the scenario offline-queue."""


class Block(Protocol):
    """A functional block: what it answers."""

    @property
    def answers(self) -> Answers: ...


class Behaviour:
    """One station's mind.

    Attributes:
        core: what its blocks share.
        outlets: its EVSEs.
    """

    def __init__(self, config: StationConfig, now: Callable[[], datetime]) -> None:
        self.config = config
        core = self.core = Core(config, now)
        self.provisioning = Provisioning(core)
        self.tokens = Tokens(core)
        self.availability = Availability(core)
        self.reservations = Reservations(core, self.availability)
        self.smart = SmartCharging(core)
        hooks = Hooks(self._began, self._ended, self._permitted, self._closed, self._load)
        self.outlets = [
            Outlet(
                core,
                number,
                self.tokens,
                availability=self.availability,
                reservations=self.reservations,
                limits=self.smart.limit,
                hooks=hooks,
            )
            for number in core.evses
        ]  # fmt: skip
        self.smart.outlets = self.outlets
        self.availability.busy = lambda evse: self.outlets[evse - 1].transaction is not None
        self.power = Power(core, self.outlets, self.availability)
        self.logs = Logs(core)
        self.firmware = Firmware(core, self.power)
        self.certificates = Certificates(core)
        self.display = Display(core, self._runs)
        self.monitoring = Monitoring(core, self._transaction_at)
        self._cars = TalkingCars(core)
        self._manager = EnergyManager(core, self.smart)
        self._lost_power = False
        self._answers = self._join()
        self._drivers = self._invite()

    def _join(self) -> Answers:
        core, outlets = self.core, self.outlets
        remote = Remote(
            core,
            outlets,
            tokens=self.tokens,
            availability=self.availability,
            reservations=self.reservations,
            smart=self.smart,
        )
        triggers = Triggers(
            core,
            outlets,
            availability=self.availability,
            firmware=self.firmware,
            logs=self.logs,
            certificates=self.certificates,
        )
        blocks: tuple[Block, ...] = (
            self.provisioning, self.tokens, self.availability, self.reservations, self.smart,
            self.power, self.logs, self.firmware, self.certificates, self.display,
            self.monitoring, remote, triggers, Customers(core, self.tokens.recall),
        )  # fmt: skip
        return {action: answer for block in blocks for action, answer in block.answers.items()}

    def _invite(self) -> dict[int, Driver]:
        drive = self.config.drive
        if drive is None:
            return {}
        return {
            outlet.number: Driver(self.core, outlet, self.availability, drive)
            for outlet in self.outlets
        }

    # ---- what it is ----------------------------------------------------------------------

    @property
    def model(self) -> DeviceModel:
        return self.core.model

    @property
    def registration(self) -> str | None:
        """The status of its last BootNotification; None before the first."""
        return self.core.registration

    @property
    def password(self) -> str | None:
        """The one in force, None without Basic authentication."""
        return self.provisioning.password

    @property
    def stored_password(self) -> str:
        """The one it will use from its next reboot on at the latest; empty for none."""
        return self.provisioning.stored_password

    @property
    def heartbeat_interval(self) -> int:
        """Seconds of the world between heartbeats."""
        return max(1, self.model.number("OCPPCommCtrlr", "HeartbeatInterval", None, 60))

    @property
    def wait(self) -> float | None:
        """Seconds of the world until it wants to be called by `due`; None for never."""
        return self.core.clock.wait

    # ---- what it tells -------------------------------------------------------------------

    def statuses(self) -> list[Tell]:
        """What tells the state of each connector."""
        self.availability.untold = False
        return [self.availability.message(evse) for evse in self.core.evses]

    def kept(self) -> Tell | None:
        """The message that must arrive and is to be sent now, if any."""
        return self.core.outbox.first if self.core.online else None

    def kept_answered(self, answer: Payload) -> tuple[Deed, ...]:
        """It was answered."""
        self.core.clock.run()
        self.core.outbox.answered(answer)
        return self.core.take()

    def kept_refused(self) -> tuple[Deed, ...]:
        """It was refused, or not answered in time."""
        most = self.model.number("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", 3)
        if self.core.outbox.refused(most):
            self.core.log.warning("message.given_up")
        return self.core.take()

    @property
    def retry_after(self) -> int:
        """Seconds until a refused message is sent again."""
        return self.model.number("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", 10)

    # ---- what happens to it --------------------------------------------------------------

    def connected(self) -> None:
        self.core.connected = True
        self._open_doors()

    def disconnected(self) -> None:
        self.core.connected = False

    def forgotten(self) -> None:
        """The CSMS wants a boot first."""
        self.core.registration = None

    def booted(self, answer: Payload) -> tuple[Deed, ...]:
        """Takes the answer to BootNotification."""
        status, interval = answer["status"], answer["interval"]
        self.core.registration = status
        if self.config.habits.clock_wrong:
            told = self.core.now()
            self.core.clock.set(parse(answer["currentTime"]))
            if status == "Accepted":
                self.core.security_event("SettingSystemTime", f"from {told}")
        if status == "Accepted" and interval > 0:
            variable = self.core.variable("OCPPCommCtrlr", "HeartbeatInterval")
            self.core.write(variable, str(interval))
        if status == "Accepted":
            self.firmware.booted()
            self.power.restored()
            self._open_doors()
        return self.core.take()

    def _open_doors(self) -> None:
        if self.core.online:
            for driver in self._drivers.values():
                driver.start()

    def restarted(self) -> None:
        """It is on again: settings that take a reboot are in force now."""
        self.core.registration = None
        self.provisioning.restarted()

    def due(self) -> tuple[Deed, ...]:
        """Does what is due by now."""
        self.core.clock.run()
        return self.core.take()

    def heard(self, deed: Tell, answer: Payload | None) -> tuple[Deed, ...]:
        """What came of a call of its own; None if there was no answer."""
        self.core.clock.run()
        if deed.then is not None:
            deed.then(answer)
        return self.core.take()

    def react(self, action: str, payload: Payload) -> Reaction:
        """Answers a call whose payload fits the schema.

        Raises:
            CallError: the call is refused.
        """
        answer = self._answers.get(action)
        if answer is None or action in self.config.habits.lacks:
            raise CallError("NotSupported", f"this station has no {action}")
        if not self.config.habits.answers:
            return Reaction(None)
        self.core.clock.run()
        self.logs.note(f"asked for {action}")
        return Reaction(answer(payload), self.core.take())

    # ---- what its parts tell -------------------------------------------------------------

    def _began(self, outlet: Outlet) -> None:
        self.smart.take_over(outlet)
        self._manager.began()
        self.logs.note(f"transaction began at EVSE {outlet.number}")

    def _ended(self, outlet: Outlet, transaction: Transaction) -> None:
        self.smart.ended(transaction)
        self.display.ended(transaction.id)
        self.logs.note(f"transaction ended at EVSE {outlet.number}")
        if outlet.number in self._drivers:
            self._drivers[outlet.number].ended()

    def _permitted(self, outlet: Outlet) -> None:
        self.smart.take_over(outlet)
        self._cars.permitted(outlet)
        if outlet.number in self._drivers:
            self._drivers[outlet.number].permitted()

    def _closed(self, outlet: Outlet) -> None:
        """Power flows: where a habit breaks something, it does so after the second sample."""
        interval = float(self.core.variable("SampledDataCtrlr", "TxUpdatedInterval").value)
        transaction = outlet.transaction
        if self.config.habits.line_drops:
            self.core.clock.after(2.5 * interval, lambda: self._lose_line(transaction))
        if self.config.habits.power_loss != "never" and not self._lost_power:
            self._lost_power = True
            self.core.clock.after(2.5 * interval, self.power.fail)

    def _lose_line(self, transaction: Transaction | None) -> None:
        if transaction is not None and self._runs(transaction.id):
            self.core.do(HangUp(rudely=True, away=AWAY))

    def _load(self, changed: Outlet) -> None:
        """What is left for the others is another share now."""
        for outlet in self.outlets:
            if outlet is not changed:
                outlet.review()

    def _runs(self, transaction_id: str) -> bool:
        return any(it.transaction and it.transaction.id == transaction_id for it in self.outlets)

    def _transaction_at(self, evse: int | None) -> str | None:
        for outlet in self.outlets:
            if outlet.transaction is not None and evse in {None, outlet.number}:
                return outlet.transaction.id
        return None
