"""What a plausible station has in its device model: controllers, EVSEs, connectors.

Data only, in OCPP 2.0.1's names. `pad` brings it to any size, to try how a CSMS
takes the device models of talkative vendors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from citrine_py.simulator.device_model import PASSWORD, DeviceModel, Variable
from citrine_py.simulator.meter import MEASURANDS

ITEMS_PER_MESSAGE = 50
BYTES_PER_MESSAGE = 65_536
AC_POWER, DC_POWER = 22_000, 150_000
"""W of one EVSE."""


@dataclass(frozen=True, slots=True)
class Plate:
    """What the nameplate says."""

    model: str = "Citrus 22"
    vendor: str = "citrine-py"
    serial: str = "CP-000001"
    firmware: str = "1.0.0"


def device_model(
    station: str,
    plate: Plate,
    evses: int,
    variables: int | None,
    profile: int,
    *,
    direct_current: bool = False,
) -> DeviceModel:
    """The device model of a station with `evses` EVSEs of one connector each.

    `variables`: how many it shall have; it never has fewer than a station of its EVSEs
    needs. `profile` is the security profile it connects with; `direct_current` makes it a
    quick charger.
    """
    all_of_them = [
        *_station(plate),
        *_controllers(station, profile),
        *_data_controller(),
        *_charging(),
    ]
    for evse in range(1, evses + 1):
        all_of_them += _evse(evse, direct_current=direct_current)
    if variables is not None:
        all_of_them += pad(variables - len(all_of_them))
    return DeviceModel(all_of_them)


def pad(count: int) -> Iterator[Variable]:
    """`count` variables of a vendor's own (none if negative), 25 to a component."""
    for number in range(count):
        yield Variable(
            "VendorCtrlr",
            "Parameter",
            str(number),
            "ReadWrite",
            "integer",
            component_instance=f"Module{number // 25 + 1}",
            instance=str(number % 25 + 1),
            least=0,
        )


def _station(plate: Plate) -> list[Variable]:
    name = "ChargingStation"
    return [
        Variable(name, "Available", "true", data_type="boolean", summary=True),
        Variable(
            name,
            "AvailabilityState",
            "Available",
            data_type="OptionList",
            choices="Available,Occupied,Reserved,Unavailable,Faulted",
            monitored=True,
            summary=True,
        ),
        Variable(name, "Problem", "false", data_type="boolean", monitored=True, summary=True),
        Variable(name, "Model", plate.model, most=20),
        Variable(name, "VendorName", plate.vendor, most=50),
        Variable(name, "SerialNumber", plate.serial, most=25),
        Variable(name, "FirmwareVersion", plate.firmware, most=50),
        Variable(name, "SupplyPhases", "3", data_type="integer", least=1, most=3),
        Variable(name, "ACCurrent", "0.0", data_type="decimal", unit="A", monitored=True),
        Variable(name, "ACVoltage", "230.0", data_type="decimal", unit="V", monitored=True),
        Variable("Controller", "Temperature", "31.5", data_type="decimal", unit="Celsius"),
        Variable("Controller", "Problem", "false", data_type="boolean", summary=True),
    ]


def _switch(
    component: str, name: str, value: str = "true", instance: str | None = None
) -> Variable:
    return Variable(component, name, value, "ReadWrite", "boolean", instance=instance)


def _number(
    component: str,
    name: str,
    value: int,
    unit: str | None = None,
    *,
    instance: str | None = None,
    least: float = 0,
) -> Variable:
    return Variable(
        component, name, str(value), "ReadWrite", "integer", instance=instance, unit=unit,
        least=least,
    )  # fmt: skip


def _controllers(station: str, profile: int) -> list[Variable]:
    comm, security = "OCPPCommCtrlr", "SecurityCtrlr"
    return [
        _switch(comm, "Enabled"),
        _number(comm, "HeartbeatInterval", 60, "s", least=1),
        _number(comm, "OfflineThreshold", 60, "s"),
        _number(comm, "WebSocketPingInterval", 60, "s"),
        _number(comm, "ResetRetries", 3),
        _number(comm, "RetryBackOffRepeatTimes", 5),
        _number(comm, "RetryBackOffRandomRange", 10, "s"),
        _number(comm, "RetryBackOffWaitMinimum", 5, "s"),
        _number(comm, "MessageAttempts", 3, instance="TransactionEvent"),
        _number(comm, "MessageAttemptInterval", 10, "s", instance="TransactionEvent"),
        _number(comm, "MessageTimeout", 30, "s", instance="Default"),
        _number(comm, "NetworkProfileConnectionAttempts", 3),
        Variable(
            comm,
            "NetworkConfigurationPriority",
            "1",
            "ReadWrite",
            "SequenceList",
            choices="1,2,3",
            takes_reboot=True,
        ),
        Variable(comm, "ActiveNetworkProfile", "1", data_type="integer"),
        Variable(comm, "FileTransferProtocols", "HTTP,HTTPS", data_type="MemberList",
                 choices="HTTP,HTTPS"),
        _switch(comm, "QueueAllMessages", "false"),
        _switch(comm, "UnlockOnEVSideDisconnect"),
        _switch(security, "Enabled"),
        Variable(security, "Identity", station, "ReadWrite", most=48, takes_reboot=True),
        Variable(security, "BasicAuthPassword", "", "WriteOnly", most=40, pattern=PASSWORD),
        Variable(security, "OrganizationName", "citrine-py", "ReadWrite", most=50),
        Variable(security, "SecurityProfile", str(profile), data_type="integer", least=0, most=3),
        Variable(security, "CertificateEntries", "0", data_type="integer", most=10),
        _number(security, "CertSigningWaitMinimum", 30, "s"),
        _number(security, "CertSigningRepeatTimes", 3),
        _switch(security, "AdditionalRootCertificateCheck", "false"),
        Variable("ClockCtrlr", "DateTime", "2026-01-01T00:00:00Z", data_type="dateTime"),
        Variable("ClockCtrlr", "TimeSource", "Heartbeat", "ReadWrite", "SequenceList",
                 choices="Heartbeat,NTP,RealTimeClock"),
        Variable("ClockCtrlr", "TimeZone", "UTC", "ReadWrite", most=50),
    ]  # fmt: skip


