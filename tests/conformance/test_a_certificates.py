"""Block A: the official cases of TLS, of certificates and of the security profile (Part 6, 3.2),
over real TLS sockets, with certificates that are made here."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests import pki
from tests.conformance import raw
from tests.conformance.csms import Csms
from tests.conformance.raw import RawStation
from tests.conformance.tls import TlsStation
from tests.people import until

pytestmark = pytest.mark.stack

PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"
SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",  # TLS_RSA_WITH_AES_128_GCM_SHA256
    "AES256-GCM-SHA384",
)
TERMINATED = (OSError, EOFError, ConnectionClosed, InvalidHandshake)
OWN = "ChargingStationCertificate"


@pytest.fixture
async def station(csms: Csms, tmp_path: Path) -> TlsStation:
    """The station has its entry, its password and its certificate."""
    await csms.enter_station()
    answer = await csms.set_password(PASSWORD, set_on_charger=True)
    assert answer.json()["success"] is True, answer.text
    return TlsStation(csms, tmp_path)


def check_server(socket: Any, suite: str) -> None:
    """The tool validations of TC_A_04_CSMS, step 3."""
    spoken: ssl.SSLObject = socket.transport.get_extra_info("ssl_object")
    assert spoken.version() in {"TLSv1.2", "TLSv1.3"}
    assert spoken.cipher()[0] == suite  # type: ignore[index]
    der = spoken.getpeercert(binary_form=True)
    assert der is not None
    shown = x509.load_der_x509_certificate(der)
    key = shown.public_key()
    least = 2048 if isinstance(key, rsa.RSAPublicKey) else 224
    assert key.key_size >= least  # type: ignore[union-attr]
    assert shown.serial_number > 0
    (name,) = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == pki.HOST


@pytest.mark.case(
    "TC_A_04_CSMS",
    "TLS: server-side certificate, valid certificate",
    "A00.FR.306", "A00.FR.307", "A00.FR.312", "A00.FR.318", "A00.FR.321", "A00.FR.502",
    "A00.FR.503", "A00.FR.507", "A00.FR.510",
)  # fmt: skip
@pytest.mark.parametrize("suite", SUITES)
async def test_tc_a_04_each_suite_with_a_valid_server_certificate(
    station: TlsStation, suite: str
) -> None:
    """TC_A_04_CSMS: security profile 2, once for each suite that must be supported."""
    tls = station.trust(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2)
    async with station.by_password(PASSWORD, tls) as connected:
        check_server(connected.socket, suite)
        await connected.booted()


@pytest.mark.case(
    "TC_A_06_CSMS",
    "TLS: server-side certificate, TLS version too low",
    "A00.FR.314", "A00.FR.315", "A00.FR.409", "A00.FR.416", "A00.FR.417", "A00.FR.418",
)  # fmt: skip
async def test_tc_a_06_less_than_tls_1_2_is_terminated(station: TlsStation) -> None:
    """TC_A_06_CSMS: TLS 1.1 is turned away, then the station comes with TLS 1.2 or more."""
    old = station.trust(ciphers="ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(TERMINATED):
        async with station.by_password(PASSWORD, old):
            pass
    async with station.by_password(PASSWORD) as connected:
        await connected.booted()


@pytest.mark.case(
    "TC_A_07_CSMS",
    "TLS: client-side certificate, valid certificate",
    "A00.FR.409", "A00.FR.410", "A00.FR.415", "A00.FR.416", "A00.FR.421",
)  # fmt: skip
@pytest.mark.parametrize("suite", SUITES)
async def test_tc_a_07_a_valid_client_certificate_is_let_in(
    station: TlsStation, suite: str
) -> None:
    """TC_A_07_CSMS: security profile 3, once for each suite."""
    async with station.by_certificate(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2) as connected:
        check_server(connected.socket, suite)
        await connected.booted()


@pytest.mark.case(
    "TC_A_08_CSMS",
    "TLS: client-side certificate, invalid certificate",
    "A00.FR.405", "A00.FR.407", "A00.FR.409", "A00.FR.410",
)  # fmt: skip
@pytest.mark.parametrize("wrong", ["unknown", "expired", "another's name"])
async def test_tc_a_08_an_invalid_client_certificate_is_terminated(
    station: TlsStation, wrong: str
) -> None:
    """TC_A_08_CSMS: for each kind of invalid certificate; then with the valid one."""
    invalid = {
        "unknown": pki.Holder(station.id, pki.root("Nobody knows it")),
        "expired": pki.Holder(station.id, station.root, days=-1),
        "another's name": pki.Holder("another", station.root),
    }[wrong]
    with pytest.raises(TERMINATED):
        async with station.by_certificate((invalid.pem, invalid.key_pem)) as connected:
            await connected.boot()
    async with station.by_certificate() as connected:
        await connected.booted()


async def renew(csms: Csms, station: RawStation, csr: str, status: str = "Accepted") -> str:
    """The memory state RenewChargingStationCertificate (Part 6, table 403); the chain."""
    chain = ""

    async def play() -> None:
        nonlocal chain
        trigger = await station.asked("TriggerMessage")
        assert trigger.payload["requestedMessage"] == "SignChargingStationCertificate"
        await station.answer(trigger, {"status": "Accepted"})
        asked = {"csr": csr, "certificateType": OWN}
        assert (await station.call("SignCertificate", asked))["status"] == "Accepted"
        signed = await station.asked("CertificateSigned")
        assert signed.payload["certificateType"] == OWN
        chain = signed.payload["certificateChain"]
        await station.answer(signed, {"status": status})

    wanted = {"requestedMessage": "SignChargingStationCertificate"}
    await csms.while_sending("configuration/triggerMessage", wanted, play)
    return chain


async def shown(csms: Csms, status: str) -> dict[str, Any]:
    """The certificate's row in Directus, once it says `status`."""

    async def there() -> bool:
        rows = await csms.operator.rows("Certificate", csms.station_id)
        return [row["status"] for row in rows] == [status]

    await until(there)
    (row,) = await csms.operator.rows("Certificate", csms.station_id)
    return row


