"""A running API over fakes of its ports, called over real HTTP on a free port."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from citrine_py.api.app import ApiServer
from citrine_py.api.config import ApiConfig, Ports
from citrine_py.api.metrics import Sample, ServiceHealth
from citrine_py.errors import NotFound
from citrine_py.live import Live
from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.collection import Collection
from citrine_py.model.keys import authorization_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.log_uploads import JobUploads
from citrine_py.modules.message_log import MessageLog
from citrine_py.modules.tariffs import TariffPricing
from citrine_py.modules.webhooks import Webhooks
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.destinations import Destinations
from citrine_py.outside.webhooks import WebhookQueues
from citrine_py.ports import Change, Delete, PasswordOutcome, Payload, Put
from citrine_py.ports_certificates import CertificateAuthority
from citrine_py.running_settings import RunningSettings
from citrine_py.runtime import SystemClock, new_id
from citrine_py.settings import Settings
from tests.fakes import FakeRecords
from tests.fakes_certificates import FakeAuthority
from tests.fakes_jobs import FakeLogFiles
from tests.fakes_wishes import ADDRESSES

SCHEMAS = Schemas()
CONFIG = ApiConfig(host="127.0.0.1", port=0, on_loopback=True, settle=0.1, reply_timeout=Live(7.0))


class WatchedRecords(FakeRecords):
    """Records that tell how long they were waited for. `failing` is raised by writes."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.failing: Exception | None = None

    async def write(self, *changes: Change) -> None:
        if self.failing is not None:
            raise self.failing
        await super().write(*changes)

    async def settled(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return await super().settled(seconds)


@dataclass
class ScriptedRequests:
    """Stations that answer as told: a payload, or an error to raise, by station."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, str, Payload, float | None]] = field(default_factory=list)

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        self.sent.append((station, action, payload, seconds))
        await asyncio.sleep(0)
        answer = self.answers.get(station, NotFound(f"there is no station {station}"))
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


@dataclass
class ScriptedPasswords:
    answer: Any = field(default_factory=lambda: PasswordOutcome(True, "Updated 1 attributes"))
    asked: list[tuple[str, str | None, bool]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    async def set_password(
        self,
        station: str,
        password: str | None,
        *,
        set_on_charger: bool,
        when_online: bool = False,
    ) -> PasswordOutcome:
        self.asked.append((station, password, set_on_charger))
        self.waiting += [station] if when_online else []
        if isinstance(self.answer, Exception):
            raise self.answer
        outcome: PasswordOutcome = self.answer
        return outcome


@dataclass
class RecordedModel:
    asked: list[tuple[str, Payload, bool]] = field(default_factory=list)
    wanted: list[tuple[str, Payload]] = field(default_factory=list)

    async def want(self, station: str, report_data: Payload) -> Sequence[VariableAttribute]:
        self.wanted.append((station, report_data))
        value = report_data["variableAttribute"][0].get("value")
        return [VariableAttribute(id="v1", station=station, wantedValue=value)]

    async def put_report_data(
        self, station: str, report_data: Payload, *, set_on_charger: bool
    ) -> Sequence[VariableAttribute]:
        self.asked.append((station, report_data, set_on_charger))
        value = report_data["variableAttribute"][0].get("value")
        variable = report_data["variable"]["name"]
        row = VariableAttribute(id="v1", station=station, variable=variable, value=value)
        return [row]


@dataclass
class RecordedTokens:
    """Writes tokens into the world's records; `lists` notes what local lists are told."""

    records: FakeRecords
    moved_stations: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: {"status": "Accepted"})

    async def put(self, id_token: str, token_type: str, fields: Mapping[str, Any]) -> Authorization:
        key = authorization_key(id_token, token_type)
        natural = {"idToken": id_token, "type": token_type}
        await self.records.write(Put(AUTHORIZATION, key, {**natural, **fields}))
        record = self.records.get(AUTHORIZATION, key)
        assert record is not None
        return record

    async def remove(self, tokens: Sequence[Authorization]) -> None:
        await self.records.write(*(Delete(AUTHORIZATION, token.id) for token in tokens))

    async def send_whole(self, station: str, seconds: float | None = None) -> Payload:
        self.sent.append(station)
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: Payload = self.answer
        return answer

    def moved(self, station: str) -> None:
        self.moved_stations.append(station)


