"""Reading requests and certificates in PEM."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from citrine_py.errors import BadRequest
from citrine_py.outside.pem import PemReader
from tests import pki

READER = PemReader()


def test_a_request_tells_name_and_organisation() -> None:
    found = READER.request(pki.csr("cp001", "Fleet"))
    assert (found.common_name, found.organisation, found.fault) == ("cp001", "Fleet", None)
    assert READER.request(pki.csr(None)).common_name is None
    assert READER.request(pki.csr("cp001", key=pki.rsa_key())).fault is None


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (rsa.generate_private_key(65537, 1024), "1024 bits"),
        (ec.generate_private_key(ec.SECP192R1()), "192 bits"),
    ],
)
def test_a_key_that_is_too_short_is_a_fault(key: object, fault: str) -> None:
    assert fault in str(READER.request(pki.csr("cp001", key=key)).fault)


def test_what_is_no_request_is_a_fault() -> None:
    for text in ("", "nothing", pki.root().pem, pki.csr("cp001")[:200]):
        assert "cannot be read" in str(READER.request(text).fault)


def test_a_request_that_its_key_did_not_sign_is_a_fault() -> None:
    from base64 import b64decode, b64encode

    lines = pki.csr("cp001").strip().splitlines()
    der = bytearray(b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    text = "\n".join([lines[0], b64encode(der).decode(), lines[-1]])
    assert READER.request(text).fault is not None


def test_another_kind_of_key_is_a_fault() -> None:
    builder = pki.x509.CertificateSigningRequestBuilder().subject_name(pki.name("cp001"))
    made = builder.sign(ed25519.Ed25519PrivateKey.generate(), None)
    text = made.public_bytes(pki.Encoding.PEM).decode()
    assert "neither RSA nor" in str(READER.request(text).fault)


def test_a_certificate_tells_whose_it_is_and_until_when() -> None:
    root = pki.root()
    found = READER.details(root.pem)
    assert found.subject == "CN=Test root,O=Conformance"
    assert found.not_after == root.certificate.not_valid_after_utc
    assert int(found.serial_number, 16) == root.certificate.serial_number
    with pytest.raises(BadRequest, match="no certificate in PEM"):
        READER.details("nothing")


@pytest.mark.parametrize(("algorithm", "size"), [("SHA256", 64), ("SHA384", 96), ("SHA512", 128)])
def test_hash_data_is_by_the_algorithm_asked_for(algorithm: str, size: int) -> None:
    root = pki.root()
    found = READER.hash_data(root.pem, algorithm)
    assert found is not None
    assert (len(found["issuerNameHash"]), len(found["issuerKeyHash"])) == (size, size)
    assert found["hashAlgorithm"] == algorithm


def test_hash_data_needs_the_issuer() -> None:
    root = pki.root()
    leaf = pki.Holder("cp001", root)
    assert READER.hash_data(leaf.pem, "SHA256") is None
    found = READER.hash_data(leaf.pem + root.pem, "SHA256")
    own = READER.hash_data(root.pem, "SHA256")
    assert found is not None
    assert own is not None
    assert found["issuerKeyHash"] == own["issuerKeyHash"]
    assert found["serialNumber"] != own["serialNumber"]
