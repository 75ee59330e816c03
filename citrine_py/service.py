"""The composition root: builds every part from the settings, starts and stops them in order.

start: store, then the listeners, then the API (which says that the service is ready)
stop:  API, listeners (calls in flight are answered), jobs, store (flushed or kept)
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack

import structlog

from citrine_py import service_parts
from citrine_py.api.app import ApiServer
from citrine_py.api.config import Ports
from citrine_py.api.metrics import Sample, ServiceHealth
from citrine_py.certificates import certificate_needs, client_cas
from citrine_py.edge.certificates import PortCertificates
from citrine_py.edge.config import CallLimits, ListenerConfig
from citrine_py.edge.listener import Listener
from citrine_py.edge.registry import Registry
from citrine_py.edge.stats import EdgeStats
from citrine_py.metrics import edge_samples, store_samples, webhook_samples
from citrine_py.model.authorizations import AUTHORIZATION
from citrine_py.model.charging_profiles import CHARGING_PROFILE
from citrine_py.model.jobs import JOB
from citrine_py.model.network_profiles import NETWORK_PROFILE
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE, ChargingStation
from citrine_py.model.subscriptions import SUBSCRIPTION
from citrine_py.model.tariffs import TARIFF
from citrine_py.model.wishes import VARIABLE_WISH
from citrine_py.modules.all_blocks import BlockRules, Needs
from citrine_py.modules.bindings import build
from citrine_py.modules.job_bindings import JobNeeds
from citrine_py.modules.wish_bindings import WishNeeds
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client
from citrine_py.outside.destinations import Destinations
from citrine_py.outside.ocmf import OcmfSignatures
from citrine_py.outside.webhooks import WebhookQueues
from citrine_py.running_settings import RunningSettings
from citrine_py.runtime import BcryptHasher, SystemClock, TaskJobs, new_id
from citrine_py.settings import Settings
from citrine_py.settings_chargers import ListenerSettings
from citrine_py.store.log_files import StoredLogFiles

log = structlog.get_logger()


class Service:
    """All parts, built. `start` and `stop` belong together.

    Raises:
        BadSettings: the settings lack what the service cannot do without.
    """

    def __init__(self, settings: Settings) -> None:
        self.clock = SystemClock()
        self.settings = RunningSettings(settings, self.clock)
        settings = self.settings.now
        self.live = service_parts.LiveParts(settings)
        self.schemas = Schemas()
        self.hasher = BcryptHasher()
        self.jobs = TaskJobs()
        self.edge_stats = EdgeStats()
        self.registry = Registry(self.edge_stats)
        self.store = service_parts.store(settings, self.clock)
        self.outside = Client()
        self.certificates = certificate_needs(settings, self.outside, self.schemas, self.clock)
        self.addresses = service_parts.csms_addresses(settings)
        self.webhooks = WebhookQueues(Destinations(settings.api.callback_allow), self.clock)
        self.files = StoredLogFiles(settings.store.folder / "logs", settings.files.limit)
        self.rules = build(
            Needs(
                records=self.store.records,
                stations=self.registry,
                jobs=self.jobs,
                clock=self.clock,
                new_id=new_id,
                hasher=self.hasher,
                schemas=self.schemas,
                signatures=OcmfSignatures(),
                tokens=service_parts.token_needs(settings, self.outside, self.schemas, self.clock),
                certificates=self.certificates,
                wishes=WishNeeds(service_parts.vault(settings), self.addresses.get),
                station_jobs=JobNeeds(
                    self.files,
                    service_parts.public_url(settings),
                    settings.store.history_retention_days,
                ),
                webhooks=self.webhooks,
            ),
            self.live.boot,
            BlockRules(
                self.live.tokens,
                self.live.transactions(),
                service_parts.smart_charging_rules(settings),
                settings.boot.report_timeout,
            ),
            vendors=service_parts.vendors(settings, self.outside, self.schemas),
        )
        self.listeners = [self._listener(settings, each) for each in settings.charger_ports()]
        self.api = ApiServer(service_parts.api_config(settings, self.live), self._api_ports())

    async def start(self) -> None:
        """Starts all parts; returns when stations and people can come.

        Raises:
            CitrineError: a port is taken, a file cannot be used; what had started is stopped.
        """
        self.schemas.prepare("2.0.1")
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.store.stop)
            await self.store.start()
            self._watch()
            await self.rules.presence.reset()
            undo.push_async_callback(self.webhooks.stop)
            undo.push_async_callback(self.jobs.stop)
            for name, work in self.rules.background.items():
                self.jobs.start(f"background {name}", work)
            self.rules.local_lists.start()
            self.rules.transactions.start()
            self.rules.tariff_check.all()
            self.rules.frames.start()
            for listener in self.listeners:
                await listener.start()
                undo.push_async_callback(listener.stop)
            self.rules.cost_updates.start()
            self.settings.watch(self._retuned)
            await self.api.start()
            undo.pop_all()
        log.info("service.started", stations=len(self.store.records.select(CHARGING_STATION)))

    async def stop(self) -> None:
        """Stops all parts; nothing that was accepted is lost."""
        await self.api.stop()
        await asyncio.gather(*(listener.stop() for listener in self.listeners))
        await self.jobs.stop()
        await self.webhooks.stop()
        await self.outside.stop()
        await self.store.stop()
        self.hasher.close()
        log.info("service.stopped")

    def _listener(self, settings: Settings, each: ListenerSettings) -> Listener:
        config = ListenerConfig(
            id=each.id,
            host=each.host,
            port=each.port,
            security_profile=each.security_profile,
            subprotocols=each.subprotocols,
            allow_unknown=each.allow_unknown_stations,
            ping_interval=each.ping_interval,
            tls_certificate=each.tls_certificate,
            tls_key=each.tls_key,
            tls_second_certificate=each.tls_second_certificate,
            tls_second_key=each.tls_second_key,
            tls_client_cas=client_cas(settings, each.tls_client_ca),
            own_client_ca=each.tls_client_ca,
        )
        limits = CallLimits(
            timeout=self.live.call_timeout,
            queue=settings.calls.queue,
            frame_limit=settings.calls.frame_limit,
            rate=settings.calls.rate,
        )
        return Listener(
            config,
            admission=self.rules.admission,
            dispatch=self.rules.dispatch,
            presence=self.rules.presence,
            frames=self.rules.frames,
            registry=self.registry,
            schemas=self.schemas,
            clock=self.clock,
            new_id=new_id,
            limits=limits,
            stats=self.edge_stats,
        )

    def _api_ports(self) -> Ports:
        return Ports(
            records=self.store.records,
            requests=self.rules.requests,
            passwords=self.rules.passwords,
            wished_variables=self.rules.wishes.variables,
            csms_addresses=self.addresses.get,
            device_model=self.rules.device_model,
            authorizations=self.rules.authorizations,
            local_lists=self.rules.local_lists,
            availability=self.rules.availability.changed,
            tariffs=self.rules.pricing,
            listeners=PortCertificates(self.listeners),
            authority=self.certificates.authority,
            log_files=self.files,
            log_uploads=self.rules.uploads,
            schemas=self.schemas,
            subscriptions=self.rules.frames,
            settings=self.settings,
            health=ServiceHealth(self._problems, self._samples),
            clock=self.clock,
        )

    def _problems(self) -> Mapping[str, str]:
        """Directus being away is none: stations are served from memory and journal."""
        trouble = self.store.trouble
        return {} if trouble is None else {"journal": trouble}

    def _samples(self) -> Iterable[Sample]:
        yield from edge_samples(self.edge_stats, stations=len(self.registry))
        yield from store_samples(self.store.stats())
        yield from webhook_samples(self.webhooks.stats)

    def _watch(self) -> None:
        """What operators change in Directus counts at once."""
        lists = self.rules.local_lists
        self.store.watch(CHARGING_STATION, self._station_changed)
        self.store.watch(AUTHORIZATION, lists.changed)
        self.store.watch(TARIFF, self.rules.tariff_check.changed)
        self.store.watch(EVSE, lambda key, _old, _new: lists.moved(key))
        self.store.watch(CONNECTOR, lambda key, _old, _new: lists.moved(key))
        self.store.watch(CHARGING_STATION, self.rules.availability.changed)
        self.store.watch(EVSE, self.rules.availability.changed)
        self.store.watch(CONNECTOR, self.rules.availability.changed)
        self.store.watch(JOB, self.rules.job_wishes.changed)
        self.store.watch(VARIABLE_WISH, self.rules.wishes.variables.changed)
        self.store.watch(NETWORK_PROFILE, self.rules.wishes.profiles.changed)
        self.store.watch(CHARGING_PROFILE, self.rules.smart_charging.wishes.changed)
        self.store.watch(SUBSCRIPTION, self.rules.frames.changed)

    def _retuned(self, settings: Settings) -> None:
        """Somebody has changed settings."""
        interval = self.live.cost_interval.now
        self.live.take(settings)
        if self.live.cost_interval.now != interval:
            self.rules.cost_updates.start()  # the one that runs sleeps for the old interval

    def _station_changed(
        self, key: str, old: ChargingStation | None, new: ChargingStation | None
    ) -> None:
        if new is None:
            self.registry.disconnect(key, "removed by an operator")
            self.rules.frames.station_removed(key)
        elif old is None or old.location != new.location:
            self.rules.local_lists.moved(key)


async def serve(settings: Settings) -> None:
    """Runs the service until SIGTERM or SIGINT.

    Raises:
        CitrineError: it cannot start.
    """
    service = Service(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    starting = asyncio.create_task(service.start(), name="start")
    waiting = asyncio.create_task(stopped.wait(), name="stop signal")
    await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    try:
        await starting
        await waiting
        await service.stop()
    finally:
        waiting.cancel()
