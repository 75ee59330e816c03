"""What the service's parts are given, out of the settings: one function for each part.

`service` puts them together and is the only one that calls these.
"""

from __future__ import annotations

from importlib.metadata import version

from citrine_py.api.config import ApiConfig
from citrine_py.errors import BadSettings
from citrine_py.live import Live
from citrine_py.model.collections import COLLECTIONS
from citrine_py.model.operations import OCPP_MESSAGE
from citrine_py.modules.authorization import TokenRules
from citrine_py.modules.boot import BootRules
from citrine_py.modules.charging_bindings import TransactionRules
from citrine_py.modules.data_transfer import Vendors
from citrine_py.modules.energy import Limits
from citrine_py.modules.smart_charging_bindings import SmartChargingRules
from citrine_py.modules.token_bindings import TokenNeeds
from citrine_py.modules.transaction_status import Patience
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.authorization import HttpAuthorization
from citrine_py.outside.client import Client
from citrine_py.outside.contracts import load_anchors
from citrine_py.outside.ocsp import OcspChecks
from citrine_py.outside.vault import SecretsVault
from citrine_py.outside.vendors import HttpVendor
from citrine_py.ports_wishes import CsmsAddress
from citrine_py.runtime import SystemClock
from citrine_py.settings import Settings
from citrine_py.store.directus import new_client
from citrine_py.store.store import Store

_MEGABYTE = 1024 * 1024
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - every address is none to name


def token_needs(
    settings: Settings, client: Client, schemas: Schemas, clock: SystemClock
) -> TokenNeeds:
    rules = settings.authorization
    callback = None
    if rules.callback_url is not None:
        token = rules.callback_token
        callback = HttpAuthorization(
            client,
            schemas,
            str(rules.callback_url),
            token.get_secret_value() if token is not None else None,
            rules.callback_timeout,
        )
    certificates = OcspChecks(
        client,
        clock,
        load_anchors(rules.contract_roots),
        None if rules.ocsp_responder is None else str(rules.ocsp_responder),
        rules.ocsp_timeout,
    )
    return TokenNeeds(certificates, callback)


def vendors(settings: Settings, client: Client, schemas: Schemas) -> Vendors:
    """Those whose messages go to a server of the settings."""
    rules = settings.vendors
    token = rules.token.get_secret_value() if rules.token is not None else None
    return {
        vendor: HttpVendor(client, schemas, str(url), token, rules.timeout)
        for vendor, url in rules.urls.items()
    }


def boot_rules(settings: Settings) -> BootRules:
    rules = settings.boot
    return BootRules(rules.unknown_station_status, rules.heartbeat_interval, rules.retry_interval)


def token_rules(settings: Settings) -> TokenRules:
    rules = settings.authorization
    return TokenRules(
        rules.master_pass_group,
        rules.callback_ask,
        rules.callback_fallback,
        rules.ocsp_fallback,
    )


def _limits(settings: Settings) -> Limits:
    rules = settings.transactions
    return Limits(rules.most_power * 1000, rules.most_energy * 1000)


def _patience(settings: Settings) -> Patience:
    rules = settings.transactions
    return Patience(rules.ask_after, rules.silence, rules.close_after)


class LiveParts:
    """What the parts read anew each time, so that it can be changed while the service runs."""

    def __init__(self, settings: Settings) -> None:
        self.boot = Live(boot_rules(settings))
        self.tokens = Live(token_rules(settings))
        self.limits = Live(_limits(settings))
        self.patience = Live(_patience(settings))
        self.cost_interval = Live(float(settings.tariffs.cost_updated_interval))
        self.call_timeout = Live(settings.calls.timeout)
        self.reply_timeout = Live(settings.api.reply_timeout)

    def take(self, settings: Settings) -> None:
        """These are in force from now on."""
        self.boot.now = boot_rules(settings)
        self.tokens.now = token_rules(settings)
        self.limits.now = _limits(settings)
        self.patience.now = _patience(settings)
        self.cost_interval.now = float(settings.tariffs.cost_updated_interval)
        self.call_timeout.now = settings.calls.timeout
        self.reply_timeout.now = settings.api.reply_timeout

    def transactions(self) -> TransactionRules:
        return TransactionRules(self.limits, self.patience, self.cost_interval)


def smart_charging_rules(settings: Settings) -> SmartChargingRules:
    return SmartChargingRules(
        settings.smart_charging.interval, settings.store.history_retention_days
    )


def store(settings: Settings, clock: SystemClock) -> Store:
    token = settings.directus.token
    if token is None:
        raise BadSettings(
            ["CITRINE_DIRECTUS_TOKEN: missing; the static token of the service's Directus account"]
        )
    return Store(
        COLLECTIONS,
        directus_url=settings.directus.url,
        token=token.get_secret_value(),
        client=new_client(settings.directus.url, token.get_secret_value()),
        folder=settings.store.folder,
        clock=clock,
        flush_interval=settings.store.flush_interval,
        touch_interval=settings.store.touch_interval,
        retention_days=settings.store.history_retention_days,
        retention_exceptions={
            OCPP_MESSAGE.name: settings.store.message_retention_days,
            **{
                each.name: settings.store.metering_retention_days
                for each in COLLECTIONS
                if each.evidence
            },
        },
        journal_limit=settings.store.journal_limit * _MEGABYTE,
        on_demand_records=settings.store.on_demand_records,
    )


def public_url(settings: Settings) -> str | None:
    """How stations reach the API; None where that is not known."""
    if settings.files.public_url is not None:
        return str(settings.files.public_url)
    host, port = settings.api.host, settings.api.port
    if port == 0 or host in _EVERYWHERE:
        return None
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def vault(settings: Settings) -> SecretsVault | None:
    """Where secrets wait; None without a key."""
    key = settings.secrets.key
    return None if key is None else SecretsVault(key.get_secret_value())


def csms_addresses(settings: Settings) -> dict[str, CsmsAddress]:
    """The charger ports, by id, as network profiles name them."""
    found = {}
    for each in settings.charger_ports():
        url = str(each.public_url).rstrip("/") if each.public_url is not None else None
        if url is None and each.port and each.host not in _EVERYWHERE:
            host = f"[{each.host}]" if ":" in each.host else each.host
            url = f"{'wss' if each.security_profile >= 2 else 'ws'}://{host}:{each.port}"
        found[each.id] = CsmsAddress(each.id, each.security_profile, url)
    return found


def api_config(settings: Settings, live: LiveParts) -> ApiConfig:
    token = settings.api.token
    return ApiConfig(
        host=settings.api.host,
        port=settings.api.port,
        on_loopback=settings.api.on_loopback,
        token=token.get_secret_value() if token is not None else None,
        callback_allow=settings.api.callback_allow,
        reply_timeout=live.reply_timeout,
        version=version("citrine-py"),
    )
