"""Block M: the official cases of certificates on stations (Part 6, 3.14)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from tests import pki
from tests.conformance.csms import Csms
from tests.conformance.raw import RawStation
from tests.people import until

pytestmark = pytest.mark.stack

CSMS_ROOT = "CSMSRootCertificate"
MAKER = "ManufacturerRootCertificate"
Json = dict[str, Any]


def hash_data(holder: pki.Holder, algorithm: str = "SHA256") -> Json:
    """OCPP's CertificateHashDataType of a root."""
    kind = getattr(hashes, algorithm)()
    root: x509.Certificate = holder.certificate
    asked = ocsp.OCSPRequestBuilder().add_certificate(root, root, kind).build()
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": asked.issuer_name_hash.hex(),
        "issuerKeyHash": asked.issuer_key_hash.hex(),
        "serialNumber": f"{root.serial_number:x}",
    }


async def install(
    csms: Csms, station: RawStation, root: pki.Holder, kind: str, status: str = "Accepted"
) -> None:
    """The memory state CertificateInstalled (Part 6, table 401)."""
    wanted = {"certificateType": kind, "certificate": root.pem}

    async def play() -> None:
        call = await station.asked("InstallCertificate")
        assert call.payload == wanted
        await station.answer(call, {"status": status})

    answer = await csms.while_sending("certificates/installCertificate", wanted, play)
    assert answer["payload"]["status"] == status


async def inventory(csms: Csms, station: RawStation, wanted: Json, chains: list[Json]) -> Json:
    """The reusable state GetInstalledCertificates (Part 6, table 400); the request."""
    seen: Json = {}

    async def play() -> None:
        call = await station.asked("GetInstalledCertificateIds")
        seen.update(call.payload)
        answer: Json = {"status": "Accepted" if chains else "NotFound"}
        await station.answer(
            call, answer | ({"certificateHashDataChain": chains} if chains else {})
        )

    await csms.while_sending("certificates/getInstalledCertificateIds", wanted, play)
    return seen


async def shown(csms: Csms, *kinds: str) -> list[Json]:
    """The rows of the station in Directus, once they are of these types."""

    async def there() -> bool:
        rows = await csms.operator.rows("Certificate", csms.station_id)
        return sorted(row["certificateType"] for row in rows) == sorted(kinds)

    await until(there)
    return await csms.operator.rows("Certificate", csms.station_id)


@pytest.mark.case("TC_M_01_CSMS", "Install CA certificate: CSMSRootCertificate", "M05.FR.01")
async def test_tc_m_01_a_csms_root_is_installed(csms: Csms) -> None:
    """TC_M_01_CSMS (M05.FR.01)."""
    root = pki.root()
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, root, CSMS_ROOT)
        (row,) = await shown(csms, CSMS_ROOT)
        assert (row["status"], row["certificate"]) == ("Installed", root.pem)


