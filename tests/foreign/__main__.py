"""`make foreign`: a charger program of somebody else's in a whole session with a stack.

python -m tests.foreign [--station ID] [--profile 0|1] [--folder FOLDER] [--plug COMMAND]
    [--seconds N] COMMAND

COMMAND starts the program in FOLDER; {url}, {station}, {password} and {token} in it are filled in
beforehand, so that it never starts with an address of its own. The stack is fresh, on free ports of
this machine. Prints what each message came to and every CALLERROR; 1 if the program was not
accepted or its transaction is not on record as it ran.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.foreign.steps import AFTER, BEFORE, TOKEN, Step
from tests.people import Json, Operator, until
from tests.whole_stack import running_stack

PASSWORD = "a-charger-of-somebody-elses"
STARTS_WITHIN = 60


@dataclass(slots=True)
class Told:
    """What came of the session."""

    outcomes: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, name: str, outcome: str) -> None:
        self.outcomes.append((name, outcome))
        print(f"| {name} | {outcome} |", flush=True)

    def expect(self, true: object, otherwise: str) -> None:
        if not true:
            self.wrong.append(otherwise)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the session; see the top of this file."""
    asked = _asked(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="citrine-foreign-") as place,
        running_stack(Path(place) / "stack") as stack,
    ):

        async def play() -> Told:
            async with Operator.of(stack) as operator:
                return await _session(operator, asked, Path(place) / "charger.log")

        told = asyncio.run(play())
    for each in told.wrong:
        print(f"FAILED: {each}")
    return 1 if told.wrong else 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.foreign", description=__doc__)
    parser.add_argument("--station", default="foreign-1", help="the id that it comes by")
    parser.add_argument("--profile", type=int, choices=(0, 1), default=0, help="1: by a password")
    parser.add_argument("--folder", type=Path, default=Path(), help="where COMMAND runs")
    parser.add_argument("--plug", default="", help="a command that plugs the car in")
    parser.add_argument("--seconds", type=float, default=40, help="how long the car charges")
    parser.add_argument("command", help="starts the program; with {url} and {station}")
    asked = parser.parse_args(arguments)
    if "{url}" not in asked.command and "{station}" not in asked.command:
        parser.error("COMMAND names neither {url} nor {station}: it would not know where to go")
    return asked


async def _session(operator: Operator, asked: argparse.Namespace, output: Path) -> Told:
    told = Told()
    station = asked.station
    params = {name: str(value) for name, value in TOKEN.items()}
    body = {"idTokenInfo": {"status": "Accepted"}}
    (
        await operator.api.put("/data/evdriver/authorization", params=params, json=body)
    ).raise_for_status()
    if asked.profile == 1:
        answer = await operator.set_password(station, PASSWORD, set_on_charger=True)
        answer.raise_for_status()
    print("| Message | Outcome |\n|---|---|")
    async with _program(operator, asked, output):
        try:
            await until(lambda: _accepted(operator, station), STARTS_WITHIN)
            told.note("BootNotification", "Accepted")
            for step in BEFORE:
                told.note(step.name, await _sent(operator, station, step))
            await _transaction(operator, asked, told)
            for step in AFTER:
                told.note(step.name, await _sent(operator, station, step))
        except TimeoutError:
            told.wrong.append(f"it did not come to that in time; the program said:\n{_end(output)}")
        await _refusals(operator, station)
    return told


