"""The whole service in this process, with real sockets to stations and people, on a Directus in
memory: to see what it does while Directus, the disk or a station misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from citrine_py import service_parts as product
from citrine_py.service import Service
from citrine_py.settings import Settings
from tests.store.fake_directus import FakeDirectus
from tests.store.support import eventually

T0 = "2026-01-01T00:00:00Z"
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
STATUS = {"timestamp": T0, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


def directus_with_our_collections() -> FakeDirectus:
    return FakeDirectus(
        product.COLLECTIONS,
        {
            "Credential": lambda row: row.get("passwordHash"),
            "VariableWish": lambda row: row.get("wantedValue") is not None,
            "LiveTransaction": lambda row: row.get("isActive"),
        },
    )


class Charger:
    """A station's end of the line: frames as they are."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._number = 0

    async def ask(self, action: str, payload: Any, message_id: str | None = None) -> Any:
        """Sends a CALL and returns the answer to it."""
        self._number += 1
        message_id = message_id or f"m{self._number}"
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(20):
            while True:
                frame = json.loads(await self.socket.recv())
                if frame[0] != 2 and frame[1] == message_id:
                    return frame

    async def boots(self) -> None:
        answer = await self.ask("BootNotification", BOOT)
        assert answer[2]["status"] == "Accepted", answer


@dataclass
class Running:
    """A started service. `api` is a person's client."""

    service: Service
    directus: FakeDirectus
    api: httpx.AsyncClient

    @asynccontextmanager
    async def charger(self, station: str, **options: Any) -> AsyncIterator[Charger]:
        port = self.service.listeners[0].port
        async with connect(
            f"ws://127.0.0.1:{port}/{station}",
            subprotocols=["ocpp2.0.1"],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            **options,
        ) as socket:
            yield Charger(socket)

    async def metric(self, name: str) -> float:
        text = (await self.api.get("/metrics")).text
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])


@asynccontextmanager
async def running_service(
    folder: Path, directus: FakeDirectus, monkeypatch: pytest.MonkeyPatch, **store: Any
) -> AsyncIterator[Running]:
    """`store` are settings of that group."""
    monkeypatch.setattr(product, "new_client", lambda url, token: directus.client())
    async with directus.realtime() as server:
        settings = Settings(
            _env_file=None,
            api={"port": 0},
            chargers={"open_port": 0, "password_port": 0},
            directus={"url": server.url, "token": "token"},
            store={"folder": folder, **store},
        )
        service = Service(settings)
        await service.start()
        url = f"http://127.0.0.1:{service.api.port}"
        try:
            stats = service.store.stats
            await eventually(lambda: stats().subscribed and stats().staleness == 0)
            async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as api:
                yield Running(service, directus, api)
        finally:
            directus.before = None
            await service.stop()
