"""Every setting of citrine-py, where it comes from and what it means.

Values come from the environment, then from a `.env` file in the working folder,
then from the defaults below. A name is built from its path: `api.port` is
`CITRINE_API_PORT`. Each field's description is its documentation: `.env.example`
is generated from it (`citrine-py env-example`).

Only the roots (service, stack, provision, simulator, cli) read settings; what
they build gets plain values.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from citrine_py.errors import BadSettings
from citrine_py.settings_chargers import (
    CertificatesSettings,
    ChargersSettings,
    Count,
    Group,
    ListenerSettings,
    Port,
    Seconds,
    default_listeners,
)

Status = Literal["Accepted", "Pending", "Rejected"]


class ApiSettings(Group):
    host: str = Field("127.0.0.1", description="Address the REST API listens on")
    port: Port = Field(8080, description="Port of the REST API and of /docs")
    token: SecretStr | None = Field(
        None,
        description="Bearer token of the API; needed when it listens beyond loopback, where "
        "every call must carry it",
    )
    callback_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts a callbackUrl may name, separated by commas; empty allows every host "
        "but link-local ones",
    )
    reply_timeout: Seconds = Field(
        20, description="Seconds an API call waits for the station's own reply"
    )

    @model_validator(mode="before")
    @classmethod
    def _split_hosts(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("callback_allow"), str):
            hosts = (host.strip() for host in data["callback_allow"].split(","))
            data = {**data, "callback_allow": tuple(host for host in hosts if host)}
        return data

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _token_beyond_loopback(self) -> Self:
        if not self.on_loopback and self.token is None:
            raise ValueError(
                f"the API listens on {self.host}, beyond loopback: set CITRINE_API_TOKEN"
            )
        return self


class DirectusSettings(Group):
    url: str = Field("http://127.0.0.1:8055", description="Where Directus answers")
    token: SecretStr | None = Field(
        None, description="Static token of the service's own Directus account"
    )
    admin_token: SecretStr | None = Field(
        None, description="Static token of a Directus admin; only `citrine-py provision` uses it"
    )


class BootSettings(Group):
    unknown_station_status: Status = Field(
        "Accepted", description="Answer to BootNotification without a Boot record"
    )
    heartbeat_interval: Count = Field(60, description="Seconds between heartbeats, once Accepted")
    retry_interval: Count = Field(
        15, description="Seconds until a Pending or Rejected station asks again"
    )
    report_timeout: Seconds = Field(
        120, description="Seconds without a part after which a base report counts as failed"
    )


class AuthorizationSettings(Group):
    master_pass_group: str = Field(
        "MASTERPASS",
        min_length=1,
        max_length=36,
        description="Group of the tokens marked as master pass; stations must have it as their "
        "MasterPassGroupId",
    )
    callback_url: HttpUrl | None = Field(
        None, description="Where to ask about a token while the driver waits, by POST; no default"
    )
    callback_token: SecretStr | None = Field(
        None, description="Bearer token sent with that question"
    )
    callback_timeout: Seconds = Field(3, description="Seconds that its answer may take")
    callback_ask: Literal["all", "unknown"] = Field(
        "all",
        description="Tokens to ask about: all that Directus' records do not refuse, or only those "
        "that have no record",
    )
    callback_fallback: Literal["records", "reject", "accept"] = Field(
        "records",
        description="Without an answer: records decides by Directus' records, reject refuses "
        "everybody, accept is records but accepts tokens without a record",
    )
    ocsp_responder: HttpUrl | None = Field(
        None,
        description="OCSP responder for contract certificates; by default the one that each names",
    )
    ocsp_timeout: Seconds = Field(5, description="Seconds that a responder may take")
    ocsp_fallback: Literal["accept", "reject"] = Field(
        "reject", description="What becomes of a contract certificate that cannot be looked up"
    )
    contract_roots: Path | None = Field(
        None, description="CAs of contract certificates that are trusted, one PEM file"
    )


class TransactionsSettings(Group):
    most_power: Count = Field(
        400, description="kW that a connector can deliver at most; faster meters are not believed"
    )
    most_energy: Count = Field(
        500, description="kWh between two meter readings beyond which they are not believed"
    )
    ask_after: Seconds = Field(
        30,
        description="Seconds that a station has after it came back until it is asked about "
        "the transactions that ran",
    )
    silence: Seconds = Field(
        21600,
        description="Seconds without an event after which a station is asked about a transaction",
    )
    close_after: Seconds = Field(
        259200,
        description="Seconds without an event after which a transaction is closed, with a "
        "doubt, when its station is away or cannot say",
    )


class TariffsSettings(Group):
    cost_updated_interval: Count = Field(
        60, description="Seconds between CostUpdated messages to stations that show the cost"
    )


class SmartChargingSettings(Group):
    interval: Seconds = Field(
        10, description="Seconds between two looks at what the limit of a location is shared among"
    )


class VendorsSettings(Group):
    """Who knows messages of vendors' own (DataTransfer)."""

    urls: dict[str, HttpUrl] = Field(
        {},
        description="Where a vendor's messages go, by POST: a JSON object of addresses by "
        "vendorId; others are answered UnknownVendorId",
    )
    token: SecretStr | None = Field(None, description="Bearer token sent with them")
    timeout: Seconds = Field(10, description="Seconds that an answer may take")