@pytest.mark.case(
    "TC_A_11_CSMS",
    "Update station certificate by request of the CSMS: success",
    "A02.FR.11", "A02.FR.14", "F06.FR.01",
)  # fmt: skip
async def test_tc_a_11_the_station_gets_a_certificate_of_its_own_request(
    station: TlsStation,
) -> None:
    """TC_A_11_CSMS (A02, F06): what comes is of the request's key, signed by the root that the
    CSMS has; beyond the case, the station comes back with it."""
    key = pki.ec_key()
    async with station.by_certificate() as connected:
        await connected.booted()
        chain = await renew(station.csms, connected, pki.csr(station.id, "Fleet", key))
    leaf = x509.load_pem_x509_certificate(chain.encode())
    assert leaf.public_key() == key.public_key()
    root = station.csms.operator.stack.folder / "service" / "ca" / "stations.pem"
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(root.read_bytes()))
    row = await shown(station.csms, "Accepted")
    assert int(row["serialNumber"], 16) == leaf.serial_number
    async with station.by_certificate((chain, pki.key_text(key))) as connected:
        await connected.booted()


@pytest.mark.case(
    "TC_A_14_CSMS", "Update station certificate by request of the CSMS: invalid certificate"
)
async def test_tc_a_14_a_certificate_that_the_station_rejects_is_shown_so(
    station: TlsStation,
) -> None:
    """TC_A_14_CSMS (A02)."""
    async with station.by_certificate() as connected:
        await connected.booted()
        await renew(station.csms, connected, pki.csr(station.id), "Rejected")
        await shown(station.csms, "Rejected")
        connected.nothing_more_asked()