@asynccontextmanager
async def _program(
    operator: Operator, asked: argparse.Namespace, output: Path
) -> AsyncIterator[None]:
    url = operator.password_url if asked.profile == 1 else operator.open_url
    command = asked.command
    filled = {"url": url, "station": asked.station, "password": PASSWORD, "token": TOKEN["idToken"]}
    for name, value in filled.items():
        command = command.replace("{" + name + "}", value)
    with output.open("w") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=asked.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _transaction(operator: Operator, asked: argparse.Namespace, told: Told) -> None:
    """A remote start, some metering, a remote stop; then what is on record of it."""
    station = asked.station
    start = {"evseId": 1, "remoteStartId": 4711, "idToken": TOKEN}
    step = Step("RequestStartTransaction", "evdriver/requestStartTransaction", start)
    told.note(step.name, await _sent(operator, station, step))
    if asked.plug:
        subprocess.run(["/bin/sh", "-c", asked.plug], check=True, stdout=subprocess.DEVNULL)
    await until(lambda: _has(operator, station, isActive="true"), STARTS_WITHIN)
    row = (await _rows(operator, "transaction", station))[0]
    await _metered(operator, station, asked.seconds)
    stop = {"transactionId": row["transactionId"]}
    step = Step("RequestStopTransaction", "evdriver/requestStopTransaction", stop)
    told.note(step.name, await _sent(operator, station, step))
    await until(lambda: _has(operator, station, isActive="false"), STARTS_WITHIN)
    row = (await _rows(operator, "transaction", station))[0]
    events = await _rows(operator, "transactionEvent", station)
    told.note("TransactionEvent", ", ".join(each["eventType"] for each in reversed(events)))
    shown = ("durationSeconds", "energyWh", "stoppedReason", "idToken", "doubt")
    told.note("Transaction", ", ".join(f"{name} {row[name]}" for name in shown))
    kinds = [each["eventType"] for each in events]
    told.expect(kinds.count("Started") == 1, "not one Started event on record")
    told.expect(kinds.count("Ended") == 1, "not one Ended event on record")
    told.expect(row["evseId"] == 1, f"the transaction is at EVSE {row['evseId']}")
    told.expect(row["stoppedReason"], "the transaction has no reason for its end")
    told.expect(row["energyWh"] is not None, "no energy is on record")


async def _metered(operator: Operator, station: str, seconds: float) -> None:
    """Until two Updated events with a meter's values are here, or the time is over."""

    async def metered() -> bool:
        return len(await _rows(operator, "meterValue", station)) > 2

    try:
        await until(metered, seconds)
    except TimeoutError:
        return


async def _accepted(operator: Operator, station: str) -> bool:
    rows = await _rows(operator, "chargingStation", station, "configuration")
    return any(row["isOnline"] and row["registrationStatus"] == "Accepted" for row in rows)


async def _has(operator: Operator, station: str, **query: str) -> bool:
    return bool(await _rows(operator, "transaction", station, **query))


async def _rows(
    operator: Operator, record: str, station: str, module: str = "transactions", **query: str
) -> list[Json]:
    params = {"stationId": station, **query}
    answer = await operator.api.get(f"/data/{module}/{record}", params=params)
    answer.raise_for_status()
    found: list[Json] = answer.json()
    return found


async def _sent(operator: Operator, station: str, step: Step) -> str:
    """The status that the station answered, or why there is none."""
    answer: httpx.Response = await operator.send(station, step.path, step.payload)
    payload = answer.json()["payload"]
    if not isinstance(payload, dict):
        return str(payload).splitlines()[0]
    for results in ("getVariableResult", "setVariableResult"):
        if results in payload:
            return ", ".join(each["attributeStatus"] for each in payload[results])
    return str(payload.get("status") or payload)


async def _refusals(operator: Operator, station: str) -> None:
    """Every CALLERROR in either direction, once each."""
    params = {"stationId": station, "limit": "500"}
    answer = await operator.api.get("/data/ocpprouter/ocppMessage", params=params)
    seen: dict[str, None] = {}
    for each in reversed(answer.json()):
        if each["type"] == "CALLERROR":
            error = each["payload"]
            who = "we" if each["direction"] == "out" else "the station"
            what = f"{error['errorCode']} {error['errorDescription']}".splitlines()[0]
            seen[f"{who} refused {each['action']}: {what}"] = None
    print("\n".join(("", *seen)) if seen else "\nno CALLERROR in either direction")


def _end(output: Path) -> str:
    return "\n".join(output.read_text(errors="replace").splitlines()[-20:])


if __name__ == "__main__":
    sys.exit(main())