def _data_controller() -> list[Variable]:
    name = "DeviceDataCtrlr"
    limits = [Variable(name, "Enabled", "true", data_type="boolean")]
    for message in ("GetReport", "GetVariables", "SetVariables"):
        for kind, value in (("Items", ITEMS_PER_MESSAGE), ("Bytes", BYTES_PER_MESSAGE)):
            limits.append(
                Variable(
                    name,
                    f"{kind}PerMessage",
                    str(value),
                    data_type="integer",
                    instance=message,
                )
            )
    limits += [
        Variable(name, "ConfigurationValueSize", "1000", data_type="integer", most=1000),
        Variable(name, "ReportingValueSize", "2500", data_type="integer", most=2500),
        Variable("MonitoringCtrlr", "Enabled", "true", data_type="boolean"),
        Variable("MonitoringCtrlr", "Available", "true", data_type="boolean"),
    ]
    return limits


def _charging() -> list[Variable]:
    auth, transactions, sampled = "AuthCtrlr", "TxCtrlr", "SampledDataCtrlr"
    points = "ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer"
    measurands = ",".join(MEASURANDS)
    return [
        _switch(auth, "Enabled"),
        _switch(auth, "AuthorizeRemoteStart", "false"),
        _switch(auth, "LocalAuthorizeOffline"),
        _switch(auth, "LocalPreAuthorize", "false"),
        _switch(auth, "OfflineTxForUnknownIdEnabled", "false"),
        Variable(auth, "MasterPassGroupId", "", "ReadWrite", most=36),
        _switch("AuthCacheCtrlr", "Enabled"),
        Variable("AuthCacheCtrlr", "Available", "true", data_type="boolean"),
        Variable("LocalAuthListCtrlr", "Available", "true", data_type="boolean"),
        _switch("LocalAuthListCtrlr", "Enabled"),
        Variable("LocalAuthListCtrlr", "Entries", "0", data_type="integer", most=100),
        _number(transactions, "EVConnectionTimeOut", 60, "s"),
        Variable(transactions, "TxStartPoint", "PowerPathClosed", "ReadWrite", "MemberList",
                 choices=points),
        Variable(transactions, "TxStopPoint", "PowerPathClosed", "ReadWrite", "MemberList",
                 choices=points),
        _switch(transactions, "StopTxOnInvalidId"),
        _switch(transactions, "StopTxOnEVSideDisconnect"),
        _number(transactions, "MaxEnergyOnInvalidId", 0, "Wh"),
        _switch(sampled, "Enabled"),
        _number(sampled, "TxUpdatedInterval", 60, "s"),
        Variable(sampled, "TxUpdatedMeasurands", measurands, "ReadWrite", "MemberList",
                 choices=measurands),
        Variable(sampled, "TxEndedMeasurands", "Energy.Active.Import.Register", "ReadWrite",
                 "MemberList", choices=measurands),
        _switch("AlignedDataCtrlr", "Enabled", "false"),
        _number("AlignedDataCtrlr", "Interval", 900, "s", least=1),
        Variable("SmartChargingCtrlr", "Available", "true", data_type="boolean"),
        _switch("SmartChargingCtrlr", "Enabled"),
        Variable("TariffCostCtrlr", "Available", "false", data_type="boolean", instance="Tariff"),
        Variable("ReservationCtrlr", "Available", "true", data_type="boolean"),
        Variable("DisplayMessageCtrlr", "Available", "true", data_type="boolean"),
    ]  # fmt: skip


def _evse(evse: int, *, direct_current: bool) -> list[Variable]:
    power, plug = (DC_POWER, "cCCS2") if direct_current else (AC_POWER, "sType2")
    state = "Available,Occupied,Reserved,Unavailable,Faulted"
    return [
        Variable("EVSE", "Available", "true", data_type="boolean", evse=evse, summary=True),
        Variable("EVSE", "AvailabilityState", "Available", data_type="OptionList", evse=evse,
                 choices=state, monitored=True, summary=True),
        Variable("EVSE", "Problem", "false", data_type="boolean", evse=evse, monitored=True,
                 summary=True),
        Variable("EVSE", "Power", "0.0", data_type="decimal", evse=evse, unit="W", least=0,
                 most=power, monitored=True, others={"MaxSet": str(power)}),
        Variable("EVSE", "SupplyPhases", "3", data_type="integer", evse=evse, least=1, most=3),
        Variable("EVSE", "AllowReset", "true", data_type="boolean", evse=evse),
        Variable("EVSE", "ISO15118EvseId", f"DE*CIT*E{evse:06d}", "ReadWrite", most=37, evse=evse),
        Variable("Connector", "Available", "true", data_type="boolean", evse=evse, connector=1,
                 summary=True),
        Variable("Connector", "AvailabilityState", "Available", data_type="OptionList", evse=evse,
                 connector=1, choices=state, monitored=True, summary=True),
        Variable("Connector", "Problem", "false", data_type="boolean", evse=evse, connector=1,
                 monitored=True, summary=True),
        Variable("Connector", "ConnectorType", plug, evse=evse, connector=1),
        Variable("Connector", "SupplyPhases", "3", data_type="integer", evse=evse, connector=1,
                 least=1, most=3),
    ]  # fmt: skip
