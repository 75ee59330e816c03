"""The settings as they are in force: those of the environment, and what was changed since.

Changes are kept in the store's folder and hold over a restart. The environment stays the
default: an override says what it stands in place of, and goes when it is set to null or to
the same. `service` hands what is changed to the parts that read it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, SecretStr, ValidationError
from yarl import URL

from citrine_py.errors import BadRequest, StoreUnavailable
from citrine_py.model.times import iso
from citrine_py.ocpp.redaction import STRUCK_OUT
from citrine_py.ports import Clock
from citrine_py.settings import Settings

log = structlog.get_logger()

FILE = "settings.json"
"""In the store's folder."""

CONCERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "certificates": ("certificates", "chargers", "calls"),
        "configuration": ("boot", "chargers", "calls", "files", "secrets", "vendors"),
        "evdriver": ("authorization", "calls"),
        "monitoring": ("calls",),
        "ocpprouter": ("api", "calls", "chargers", "directus", "listeners", "log", "store"),
        "reporting": ("boot", "calls", "files", "store"),
        "smartcharging": ("calls", "smart_charging", "transactions"),
        "transactions": ("calls", "store", "tariffs", "transactions"),
    }
)
"""The groups of settings by CitrineOS' module. All of the service's are somewhere."""

CHANGEABLE = frozenset(
    {
        "api.reply_timeout",
        "authorization.callback_ask",
        "authorization.callback_fallback",
        "authorization.ocsp_fallback",
        "boot.heartbeat_interval",
        "boot.retry_interval",
        "boot.unknown_station_status",
        "calls.timeout",
        "tariffs.cost_updated_interval",
        "transactions.ask_after",
        "transactions.close_after",
        "transactions.most_energy",
        "transactions.most_power",
        "transactions.silence",
    }
)
"""What takes effect at once, everywhere; anything else is read at the start only."""


class RunningSettings:
    """Implements ports_config.RunningConfig.

    Args:
        environment: the settings of the environment.
        clock: says since when an override holds.
    """

    def __init__(self, environment: Settings, clock: Clock) -> None:
        self._environment = environment
        self._file = environment.store.folder / FILE
        self._clock = clock
        self._changing = asyncio.Lock()
        self._watchers: list[Callable[[Settings], None]] = []
        self._overrides: dict[str, dict[str, Any]] = {}
        self.now = environment
        """The settings in force."""
        self._take_up()

    def watch(self, callback: Callable[[Settings], None]) -> None:
        """Calls `callback` with the settings in force whenever some were changed."""
        self._watchers.append(callback)

    def shown(self, module: str) -> dict[str, Any]:
        """See ports_config.RunningConfig."""
        groups = CONCERNS[module]
        return {
            "settings": {group: _plain(getattr(self.now, group)) for group in groups},
            "changeable": sorted(name for name in CHANGEABLE if _group(name) in groups),
            "overrides": {
                name: {**kept, "environment": _plain(_value(self._environment, name))}
                for name, kept in sorted(self._overrides.items())
                if _group(name) in groups
            },
        }

    async def change(
        self, module: str, settings: Mapping[str, Mapping[str, object]]
    ) -> dict[str, Any]:
        """See ports_config.RunningConfig."""
        async with self._changing:
            wanted = self._wanted(module, settings)
            overrides = dict(self._overrides)
            for name, value in wanted.items():
                if value is None or value == _value(self._environment, name):
                    overrides.pop(name, None)
                else:
                    overrides[name] = {
                        "value": value,
                        "since": iso(self._clock.now()),
                        "from": f"PUT /data/{module}/systemConfig",
                    }
            now = _with(self._environment, {n: kept["value"] for n, kept in overrides.items()})
            if wanted:
                await self._keep(overrides)
                self._overrides, self.now = overrides, now
                log.info("settings.changed", names=sorted(wanted))
                for tell in self._watchers:
                    tell(now)
        return self.shown(module)

    def _wanted(
        self, module: str, settings: Mapping[str, Mapping[str, object]]
    ) -> dict[str, object]:
        """What is to be another than it is, by name.

        Raises:
            BadRequest: it is not known here, or cannot be changed now.
        """
        wanted: dict[str, object] = {}
        for group, values in settings.items():
            if group not in CONCERNS[module]:
                known = ", ".join(CONCERNS[module])
                raise BadRequest(f"{group[:60]} is no group of settings here; there are: {known}")
            shown = _plain(getattr(self.now, group))
            if values == shown:
                continue
            if not isinstance(values, dict) or not isinstance(shown, dict):
                raise BadRequest(_cold(group))
            for field, value in values.items():
                name = f"{group}.{field}"
                if field not in shown:
                    raise BadRequest(f"{name[:60]}: there is no such setting")
                if value == shown[field] and (value is True) == (shown[field] is True):
                    continue
                wanted[_changeable(name)] = value
        return wanted

    # ---- over a restart ----------------------------------------------------------------

    def _take_up(self) -> None:
        """The overrides of an earlier run; what is none any more is left out."""
        try:
            kept = orjson.loads(self._file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.warning("settings.unreadable", file=str(self._file), reason=type(error).__name__)
            return
        for name, override in kept.items():
            try:
                self.now = _with(self.now, {_changeable(name): override["value"]})
                self._overrides[name] = override
            except (BadRequest, LookupError, TypeError) as error:
                log.warning("settings.override_dropped", setting=name, reason=str(error))
        if self._overrides:
            log.info("settings.overridden", names=sorted(self._overrides))

    async def _keep(self, overrides: Mapping[str, Any]) -> None:
        text = orjson.dumps(overrides, option=orjson.OPT_INDENT_2)
        try:
            await asyncio.to_thread(_replace, self._file, text)
        except OSError as error:
            raise StoreUnavailable(f"the settings cannot be kept: {error.strerror}") from None


def _replace(file: Path, text: bytes) -> None:
    """Writes a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".new")
    with half.open("wb") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    half.replace(file)


def _group(name: str) -> str:
    return name.partition(".")[0]


def _value(settings: Settings, name: str) -> Any:
    group, _, field = name.partition(".")
    return getattr(getattr(settings, group), field)


def _variable(name: str) -> str:
    return f"CITRINE_{name.replace('.', '_').upper()}"


def _cold(name: str) -> str:
    return (
        f"{name} cannot be changed while the service runs: set {_variable(name)} in the "
        "environment and restart"
    )


def _changeable(name: str) -> str:
    if name not in CHANGEABLE:
        raise BadRequest(_cold(name))
    return name


def _with(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """`settings` with other values.

    Raises:
        BadRequest: a value is none that it can have.
    """
    for name, value in values.items():
        group, _, field = name.partition(".")
        before: BaseModel = getattr(settings, group)
        try:
            after = type(before).model_validate({**dict(before), field: value}, strict=True)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False)[0]
            raise BadRequest(f"{name}: {problem['msg'].removeprefix('Value error, ')}") from None
        settings = settings.model_copy(update={group: after})
    return settings


def _plain(value: Any) -> Any:
    """A value as JSON shows it. Of a secret only that there is one; addresses without
    credentials and queries, which often are secrets."""
    if isinstance(value, SecretStr):
        return STRUCK_OUT
    if isinstance(value, BaseModel):
        return {name: _plain(each) for name, each in value}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _address(str(value)) if "://" in str(value) else str(value)


def _address(text: str) -> str:
    try:
        url = URL(text)
    except ValueError:
        return STRUCK_OUT
    shown = str(url.with_user(None).with_query(None).with_fragment(None))
    return f"{shown}?{STRUCK_OUT}" if url.query_string else shown