@pytest.mark.case(
    "TC_M_02_CSMS", "Install CA certificate: ManufacturerRootCertificate", "M05.FR.01"
)
async def test_tc_m_02_a_manufacturers_root_is_installed(csms: Csms) -> None:
    """TC_M_02_CSMS (M05.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, pki.root("Maker"), MAKER)
        await shown(csms, MAKER)


@pytest.mark.case("TC_M_05_CSMS", "Install CA certificate: failed", "M05.FR.01", "M05.FR.03")
async def test_tc_m_05_a_root_that_could_not_be_installed_is_not_recorded(csms: Csms) -> None:
    """TC_M_05_CSMS (M05.FR.01, M05.FR.03)."""
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, pki.root(), CSMS_ROOT, "Failed")
        await station.call("Heartbeat", {})
        await shown(csms)


@pytest.mark.case("TC_M_13_CSMS", "Retrieve certificates: ManufacturerRootCertificate", "M03.FR.01")
async def test_tc_m_13_roots_of_one_type_are_retrieved(csms: Csms) -> None:
    """TC_M_13_CSMS (M03.FR.01)."""
    chain = {"certificateType": MAKER, "certificateHashData": hash_data(pki.root("Maker"))}
    async with csms.station() as station:
        await station.booted()
        wanted = {"certificateType": [MAKER]}
        assert await inventory(csms, station, wanted, [chain]) == wanted
        (row,) = await shown(csms, MAKER)
        assert row["issuerKeyHash"] == chain["certificateHashData"]["issuerKeyHash"]  # type: ignore[index]


@pytest.mark.case("TC_M_18_CSMS", "Retrieve certificates: all types", "M03.FR.01")
async def test_tc_m_18_all_certificates_are_retrieved_when_no_type_is_named(csms: Csms) -> None:
    """TC_M_18_CSMS (M03.FR.01)."""
    kinds = (CSMS_ROOT, MAKER, "V2GRootCertificate", "MORootCertificate", "V2GCertificateChain")
    chains = [
        {"certificateType": kind, "certificateHashData": hash_data(pki.root(kind))}
        for kind in kinds
    ]
    async with csms.station() as station:
        await station.booted()
        assert "certificateType" not in await inventory(csms, station, {}, chains)
        await shown(csms, *kinds)


@pytest.mark.case(
    "TC_M_19_CSMS", "Retrieve certificates: none that matches", "M03.FR.01", "M03.FR.02"
)
async def test_tc_m_19_that_there_is_none_is_understood(csms: Csms) -> None:
    """TC_M_19_CSMS (M03.FR.01, M03.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, pki.root("Maker"), MAKER)
        wanted = {"certificateType": [MAKER]}
        assert await inventory(csms, station, wanted, []) == wanted
        await shown(csms)


async def delete(csms: Csms, station: RawStation, data: Json, status: str) -> None:
    async def play() -> None:
        call = await station.asked("DeleteCertificate")
        assert call.payload == {"certificateHashData": data}
        await station.answer(call, {"status": status})

    wanted = {"certificateHashData": data}
    answer = await csms.while_sending("certificates/deleteCertificate", wanted, play)
    assert answer["payload"]["status"] == status


@pytest.mark.case(
    "TC_M_20_CSMS", "Delete a certificate from a station: success", "M04.FR.01", "M04.FR.07"
)
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_tc_m_20_a_certificate_is_deleted_by_every_algorithm(
    csms: Csms, algorithm: str
) -> None:
    """TC_M_20_CSMS (M04.FR.01, M04.FR.07): what the row shows is what deletes it."""
    root = pki.root()
    chain = {"certificateType": CSMS_ROOT, "certificateHashData": hash_data(root, algorithm)}
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, root, CSMS_ROOT)
        await inventory(csms, station, {"certificateType": [CSMS_ROOT]}, [chain])

        async def told() -> bool:
            (row,) = await shown(csms, CSMS_ROOT)
            return bool(row["hashAlgorithm"] == algorithm)

        await until(told)
        (row,) = await shown(csms, CSMS_ROOT)
        data = {name: row[name] for name in hash_data(root)}
        assert data == chain["certificateHashData"]
        await delete(csms, station, data, "Accepted")
        await shown(csms)


@pytest.mark.case(
    "TC_M_21_CSMS", "Delete a certificate from a station: failed", "M04.FR.01", "M04.FR.07"
)
async def test_tc_m_21_a_certificate_that_could_not_be_deleted_is_still_shown(csms: Csms) -> None:
    """TC_M_21_CSMS (M04.FR.01, M04.FR.07)."""
    root = pki.root()
    chain = {"certificateType": CSMS_ROOT, "certificateHashData": hash_data(root)}
    async with csms.station() as station:
        await station.booted()
        await install(csms, station, root, CSMS_ROOT)
        await inventory(csms, station, {}, [chain])
        await delete(csms, station, hash_data(root), "Failed")

        async def told() -> bool:
            (row,) = await shown(csms, CSMS_ROOT)
            return row["statusInfo"] == "not deleted: Failed"

        await until(told)
