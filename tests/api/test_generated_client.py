"""A client that a generator makes of the OpenAPI document, calling the real service."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.whole_service import Running, directus_with_our_collections, running_service

NAME = "generated_citrine_client"


class Generated:
    """The generated package; imported on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / NAME

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{name}")

    def model(self, name: str) -> Any:
        return getattr(self.module("models"), name)

    def client(self, base_url: str) -> Any:
        return self.module("client").Client(base_url=base_url)

    async def call(self, operation: str, client: Any, **parameters: Any) -> Any:
        """The detailed answer of an operation, `tag.name`."""
        return await self.module(f"api.{operation}").asyncio_detailed(client=client, **parameters)


def generate(folder: Path, document: Any) -> Generated:
    """As docs/api.md tells it; any warning is a failure."""
    source, config = folder / "openapi.json", folder / "generator.json"
    source.write_text(json.dumps(document))
    config.write_text('{"post_hooks": []}')
    made = Generated(folder)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", str(source), "--config", str(config)),
            *("--meta", "none", "--output-path", str(made.folder), "--fail-on-warning"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    folder = tmp_path / "service"
    async with running_service(folder, directus_with_our_collections(), monkeypatch) as it:
        yield it


@pytest.fixture
async def generated(
    service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Generated]:
    document = (await service.api.get("/openapi.json")).json()
    made = await asyncio.to_thread(generate, tmp_path, document)
    monkeypatch.syspath_prepend(tmp_path)
    yield made
    for name in [each for each in sys.modules if each.partition(".")[0] == NAME]:
        del sys.modules[name]


async def test_it_reads_and_writes_records_with_the_right_types(
    service: Running, generated: Generated
) -> None:
    client = generated.client(str(service.api.base_url))
    call = generated.call

    ready = await call("health.ready", client)
    assert ready.parsed.status == "ready"

    boot = generated.model("BootPut")(heartbeat_interval=300)
    put = await call("data.put_boot", client, station_id="cp001", body=boot)
    assert isinstance(put.parsed, generated.model("Boot"))
    got = await call("data.get_boot", client, station_id="cp001")
    assert (got.parsed.id, got.parsed.heartbeat_interval) == ("cp001", 300)
    assert (await call("data.get_boot", client, station_id="cp404")).parsed is None
    gone = await call("data.delete_boot", client, station_id="cp404")
    assert (gone.status_code, gone.parsed) == (200, None)

    body = generated.model("SubscriptionBody")(url="http://127.0.0.1:9", on_connect=True)
    key = (await call("data.post_subscription", client, body=body)).parsed
    (row,) = (await call("data.get_subscription", client)).parsed
    assert (row.id, row.on_connect) == (key, True)
    assert (await call("data.delete_subscription", client, id=key)).parsed is True

    change = generated.model("SystemConfigPut").from_dict({"settings": {"calls": {"timeout": 5}}})
    config = (await call("settings.put_monitoring_system_config", client, body=change)).parsed
    assert config.overrides["calls.timeout"].value == 5
    await client.get_async_httpx_client().aclose()


async def test_it_sends_a_message_to_a_station_that_is_connected(
    service: Running, generated: Generated
) -> None:
    async with (
        service.charger("cp001") as charger,
        generated.client(str(service.api.base_url)) as client,
    ):
        await charger.boots()
        reset = generated.model("ResetRequest")(type_=generated.model("ResetEnumType").ONIDLE)
        asked = asyncio.create_task(
            generated.call("messages_configuration.reset", client, identifier=["cp001"], body=reset)
        )
        kind, message_id, action, payload = json.loads(await charger.socket.recv())
        assert (kind, action, payload) == (2, "Reset", {"type": "OnIdle"})
        await charger.socket.send(json.dumps([3, message_id, {"status": "Accepted"}]))

        answer = (await asked).parsed
        assert isinstance(answer, generated.model("ResetReply"))
        assert answer.payload.status == generated.model("ResetStatusEnumType").ACCEPTED


async def test_refusals_have_a_type_of_their_own(service: Running, generated: Generated) -> None:
    async with generated.client(str(service.api.base_url)) as client:
        clear = generated.model("ClearCacheRequest")()
        sent = await generated.call(
            "messages_evdriver.clear_cache", client, identifier=["cp404"], body=clear
        )
        assert (sent.status_code, type(sent.parsed)) == (404, generated.model("Failure"))
        assert "cp404" in sent.parsed.payload

        wrong = await generated.call(
            "data.put_boot", client, station_id="no/id", body=generated.model("BootPut")()
        )
        assert (wrong.status_code, type(wrong.parsed)) == (400, generated.model("Failure"))


async def test_its_names_are_those_of_the_document(generated: Generated) -> None:
    """No class is called after the place where the generator found it."""
    names = [path.stem for path in (generated.folder / "models").glob("*.py")]
    unnamed = [name for name in names if "_type_0" in name or "_response_20" in name]
    assert unnamed == []
    assert len(names) > 300
    tags = {path.name for path in (generated.folder / "api").iterdir() if path.is_dir()}
    assert {"data", "health", "settings", "messages_configuration"} <= tags