class CallsSettings(Group):
    timeout: Seconds = Field(30, description="Seconds a station has to answer a CALL of ours")
    queue: Count = Field(100, description="CALLs that may wait for one station")
    frame_limit: Count = Field(
        1_048_576, description="Longest websocket message taken from a station, in bytes"
    )
    rate: Annotated[float, Field(ge=0)] = Field(
        100,
        description="Messages a second that one station may send for long; ten seconds' worth may "
        "come at once, and what comes faster waits in its line. 0 for no limit",
    )


class StoreSettings(Group):
    folder: Path = Field(
        Path(".citrine/service"), description="Folder of the journal; must survive restarts"
    )
    flush_interval: Seconds = Field(
        0.05, description="Seconds that changes may gather before a batch goes to Directus"
    )
    touch_interval: Seconds = Field(
        5, description="Seconds between writes of heartbeats and last-seen times"
    )
    journal_limit: Annotated[int, Field(ge=8)] = Field(
        256,
        description="Megabytes of memory, and at most as much disk, for changes that Directus has "
        "not taken yet. 256 last 1,000 stations for 75 minutes of outage with a heartbeat a "
        "minute, for 25 if all of them charge and say so each minute. Then the message log goes, "
        "which makes two hours of the latter; then new state is refused and stations repeat it",
    )
    on_demand_records: Count = Field(
        10_000,
        description="Records of large collections (device models, messages, statuses) that stay in "
        "memory after somebody asked for them, 2 to 5 kilobytes each",
    )
    message_retention_days: Count = Field(
        30, description="Days that frames are kept: the rows of OcppMessage"
    )
    history_retention_days: Count = Field(
        90,
        description="Days that what stations told is kept: the rows of StatusNotification, "
        "StationEvent and Reservation, and jobs with their files",
    )
    metering_retention_days: Count = Field(
        730,
        description="Days that TransactionEvent and MeterValue rows are kept; transactions "
        "themselves are kept for good",
    )


class FilesSettings(Group):
    public_url: HttpUrl | None = Field(
        None,
        description="Address at which stations reach the REST API, for uploads of logs; by "
        "default the API's own where it listens on one address alone",
    )
    limit: int = Field(
        100 * 1024 * 1024, gt=0, lt=2**31, description="Longest file that is taken, in bytes"
    )


class SecretsSettings(Group):
    key: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        None,
        description="Encrypts passwords that wait for their station, 32 characters or more; "
        "without it they cannot wait. Those that wait under another key are refused",
    )


class LogSettings(Group):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto is console on a terminal and json elsewhere"
    )


class StackSettings(Group):
    """What `citrine-py up` starts on this machine besides the service."""

    folder: Path = Field(
        Path(".citrine"), description="Folder of `citrine-py up`: database, secrets, logs"
    )
    cache: Path | None = Field(
        None, description="Folder where Directus is installed once; default: the user's cache"
    )
    directus_host: str = Field("127.0.0.1", description="Address that Directus listens on")
    directus_port: Port = Field(8055, description="Port that Directus listens on")
    admin_email: str = Field("admin@example.com", description="E-mail of the first Directus admin")
    stop_with_parent: bool = Field(
        False, description="`up` stops when the process that started it dies; `make up` sets it"
    )


class Settings(BaseSettings):
    """The whole tree. Use `load()`, which explains what is wrong in one line each."""

    model_config = SettingsConfigDict(
        env_prefix="CITRINE_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    api: ApiSettings = ApiSettings()
    chargers: ChargersSettings = ChargersSettings()
    listeners: tuple[ListenerSettings, ...] = Field(
        (),
        description="All charger ports as a JSON list, in place of the default ones; fields: "
        + ", ".join(ListenerSettings.model_fields),
    )
    directus: DirectusSettings = DirectusSettings()
    boot: BootSettings = BootSettings()
    authorization: AuthorizationSettings = AuthorizationSettings()
    transactions: TransactionsSettings = TransactionsSettings()
    tariffs: TariffsSettings = TariffsSettings()
    smart_charging: SmartChargingSettings = SmartChargingSettings()
    certificates: CertificatesSettings = CertificatesSettings()
    vendors: VendorsSettings = VendorsSettings()
    calls: CallsSettings = CallsSettings()
    store: StoreSettings = StoreSettings()
    files: FilesSettings = FilesSettings()
    secrets: SecretsSettings = SecretsSettings()
    log: LogSettings = LogSettings()
    stack: StackSettings = StackSettings()

    @model_validator(mode="after")
    def _listeners_differ(self) -> Self:
        ids = [listener.id for listener in self.charger_ports()]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two listeners have the same id: {', '.join(sorted(ids))}")
        for listener in self.charger_ports():
            if (
                listener.security_profile == 3
                and not listener.tls_client_ca
                and self.certificates.authority == "none"
            ):
                raise ValueError(
                    f"listener {listener.id!r}: security profile 3 needs tls_client_ca"
                )
        return self

    def charger_ports(self) -> tuple[ListenerSettings, ...]:
        """The listeners to open: those configured, else those of `chargers`."""
        return self.listeners or default_listeners(self.chargers, self.certificates)


def load(**overrides: Any) -> Settings:
    """Reads the settings.

    Raises:
        BadSettings: with one line per wrong value, naming the variable and never the value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(["CITRINE", *(str(part).upper() for part in problem["loc"])])
            lines.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
        raise BadSettings(lines) from None
