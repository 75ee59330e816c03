"""OCSP with real certificates and a real responder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from cryptography.x509 import ocsp

from citrine_py.outside.client import Client
from citrine_py.outside.contracts import read_chain
from citrine_py.outside.ocsp import OcspChecks
from citrine_py.ports import Payload
from citrine_py.ports_tokens import Revocation
from tests.fakes import FakeClock
from tests.outside.certificates import DAY, NOW, Identity, answered, rsa_key
from tests.outside.test_client import server

ROOT = Identity("MO Root")
CONTRACT = Identity("DEABCC00001X", ROOT, ca=False)
DELEGATE = Identity("OCSP", ROOT, ca=False, signs_ocsp=True)


def request_for(contract: Identity = CONTRACT, root: Identity = ROOT, url: str = "") -> Payload:
    """OCPP's OCSPRequestDataType, as a station makes it."""
    (found,) = read_chain(contract.pem, [root.certificate], NOW).requests
    return {**found, "responderURL": url}


async def check(
    make: Callable[[bytes], bytes],
    *,
    trusted: bool = True,
    ours: bool = True,
    request: Payload | None = None,
    root: Identity = ROOT,
) -> Revocation:
    """Asks a responder that answers as `make` says. `trusted`: the issuer is known to us.
    `ours`: the responder is the one of the settings, else the one that the station names."""

    async def respond(http: web.Request) -> web.Response:
        assert http.content_type == "application/ocsp-request"
        return web.Response(body=make(await http.read()), content_type="application/ocsp-response")

    client = Client()
    async with server(respond) as url:
        checks = OcspChecks(
            client,
            FakeClock(NOW),
            [root.certificate] if trusted else [],
            responder=url if ours else None,
        )
        asked = request or request_for(root=root)
        found = await checks.revocation({**asked, "responderURL": url})
    await client.stop()
    return found


def says(status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD, **more: Any) -> Any:
    signer = more.pop("signer", ROOT)
    certificate = more.pop("certificate", CONTRACT).certificate
    return lambda request: answered(request, ROOT, signer, certificate, status=status, **more)


@pytest.mark.parametrize("signer", [ROOT, DELEGATE], ids=["issuer", "delegate"])
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ocsp.OCSPCertStatus.GOOD, "good"),
        (ocsp.OCSPCertStatus.REVOKED, "revoked"),
        (ocsp.OCSPCertStatus.UNKNOWN, "unknown"),
    ],
)
async def test_a_responder_is_believed_whom_the_issuer_lets_answer(
    status: ocsp.OCSPCertStatus, expected: str, ours: bool, signer: Identity
) -> None:
    found = await check(says(status, signer=signer), ours=ours)
    assert found.status == expected
    assert found.response is not None
    assert ocsp.load_der_ocsp_response(found.response).certificate_status is status


async def test_an_issuer_with_an_rsa_key_is_believed_too() -> None:
    root = Identity("RSA Root", key=rsa_key())
    contract = Identity("DEABCC00002X", root, ca=False)
    asked = request_for(contract, root)
    found = await check(
        lambda request: answered(request, root, root, contract.certificate),
        request=asked,
        root=root,
    )
    assert found.status == "good"


@pytest.mark.parametrize("algorithm", ["SHA384", "SHA512"])
async def test_every_hash_that_ocpp_has_is_understood(algorithm: str) -> None:
    from cryptography.hazmat.primitives import hashes

    builder = ocsp.OCSPRequestBuilder().add_certificate(
        CONTRACT.certificate, ROOT.certificate, getattr(hashes, algorithm)()
    )
    asked = builder.build()
    request = {
        "hashAlgorithm": algorithm,
        "issuerNameHash": asked.issuer_name_hash.hex(),
        "issuerKeyHash": asked.issuer_key_hash.hex(),
        "serialNumber": f"{asked.serial_number:x}",
    }
    assert (await check(says(), request=request)).status == "good"


STRANGER = Identity("Stranger")
BAD = [
    (says(signer=STRANGER), "signature is wrong"),
    (says(signer=Identity("Delegate", ROOT, ca=False)), "signature is wrong"),
    (
        says(signer=Identity("Old", ROOT, ca=False, signs_ocsp=True, until=NOW - DAY / 2)),
        "signature is wrong",
    ),
    (says(at=NOW - 2 * DAY), "not of now"),
    (says(at=NOW + DAY), "not of now"),
    (says(certificate=Identity("Other", ROOT, ca=False)), "another certificate"),
    (lambda _: b"nonsense", ""),
    (lambda _: b"", ""),
    (
        lambda _: _refusal(ocsp.OCSPResponseStatus.TRY_LATER),
        "TRY_LATER",
    ),
]


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


@pytest.mark.parametrize(("make", "told"), BAD, ids=range(len(BAD)))
async def test_an_answer_that_proves_nothing_is_none(make: Any, told: str) -> None:
    found = await check(make)
    assert (found.status, found.response) == ("unavailable", None)
    assert told in found.reason


async def test_without_the_issuers_certificate_only_the_settings_responder_is_believed() -> None:
    assert (await check(says(signer=STRANGER), trusted=False)).status == "good"
    found = await check(says(), trusted=False, ours=False)
    assert found.status == "unavailable"
    assert "not among the trusted" in found.reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuerNameHash": "xyz"},
        {"issuerKeyHash": ""},
        {"serialNumber": "no number"},
        {"serialNumber": "-1"},
    ],
)
async def test_what_a_station_asks_wrongly_is_unavailable(wrong: Payload) -> None:
    found = await check(says(), request={**request_for(), **wrong})
    assert found.status == "unavailable"


async def test_a_responder_that_nobody_names_is_not_asked() -> None:
    client = Client()
    checks = OcspChecks(client, FakeClock(NOW), [ROOT.certificate])
    for url in ("", "http://169.254.169.254/ocsp"):
        assert (await checks.revocation(request_for(url=url))).status == "unavailable"
    await client.stop()