@dataclass
class ScriptedListeners:
    """ports_certificates.ListenerCertificates that notes what it is told; `error` is raised."""

    put_to: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    reloaded: list[str] = field(default_factory=list)
    error: Exception | None = None

    def put(self, listener: str, chain: str, private_key: str, client_ca: str | None) -> None:
        if self.error is not None:
            raise self.error
        self.put_to.append((listener, chain, private_key, client_ca))

    def reload(self, listener: str) -> None:
        if self.error is not None:
            raise self.error
        self.reloaded.append(listener)


@dataclass
class World:
    """The stand-ins, the server and a client of it."""

    config: ApiConfig = CONFIG
    records: WatchedRecords = field(default_factory=WatchedRecords)
    requests: ScriptedRequests = field(default_factory=ScriptedRequests)
    passwords: ScriptedPasswords = field(default_factory=ScriptedPasswords)
    device_model: RecordedModel = field(default_factory=RecordedModel)
    tokens: RecordedTokens = field(init=False)
    listeners: ScriptedListeners = field(default_factory=ScriptedListeners)
    authority: CertificateAuthority | None = field(default_factory=FakeAuthority)
    problems: dict[str, str] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    files: FakeLogFiles = field(default_factory=FakeLogFiles)
    uploads: JobUploads = field(init=False)
    base: str = ""
    client: aiohttp.ClientSession = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.tokens = RecordedTokens(self.records)
        self.availability_edits: list[tuple[Any, ...]] = []
        self.uploads = JobUploads(self.records, SystemClock())
        clock = SystemClock()
        self.folder = Path(tempfile.gettempdir()) / f"citrine-settings-{new_id()}"
        self.settings = RunningSettings(
            Settings(_env_file=None, store={"folder": self.folder}), clock
        )
        self.webhooks = WebhookQueues(Destinations(self.config.callback_allow), clock)
        self.subscriptions = Webhooks(
            self.records, self.webhooks, clock, new_id, MessageLog(self.records, clock, new_id)
        )

    def ports(self) -> Ports:
        return Ports(
            records=self.records,
            requests=self.requests,
            passwords=self.passwords,
            device_model=self.device_model,
            wished_variables=self.device_model,
            csms_addresses=ADDRESSES.get,
            authorizations=self.tokens,
            local_lists=self.tokens,
            availability=lambda *edit: self.availability_edits.append(edit),
            tariffs=TariffPricing(self.records),
            listeners=self.listeners,
            authority=self.authority,
            log_files=self.files,
            log_uploads=self.uploads,
            subscriptions=self.subscriptions,
            settings=self.settings,
            schemas=SCHEMAS,
            health=ServiceHealth(lambda: self.problems, lambda: self.samples),
            clock=SystemClock(),
        )

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Status and body; JSON where the answer says so, None where it is empty."""
        status, answer, _ = await self.call_for_headers(method, path, body, **more)
        return status, answer

    async def call_for_headers(
        self, method: str, path: str, body: Any = None, **more: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        if isinstance(body, bytes | str):
            more["data"] = body
        elif body is not None:
            more["json"] = body
        async with self.client.request(
            method, self.base + path, allow_redirects=False, **more
        ) as answer:
            text = await answer.text()
            if not text:
                return answer.status, None, answer.headers
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else text, answer.headers

    def keys(self, collection: Collection[Any]) -> set[str]:
        return {getattr(record, collection.key) for record in self.records.all(collection)}


@asynccontextmanager
async def running(*, signs: bool = True, **config: Any) -> AsyncIterator[World]:
    """A world whose API runs; `signs`: it has a CA."""
    world = World(config=replace(CONFIG, **config))
    if not signs:
        world.authority = None
    server = ApiServer(world.config, world.ports())
    await server.start()
    world.base = f"http://127.0.0.1:{server.port}"
    try:
        async with aiohttp.ClientSession() as world.client:
            yield world
    finally:
        await server.stop()
        shutil.rmtree(world.folder, ignore_errors=True)


def add_station(world: World, station: str = "cp001") -> None:
    world.records.edit(CHARGING_STATION, station)


def add_variables(world: World, *names: str, station: str = "cp001") -> None:
    for name in names:
        world.records.edit(
            VARIABLE_ATTRIBUTE, f"{station}-{name}", station=station, component="C", variable=name
        )
