"""The plainest CSMS, to stand beside ours: no rules, no memory, no journal.

answer   answers every message at once
create   makes the rows of each message in Directus, one REST call, then answers
latest   changes the connector's latest status in Directus, one REST call, then answers
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.directus import Admin
from citrine_py.model.keys import connector_key
from citrine_py.model.times import iso, parse
from citrine_py.modules.diagnostics import put_event
from citrine_py.modules.variables import put_report
from citrine_py.ports import Call, Put
from citrine_py.store.codec import dumps

Payload: TypeAlias = dict[str, Any]
Keep: TypeAlias = Callable[[str, str, Payload], Awaitable[None]]
"""Does with a message (station, action, payload) what is to be done before its answer."""


async def nothing(_station: str, _action: str, _payload: Payload) -> None:
    """For `answer`."""


async def create(admin: Admin, station: str, action: str, payload: Payload) -> None:
    """Makes the rows that our service makes of the message, its message log apart."""
    if action == "StatusNotification":
        await admin.call("POST", "/items/StatusNotification", status_row(station, payload))
        return
    puts: list[Put] = []
    if action == "NotifyEvent":
        call = Call(station, action, payload, str(uuid4()), "2.0.1", "plain", datetime.now(UTC))
        puts = [put_event(call, each, n) for n, each in enumerate(payload["eventData"])]
    elif action == "NotifyReport":
        puts = list(put_report(station, payload["reportData"], parse(payload["generatedAt"])))
    if puts:
        rows = orjson.loads(dumps([{"id": put.key, **put.fields} for put in puts]))
        await admin.call("POST", f"/items/{puts[0].collection.name}?fields=id", rows)


async def latest(admin: Admin, station: str, action: str, payload: Payload) -> None:
    """Changes the connector."""
    if action == "StatusNotification":
        row = status_row(station, payload)
        changed = {name: row[name] for name in ("connectorStatus", "timestamp")}
        await admin.call("PATCH", f"/items/Connector/{row['connector']}?fields=id", changed)


def status_row(station: str, payload: Payload) -> Payload:
    """The row of StatusNotification that our service makes."""
    evse, connector = payload["evseId"], payload["connectorId"]
    return {
        "id": str(uuid4()),
        "station": station,
        "connector": connector_key(station, evse, connector),
        "evseId": evse,
        "connectorId": connector,
        "connectorStatus": payload["connectorStatus"],
        "timestamp": payload["timestamp"],
    }


async def converse(keep: Keep, socket: ServerConnection) -> None:
    """Answers one charger."""
    assert socket.request is not None
    station = socket.request.path.rpartition("/")[2]
    try:
        async for text in socket:
            _, message_id, action, payload = orjson.loads(text)
            await keep(station, action, payload)
            await socket.send(orjson.dumps([3, message_id, answer(action)]).decode())
    except ConnectionClosed:
        return


def answer(action: str) -> Payload:
    """A CALLRESULT's payload."""
    if action == "BootNotification":
        return {"currentTime": iso(datetime.now(UTC)), "interval": 60, "status": "Accepted"}
    return {"currentTime": iso(datetime.now(UTC))} if action == "Heartbeat" else {}


async def run(task: str, port: int) -> None:
    """Says `ready` and serves until it is ended."""
    directus = Admin(os.environ["BENCH_DIRECTUS_URL"], os.environ["BENCH_DIRECTUS_TOKEN"])
    async with directus as admin:
        tasks: dict[str, Keep] = {
            "answer": nothing,
            "create": partial(create, admin),
            "latest": partial(latest, admin),
        }
        async with serve(
            partial(converse, tasks[task]),
            "127.0.0.1",
            port,
            subprotocols=[Subprotocol("ocpp2.0.1")],
            ping_interval=None,
            backlog=1024,
        ):
            print("ready", flush=True)
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
