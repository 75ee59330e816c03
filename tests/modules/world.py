"""The rules with fakes for all that they need, and a station to speak with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from citrine_py.live import Live
from citrine_py.model.keys import variable_attribute_key
from citrine_py.model.stations import (
    BOOT,
    CHARGING_STATION,
    Boot,
    BootProgress,
    ChargingStation,
    RegistrationStatus,
)
from citrine_py.model.variables import (
    MESSAGE_LIMIT,
    VARIABLE_ATTRIBUTE,
    MessageLimit,
    VariableAttribute,
)
from citrine_py.modules.all_blocks import BlockRules, Needs
from citrine_py.modules.authorization import TokenRules
from citrine_py.modules.bindings import Rules, build
from citrine_py.modules.boot import BootRules
from citrine_py.modules.certificate_bindings import CertificateNeeds
from citrine_py.modules.certificates import SigningRules
from citrine_py.modules.charging_bindings import TransactionRules
from citrine_py.modules.data_transfer import Vendors
from citrine_py.modules.job_bindings import JobNeeds
from citrine_py.modules.token_bindings import TokenNeeds
from citrine_py.modules.wish_bindings import WishNeeds
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.ocmf import OcmfSignatures
from citrine_py.ports import Call, Payload, SessionInfo
from citrine_py.ports_certificates import ContractProvider
from citrine_py.ports_tokens import RealTimeAuthorization
from tests.fakes import FakeClock, FakeHasher, FakeJobs, FakeNewId, FakeRecords, FakeStations
from tests.fakes_certificates import FakeAuthority, FakeReader
from tests.fakes_jobs import FakeLogFiles
from tests.fakes_tokens import FakeCertificates
from tests.fakes_webhooks import FakeWebhookPosts
from tests.fakes_wishes import ADDRESSES, FakeVault

STATION = "cp001"
SCHEMAS = Schemas()

BOOT_REQUEST: Payload = {
    "reason": "PowerUp",
    "chargingStation": {
        "model": "Citrus 22",
        "vendorName": "Citrine",
        "serialNumber": "S-1",
        "firmwareVersion": "1.2.3",
        "modem": {"iccid": "8949", "imsi": "2620"},
    },
}


class World:
    """One station and the rules; `session` is its connection."""

    def __init__(
        self,
        rules: BootRules | None = None,
        *,
        vendors: Vendors | None = None,
        connected: bool = True,
        report_timeout: float = 120,
        tokens: TokenRules | None = None,
        outside: RealTimeAuthorization | None = None,
        records: FakeRecords | None = None,
        contracts: ContractProvider | None = None,
        signing: SigningRules | None = None,
        signs: bool = True,
        public_url: str | None = "http://csms.example",
        sealing: bool = True,
    ) -> None:
        self.clock = FakeClock()
        self.jobs = FakeJobs(self.clock)
        self.records = records or FakeRecords()
        self.stations = FakeStations(SCHEMAS)
        self.hasher = FakeHasher()
        self.certificates = FakeCertificates()
        self.authority = FakeAuthority()
        self.files = FakeLogFiles()
        self.posts = FakeWebhookPosts()
        self.boot_rules = Live(rules or BootRules())
        self.token_rules = Live(tokens or TokenRules())
        self.transaction_rules = TransactionRules()
        self.rules: Rules = build(
            Needs(
                records=self.records,
                stations=self.stations,
                jobs=self.jobs,
                clock=self.clock,
                new_id=FakeNewId(),
                hasher=self.hasher,
                schemas=SCHEMAS,
                signatures=OcmfSignatures(),
                tokens=TokenNeeds(self.certificates, outside),
                certificates=CertificateNeeds(
                    FakeReader(),
                    self.authority if signs else None,
                    contracts,
                    signing or SigningRules(),
                ),
                station_jobs=JobNeeds(self.files, public_url),
                wishes=WishNeeds(FakeVault() if sealing else None, ADDRESSES.get),
                webhooks=self.posts,
            ),
            self.boot_rules,
            BlockRules(self.token_rules, self.transaction_rules, report_timeout=report_timeout),
            vendors=vendors or {},
        )
        self._messages = 0
        self.session: SessionInfo | None = self.stations.connect(STATION) if connected else None

    # ---- the station -------------------------------------------------------------------

    async def connect(self, **more: Any) -> SessionInfo:
        """The station connects (anew)."""
        self.session = self.stations.connect(STATION, since=self.clock.now(), **more)
        await self.rules.presence.connected(self.session)
        return self.session

    async def leave(self, reason: str = "connection lost") -> None:
        """The station's line breaks."""
        session = self.session
        assert session is not None
        self.stations.disconnect(STATION, reason)
        self.session = None
        await self.rules.presence.gone(session, reason)

    async def call(
        self, action: str, payload: Payload | None = None, *, message_id: str | None = None
    ) -> Payload:
        """A CALL of the station; the answer is held to OCPP's schema."""
        self._messages += 1
        call = Call(
            station=STATION,
            action=action,
            payload=payload or {},
            message_id=message_id or f"m{self._messages}",
            version="2.0.1",
            session=self.session.id if self.session is not None else "none",
            received=self.clock.now(),
        )
        answer = await self.rules.dispatch.answer(call)
        SCHEMAS.check_response("2.0.1", action, answer)
        return answer

    async def refused(self, action: str, payload: Payload | None = None) -> str:
        """The code of the CALLERROR that the call gets."""
        with pytest.raises(CallError) as refused:
            await self.call(action, payload)
        return refused.value.code

    async def boot(self, reason: str = "PowerUp") -> Payload:
        """A BootNotification; jobs that it starts do not run yet."""
        return await self.call("BootNotification", {**BOOT_REQUEST, "reason": reason})

    async def accepted(self) -> None:
        """The station boots and is accepted."""
        assert (await self.boot())["status"] == "Accepted"

    async def report(
        self, request_id: int, seq_no: int, data: list[Payload], *, tbc: bool = False
    ) -> Payload:
        """A part of a report."""
        payload = {
            "requestId": request_id,
            "generatedAt": "2026-01-01T00:00:00Z",
            "seqNo": seq_no,
            "tbc": tbc,
        }
        return await self.call(
            "NotifyReport", {**payload, **({"reportData": data} if data else {})}
        )

    # ---- the records -------------------------------------------------------------------

    def set_boot(self, **fields: Any) -> None:
        """An operator sets the station's Boot record."""
        if self.records.get(CHARGING_STATION, STATION) is None:
            self.records.have(CHARGING_STATION, ChargingStation(id=STATION))
        self.records.edit(BOOT, STATION, station=STATION, **fields)

    @property
    def boot_record(self) -> Boot:
        record = self.records.get(BOOT, STATION)
        assert record is not None
        return record

    def progress(self) -> BootProgress | None:
        """How far the Boot record says that the conversation is."""
        return self.boot_record.progress

    def status(self) -> RegistrationStatus | None:
        """What the next BootNotification gets."""
        return self.boot_record.status

    @property
    def station_record(self) -> ChargingStation:
        record = self.records.get(CHARGING_STATION, STATION)
        assert record is not None
        return record

    @property
    def attributes(self) -> Mapping[str, VariableAttribute]:
        """The device model by key."""
        return {row.id: row for row in self.records.all(VARIABLE_ATTRIBUTE)}

    def attribute(self, component: str, variable: str, **more: Any) -> VariableAttribute | None:
        """One attribute's row."""
        return self.attributes.get(variable_attribute_key(STATION, component, variable, **more))

    def limit(self, action: str, items: int | None = None, size: int | None = None) -> None:
        """The station has told ItemsPerMessage and BytesPerMessage of `action`."""
        for variable, value in (("ItemsPerMessage", items), ("BytesPerMessage", size)):
            if value is None:
                continue
            key = variable_attribute_key(
                STATION, "DeviceDataCtrlr", variable, variable_instance=action
            )
            self.records.have(MESSAGE_LIMIT, MessageLimit(id=key, value=str(value)))


def data(
    component: str, variable: str, value: str | None = "1", evse: Payload | None = None
) -> Payload:
    """OCPP's ReportData of a variable."""
    attribute = {} if value is None else {"value": value}
    return {
        "component": {"name": component} | ({} if evse is None else {"evse": evse}),
        "variable": {"name": variable},
        "variableAttribute": [attribute or {"type": "Actual"}],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }


def setting(component: str, variable: str, value: str) -> Payload:
    """OCPP's SetVariableData."""
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "attributeValue": value,
    }


def set_all(status: str = "Accepted", **by_variable: str) -> Any:
    """A station's answer to SetVariables: `status`, or what `by_variable` says."""

    def answer(payload: Payload) -> Payload:
        results = [
            {
                "component": each["component"],
                "variable": each["variable"],
                "attributeStatus": by_variable.get(each["variable"]["name"], status),
            }
            for each in payload["setVariableData"]
        ]
        return {"setVariableResult": results}

    return answer
