"""`citrine-py simulate`: runs simulated stations from the command line until Ctrl-C.

Reads the settings only for the addresses of the charger ports and of the API.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import replace
from urllib.parse import quote

import structlog

from citrine_py.errors import BadRequest, CitrineError
from citrine_py.settings import Settings
from citrine_py.settings_chargers import ListenerSettings
from citrine_py.simulator.car import CarModel
from citrine_py.simulator.inventory import Plate
from citrine_py.simulator.scenarios import SCENARIOS, Drive, StationConfig, numbered

log = structlog.get_logger()

MOST_STATIONS = 10_000
API_WITHIN = 30
DEMO_DRIVE = Drive(first=20, minutes=8, every=15)
TOKEN_TYPES = ("Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress")
DEMO = {"status": "Pending", "getBaseReportOnPending": True}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives `simulate` its options."""
    plate = Plate()
    scenarios = "; ".join(f"{name}: {each.text}" for name, each in SCENARIOS.items())
    add = parser.add_argument
    add("--url", help="address without the station's id (default: a charger port of the settings)")
    add("--station", default="cp001", help="its id, or the first of --count (default: cp001)")
    add(
        "--count",
        "--stations",
        type=_positive,
        default=1,
        help="how many stations: cp001, cp002, ...",
    )
    add("--password", help="for Basic authentication; without --url, the password port is used")
    add("--scenario", choices=tuple(SCENARIOS), default="stay", metavar="NAME", help=scenarios)
    add("--variables", type=_positive, help="size of the device model (default: about 100)")
    add("--connectors", type=_positive, default=2, help="EVSEs, of one connector each (default: 2)")
    add("--model", default=plate.model, help="chargingStation.model")
    add("--vendor", default=plate.vendor, help="chargingStation.vendorName")
    add("--serial", default=plate.serial, help="chargingStation.serialNumber")
    add("--ca", help="PEM file of the CA to trust, for a wss:// address")
    add(
        "--demo",
        action="store_true",
        help="first set the stations' Boot to Pending with report over the API, so that they "
        "boot with a full report; afterwards a car charges now and then",
    )
    add_car_arguments(parser)


def add_car_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives `simulate` the options that are about cars."""
    car, drive = CarModel(), Drive()
    add = parser.add_argument_group("cars").add_argument
    add("--car", action="store_true", help="a car comes and charges")
    add("--cars", type=_positive, default=1, help="how many at once, an EVSE each (default: 1)")
    add(
        "--token",
        help="that the driver shows; the CSMS must know it as an Authorization (default: a start "
        "button, NoAuthorization)",
    )
    add("--token-type", default="ISO14443", choices=TOKEN_TYPES, help="default: ISO14443")
    add("--battery", type=float, default=car.battery, help="kWh (default: %(default)g)")
    add("--soc", type=float, default=car.soc, help="percent on arrival (default: %(default)g)")
    add("--power", type=float, help="kW that the car takes (default: 11; with --dc 120)")
    add("--phases", type=int, choices=(1, 3), default=car.phases, help="default: %(default)s")
    add("--dc", action="store_true", help="the station is a quick charger of 150 kW")
    add("--iso15118", action="store_true", help="the car tells what it needs")
    add(
        "--minutes",
        type=float,
        help=f"that the car stays (default: {drive.minutes:g}; with --demo {DEMO_DRIVE.minutes:g})",
    )
    add("--every", type=float, help="minutes from one car to the next (default: there is one)")
    add("--ends", choices=("token", "cable"), default=drive.ends, help="what ends it first")
    add(
        "--speed",
        type=float,
        default=1,
        help="how many of the station's seconds pass in one of the world (default: 1)",
    )


def main(settings: Settings, options: argparse.Namespace) -> int:
    """Runs the stations; 0 if all were accepted or Ctrl-C ended them, else 1."""
    from citrine_py.simulator.station import run

    configs = configurations(settings, options)
    try:
        if options.demo:
            for config in configs:
                set_boot_pending(settings, config.id)
        return 0 if asyncio.run(run(configs)) else 1
    except KeyboardInterrupt:
        return 0


def configurations(settings: Settings, options: argparse.Namespace) -> list[StationConfig]:
    """One configuration for each station that the options ask for.

    Raises:
        BadRequest: options that do not go together.
    """
    if options.count > MOST_STATIONS:
        raise BadRequest(f"at most {MOST_STATIONS} stations")
    url = options.url or _address(settings, 0 if options.password is None else 1)
    if not url.startswith(("ws://", "wss://")):
        raise BadRequest(f"{url} is no ws:// or wss:// address")
    return [
        StationConfig(
            id=station,
            url=url,
            password=options.password,
            scenario=options.scenario,
            plate=Plate(options.model, options.vendor, options.serial),
            evses=options.connectors,
            variables=options.variables,
            tls=_trust(options.ca) if url.startswith("wss:") else None,
            drive=drive(options),
            direct_current=options.dc,
            speed=options.speed,
        )
        for station in numbered(options.station, options.count)
    ]


def drive(options: argparse.Namespace) -> Drive | None:
    """The cars that the options ask for, if any.

    Raises:
        BadRequest: a car that there cannot be.
    """
    if not (options.car or options.demo or SCENARIOS[options.scenario].car):
        return None
    usual = DEMO_DRIVE if options.demo else Drive()
    power = options.power or (120 if options.dc else 11)
    return replace(
        usual,
        token=options.token or usual.token,
        token_type=options.token_type if options.token else usual.token_type,
        car=CarModel(options.battery, options.soc, power, options.phases, options.iso15118),
        minutes=usual.minutes if options.minutes is None else options.minutes,
        every=usual.every if options.every is None else options.every,
        ends=options.ends,
        cars=options.cars,
    )


def set_boot_pending(settings: Settings, station: str) -> None:
    """Sets the station's Boot to Pending with report, as the seed's curl line does.

    Raises:
        CitrineError: the API is away or refuses.
    """
    host = "127.0.0.1" if settings.api.on_loopback else settings.api.host
    url = f"http://{host}:{settings.api.port}/data/configuration/boot?stationId={quote(station)}"
    headers = {"Content-Type": "application/json"}
    if settings.api.token is not None:
        headers["Authorization"] = f"Bearer {settings.api.token.get_secret_value()}"
    request = urllib.request.Request(url, json.dumps(DEMO).encode(), headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=API_WITHIN):  # noqa: S310 - our own http address
            log.info("demo.boot_set", station=station, **DEMO)
    except urllib.error.HTTPError as error:
        raise CitrineError(f"{url}: HTTP {error.code}: {error.read(500).decode()}") from None
    except OSError as error:
        raise CitrineError(f"{url}: {error}; is the service running (`make up`)?") from None


def _address(settings: Settings, profile: int) -> str:
    """The charger port of this security profile.

    Raises:
        BadRequest: the settings have none.
    """
    port = next((p for p in settings.charger_ports() if p.security_profile == profile), None)
    if port is None:
        raise BadRequest(f"no listener of security profile {profile} in the settings; give --url")
    return f"ws://{_reachable(port)}:{port.port}"


def _reachable(port: ListenerSettings) -> str:
    return "127.0.0.1" if port.host in {"0.0.0.0", "::"} else port.host  # noqa: S104 - compared


def _trust(ca: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
