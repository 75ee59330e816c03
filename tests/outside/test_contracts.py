"""C07: contract certificates and the way to a CA that is trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.errors import CitrineError
from citrine_py.outside.contracts import load_anchors, read_chain
from citrine_py.ports_tokens import ContractChain
from tests.outside.certificates import DAY, NOW, Identity

ROOT = Identity("MO Root")
SUB = Identity("MO Sub-CA", ROOT, responder="http://ocsp.example.com/sub")
CONTRACT = Identity("DEABCC00001X", SUB, ca=False, responder="http://ocsp.example.com/contract")


def read(*chain: Identity, anchors: tuple[Identity, ...] = (ROOT,)) -> ContractChain:
    pem = "".join(each.pem for each in chain)
    return read_chain(pem, [each.certificate for each in anchors], NOW)


def test_a_chain_to_a_trusted_ca_is_good_and_tells_whom_to_ask() -> None:
    found = read(CONTRACT, SUB)
    assert (found.fault, found.emaid) == (None, "DEABCC00001X")
    assert [each["responderURL"] for each in found.requests] == [
        "http://ocsp.example.com/contract",
        "http://ocsp.example.com/sub",
    ]
    assert found.requests[0]["serialNumber"] == f"{CONTRACT.certificate.serial_number:x}"


def test_a_sub_ca_may_be_trusted_itself() -> None:
    found = read(CONTRACT, anchors=(SUB,))
    assert found.fault is None
    assert len(found.requests) == 1


OLD = Identity("DEABCC00002X", SUB, ca=False, until=NOW - DAY / 2)
EARLY = Identity("DEABCC00003X", SUB, ca=False, since=NOW + DAY)
FORGED = Identity("DEABCC00004X", Identity("MO Sub-CA", ROOT), ca=False)
NO_CA = Identity("Driver", ROOT, ca=False)


@pytest.mark.parametrize(
    ("chain", "fault"),
    [
        ((OLD, SUB), "CertificateExpired"),
        ((CONTRACT, Identity("MO Sub-CA", ROOT, until=NOW - DAY / 2)), "SignatureError"),
        ((EARLY, SUB), "CertChainError"),
        ((FORGED, SUB), "SignatureError"),
        ((CONTRACT,), "CertChainError"),
        ((Identity("Self", ca=False),), "CertChainError"),
        ((Identity("X", NO_CA, ca=False), NO_CA), "CertChainError"),
        ((ROOT,), "CertChainError"),
    ],
)
def test_a_chain_that_is_bad_is_said_to_be_so(chain: tuple[Identity, ...], fault: str) -> None:
    found = read(*chain)
    assert found.fault == fault
    assert found.reason
    assert found.requests == ()


def test_an_expired_sub_ca_ends_the_chain() -> None:
    sub = Identity("Old Sub-CA", ROOT, until=NOW - DAY / 2)
    assert read(Identity("X", sub, ca=False), sub).fault == "CertificateExpired"


def test_a_chain_that_does_not_end_is_cut() -> None:
    link = ROOT
    chain = []
    for number in range(8):
        link = Identity(f"Sub {number}", link)
        chain.append(link)
    assert read(*reversed(chain)).fault == "CertChainError"


@pytest.mark.parametrize("pem", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_a_chain_error(pem: str) -> None:
    assert read_chain(pem, [ROOT.certificate], NOW).fault == "CertChainError"


def test_trusted_cas_come_from_a_file(tmp_path: Path) -> None:
    assert load_anchors(None) == ()
    path = tmp_path / "roots.pem"
    with pytest.raises(CitrineError, match="CITRINE_AUTHORIZATION_CONTRACT_ROOTS"):
        load_anchors(path)
    path.write_text("nothing")
    with pytest.raises(CitrineError, match="CITRINE_AUTHORIZATION_CONTRACT_ROOTS"):
        load_anchors(path)
    path.write_text(ROOT.pem + SUB.pem)
    assert load_anchors(path) == (ROOT.certificate, SUB.certificate)
