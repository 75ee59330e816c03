"""What a simulated station is told to be: its settings, and a vendor's habits by name.

Data only. Every scenario is documented by its own text: `citrine-py simulate --help`
lists them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from citrine_py.errors import BadRequest
from citrine_py.simulator.car import CarModel
from citrine_py.simulator.inventory import Plate
from citrine_py.simulator.outbox import Order

FASTEST = 3600


@dataclass(frozen=True, slots=True)
class Habits:
    """How a vendor's station differs from the well-behaved one.

    `report`: refused (Rejected), interrupted (the line breaks in the middle of the first
    one), endless (the last part never comes), shuffled (parts out of order and repeated).
    `basic_auth`, when it is given a new BasicAuthPassword: refused, reboot (RebootRequired),
    unanswered (taken, but the line breaks before the answer). `lacks`: messages that it
    does not support. `slow`: answers after `Pace.slow`. `line_drops`: in each
    transaction, after its second sample. `power_loss`: after the second sample of the first
    transaction; then that ends, or goes on (resumes).
    """

    boots: bool = True
    answers: bool = True
    resets: bool = True
    report: Literal["whole", "refused", "interrupted", "endless", "shuffled"] = "whole"
    basic_auth: Literal["taken", "refused", "reboot", "unanswered"] = "taken"
    lacks: frozenset[str] = frozenset()
    slow: bool = False
    clock_wrong: bool = False
    order: Order = "right"
    line_drops: bool = False
    power_loss: Literal["never", "ends", "resumes"] = "never"
    events_only: bool = False
    local_limit: bool = False


EXTRAS = frozenset(
    {
        "CancelReservation", "ClearCache", "ClearChargingProfile", "ClearDisplayMessage",
        "ClearVariableMonitoring", "CustomerInformation", "GetChargingProfiles",
        "GetCompositeSchedule", "GetDisplayMessages", "GetLocalListVersion", "GetLog",
        "GetMonitoringReport", "PublishFirmware", "ReserveNow", "SendLocalList",
        "SetChargingProfile", "SetDisplayMessage", "SetMonitoringBase", "SetMonitoringLevel",
        "SetVariableMonitoring", "UnpublishFirmware",
    }
)  # fmt: skip
"""What a station may do without."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named behaviour. One that does not stay ends when the station is Accepted and has
    told its connectors' states. `car`: it takes a car to be seen."""

    text: str
    habits: Habits = Habits()
    stays: bool = True
    car: bool = False


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "stay": Scenario("boots, tells its connectors' states, sends heartbeats, reconnects"),
        "boot": Scenario("the same, but ends once it is accepted", stays=False),
        "drive": Scenario("the same as stay, with a car that charges", car=True),
        "no-boot": Scenario("never sends BootNotification, only heartbeats", Habits(boots=False)),
        "silent": Scenario("never answers a call", Habits(answers=False)),
        "reset-refused": Scenario("rejects every Reset", Habits(resets=False)),
        "report-refused": Scenario("rejects every report", Habits(report="refused")),
        "report-interrupted": Scenario(
            "drops the line in the middle of its first report", Habits(report="interrupted")
        ),
        "report-endless": Scenario(
            "never sends the last part of a report", Habits(report="endless")
        ),
        "report-shuffled": Scenario(
            "sends a report's parts out of order, and some twice", Habits(report="shuffled")
        ),
        "password-refused": Scenario(
            "rejects every BasicAuthPassword", Habits(basic_auth="refused")
        ),
        "password-reboot": Scenario(
            "uses a new BasicAuthPassword after the next reboot", Habits(basic_auth="reboot")
        ),
        "password-unanswered": Scenario(
            "takes a new BasicAuthPassword, but its answer is lost",
            Habits(basic_auth="unanswered"),
        ),
        "basic": Scenario(
            "has only what every station has; NotSupported to smart charging, reservations, "
            "local lists, monitors, logs, display messages",
            Habits(lacks=EXTRAS),
        ),
        "slow": Scenario("answers calls after 5 seconds", Habits(slow=True)),
        "clock-wrong": Scenario(
            "says it is 1970 until the answer to its boot, which corrects it",
            Habits(clock_wrong=True),
            car=True,
        ),
        "offline-queue": Scenario(
            "loses its line for 5 minutes in each transaction, and tells the events after it",
            Habits(line_drops=True),
            car=True,
        ),
        "out-of-order": Scenario(
            "tells transaction events in the wrong order", Habits(order="swapped"), car=True
        ),
        "repeats": Scenario(
            "sends each transaction event again, as after a lost answer",
            Habits(order="repeated"),
            car=True,
        ),
        "reboot-in-transaction": Scenario(
            "loses its power in its first transaction, which ends when it is back",
            Habits(power_loss="ends"),
            car=True,
        ),
        "reboot-and-resume": Scenario(
            "loses its power in its first transaction, which goes on when it is back",
            Habits(power_loss="resumes"),
            car=True,
        ),
        "events-only": Scenario(
            "tells its connectors' states by NotifyEvent only",
            Habits(events_only=True),
            car=True,
        ),
        "local-limit": Scenario(
            "an energy manager in the house limits it to 4.6 kW for 10 minutes of a transaction",
            Habits(local_limit=True),
            car=True,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations in seconds; tests use short ones."""

    retry: float = 15
    """Until the next BootNotification where the CSMS leaves it to the station (interval 0)."""
    reboot: float = 1
    first_wait: float = 1
    """Before the first new try to connect; it doubles up to `longest_wait`."""
    longest_wait: float = 60
    answer: float = 30
    """That the CSMS has to answer."""
    slow: float = 5
    """That a slow station takes to answer."""


@dataclass(frozen=True, slots=True)
class Drive:
    """Cars that come to a station. `first` is in seconds after its start, `minutes` how long
    one stays, `every` after how many the next comes (None: there is none). `token_first`: the
    token before the cable. `ends`: by showing the token again, or by pulling the cable.
    `cars`: how many EVSEs have such a driver.
    """

    token: str = ""
    token_type: str = "NoAuthorization"  # noqa: S105 - a kind, no secret
    car: CarModel = field(default_factory=CarModel)
    first: float = 10
    minutes: float = 30
    every: float | None = None
    token_first: bool = False
    ends: Literal["token", "cable"] = "token"
    cars: int = 1


@dataclass(frozen=True, slots=True)
class StationConfig:
    """One simulated station. `url` is the CSMS' address without the station's id;
    `variables` the size of its device model (None: as many as it needs); `speed` how many of
    its seconds pass in one of the world."""

    id: str = "cp001"
    url: str = "ws://127.0.0.1:8081"
    password: str | None = field(default=None, repr=False)
    scenario: str = "stay"
    plate: Plate = field(default_factory=Plate)
    evses: int = 2
    variables: int | None = None
    report_items: int = 20
    """Variables in one part of a report."""
    subprotocol: str = "ocpp2.0.1"
    tls: ssl.SSLContext | None = None
    pace: Pace = Pace()
    drive: Drive | None = None
    direct_current: bool = False
    speed: float = 1

    def __post_init__(self) -> None:
        if not 0 < self.speed <= FASTEST:
            raise BadRequest(f"a speed is above 0 and at most {FASTEST}")
        if self.drive is not None and self.drive.cars > self.evses:
            raise BadRequest(f"{self.drive.cars} cars at once need as many connectors")
        if self.scenario not in SCENARIOS:
            names = ", ".join(SCENARIOS)
            raise BadRequest(f"no scenario {self.scenario!r}; there are {names}")

    @property
    def address(self) -> str:
        """The URL to connect to: the id is its last segment (Part 4, 3.1.1)."""
        return f"{self.url.rstrip('/')}/{quote(self.id, safe='')}"

    @property
    def habits(self) -> Habits:
        return SCENARIOS[self.scenario].habits

    @property
    def stays(self) -> bool:
        return SCENARIOS[self.scenario].stays

    @property
    def security_profile(self) -> int:
        """0 to 2, as password and URL have it."""
        if self.password is None:
            return 0
        return 2 if self.url.startswith("wss:") else 1


def numbered(first: str, count: int) -> list[str]:
    """`count` station ids from `first` on: cp001, cp002, ...; a name without a number at
    its end gets one."""
    digits = first[len(first.rstrip("0123456789")) :]
    if not digits:
        return [first] if count == 1 else [f"{first}{number}" for number in range(1, count + 1)]
    stem = first.removesuffix(digits)
    return [f"{stem}{int(digits) + step:0{len(digits)}d}" for step in range(count)]