async def upgrade(csms: Csms, station: RawStation, url: str, profile: int) -> None:
    """Steps 1 to 6 of TC_A_19_CSMS: network profile, priority and reset, as an operator asks."""
    profile_data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": profile,
        "ocppInterface": "Wired0",
    }
    wanted = {"configurationSlot": 2, "connectionData": profile_data}

    async def take_profile() -> None:
        call = await station.asked("SetNetworkProfile")
        assert call.payload["connectionData"] == profile_data
        await station.answer(call, {"status": "Accepted"})

    await csms.while_sending("configuration/setNetworkProfile", wanted, take_profile)
    names = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
    }

    async def take_priority() -> None:
        call = await station.asked("SetVariables")
        (data,) = call.payload["setVariableData"]
        assert {name: data[name] for name in names} == names
        assert "2" in data["attributeValue"].split(",")
        result = {**names, "attributeStatus": "Accepted"}
        await station.answer(call, {"setVariableResult": [result]})

    data = {"setVariableData": [{**names, "attributeValue": "2,1"}]}
    await csms.while_sending("monitoring/setVariables", data, take_priority)

    async def take_reset() -> None:
        await station.answer(await station.asked("Reset"), {"status": "Accepted"})

    await csms.while_sending("configuration/reset", {"type": "OnIdle"}, take_reset)


async def from_1_to_2(station: TlsStation) -> None:
    """Beyond the case, what an operator may allow."""
    csms = station.csms
    async with csms.station(PASSWORD) as connected:
        await connected.booted()
        await upgrade(csms, connected, f"{station.password_url}/{station.id}", 2)
    async with station.by_password(PASSWORD) as connected:
        await connected.booted("RemoteReset")
    assert await csms.refusal(password=PASSWORD) == 403
    await csms.operator.edit("ChargingStation", station.id, allowLowerSecurityProfile=True)

    async def allowed() -> bool:
        try:
            async with csms.station(PASSWORD):
                return True
        except InvalidStatus:
            return False

    await until(allowed)


async def from_2_to_3(station: TlsStation) -> None:
    """With the certificate that it got on 2."""
    key = pki.ec_key()
    async with station.by_password(PASSWORD) as connected:
        await connected.booted()
        chain = await renew(station.csms, connected, pki.csr(station.id, None, key))
        await upgrade(station.csms, connected, f"{station.certificate_url}/{station.id}", 3)
    async with station.by_certificate((chain, pki.key_text(key))) as connected:
        await connected.booted("RemoteReset")
    headers = raw.basic(station.id, PASSWORD)
    refused = await raw.refusal(station.password_url, station.id, headers, station.trust())
    assert refused == 403


@pytest.mark.case(
    "TC_A_19_CSMS",
    "Upgrade the station's security profile: accepted",
    "A05.FR.04", "A05.FR.07",
)  # fmt: skip
@pytest.mark.parametrize("upgraded", [from_1_to_2, from_2_to_3])
async def test_tc_a_19_a_higher_security_profile_is_a_way_without_return(
    station: TlsStation, upgraded: Callable[[TlsStation], Awaitable[None]]
) -> None:
    """TC_A_19_CSMS (A05.FR.04, A05.FR.07)."""
    await upgraded(station)


async def test_a_ports_certificate_is_exchanged_while_stations_are_connected(
    station: TlsStation,
) -> None:
    """PUT /data/certificates/tlsCertificates: no restart, and nobody is disconnected."""
    folder = station.csms.operator.stack.folder / "tls"
    newer = pki.Holder(pki.HOST, station.root, host=pki.HOST)
    body = {"certificateChain": [newer.pem], "privateKey": newer.key_pem}
    suite = "ECDHE-ECDSA-AES256-GCM-SHA384"
    tls = station.trust(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2)
    async with station.by_password(PASSWORD, tls) as before:
        await before.booted()
        answer = await station.csms.operator.api.put(
            "/data/certificates/tlsCertificates", params={"id": "tls"}, json=body
        )
        assert answer.status_code == 200, answer.text
        await before.call("Heartbeat", {})
        async with station.by_password(PASSWORD, tls) as after:
            spoken = after.socket.transport.get_extra_info("ssl_object")
            assert ssl.DER_cert_to_PEM_cert(spoken.getpeercert(True)) == newer.pem
            await after.call("Heartbeat", {})
    assert (folder / "ecdsa.pem").read_text().strip() == newer.pem.strip()
    async with station.by_certificate(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2) as other:
        check_server(other.socket, suite)
        await asyncio.wait_for(other.booted(), raw.WITHIN)
