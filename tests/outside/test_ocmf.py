"""Signed meter values: OCMF is checked, the rest is kept and said to be unchecked."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.outside.ocmf import OcmfSignatures
from citrine_py.ports import Payload

KEY = ec.generate_private_key(ec.SECP256R1())
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
RECORD = {"FV": "1.0", "MS": "meter-1", "RD": [{"TX": "B", "RV": 910.083, "RU": "kWh"}]}


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def signed(
    *,
    key: ec.EllipticCurvePrivateKey = KEY,
    record: Any = RECORD,
    public_key: str = b64(DER),
    tamper: bool = False,
    **section: str,
) -> Payload:
    text = json.dumps(record)
    signature = key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    data = b64(signature) if section.get("SE") == "base64" else signature.hex()
    if tamper:
        text = text.replace("910.083", "310.083")
    ocmf = f"OCMF|{text}|{json.dumps({'SD': data, **section})}"
    return {
        "signedMeterData": b64(ocmf),
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": public_key,
    }


@pytest.mark.parametrize(
    "public_key",
    [b64(DER), DER.hex(), b64(DER.hex()), b64(f"oca:base16:asn1:{DER.hex()}"),
     f"oca:base64:asn1:{b64(DER)}"],
)  # fmt: skip
@pytest.mark.parametrize("section", [{}, {"SE": "base64"}, {"SA": "ECDSA-secp256r1-SHA256"}])
def test_a_true_signature_is_verified(public_key: str, section: dict[str, str]) -> None:
    assert OcmfSignatures()("cp001", signed(public_key=public_key, **section)) == ("Verified", None)


def test_a_record_that_is_not_in_base64_is_understood() -> None:
    value = signed()
    value["signedMeterData"] = base64.b64decode(value["signedMeterData"]).decode()
    assert OcmfSignatures()("cp001", value)[0] == "Verified"


def test_a_changed_value_or_another_key_is_invalid() -> None:
    verify = OcmfSignatures()
    assert verify("cp001", signed(tamper=True))[0] == "Invalid"
    other = ec.generate_private_key(ec.SECP256R1())
    assert verify("cp001", signed(key=other))[0] == "Invalid"


@given(st.text(), st.text(), st.text())
def test_nothing_that_a_station_sends_is_refused(payload: str, section: str, key: str) -> None:
    for data in (payload, f"OCMF|{payload}|{section}", b64(f"OCMF|{payload}|{section}")):
        value = {**signed(), "signedMeterData": data, "publicKey": key}
        assert OcmfSignatures()("cp001", value)[0] in {"NotVerified", "Invalid"}


def test_the_key_may_come_once_for_each_meter() -> None:
    verify = OcmfSignatures()
    assert verify("cp001", signed(public_key=""))[0] == "NotVerified"
    assert verify("cp001", signed())[0] == "Verified"
    assert verify("cp001", signed(public_key=""))[0] == "Verified"
    assert verify("cp002", signed(public_key=""))[0] == "NotVerified"
    elsewhere = signed(public_key="", record={**RECORD, "MS": "meter-2"})
    assert verify("cp001", elsewhere)[0] == "NotVerified"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"publicKey": ""}, "no public key"),
        ({"publicKey": "nonsense"}, "cannot be read"),
        ({"publicKey": b64("oca:base16:asn1:3059")}, "cannot be read"),
        ({"signedMeterData": b64("\x1b\x1b\x1b\x1b"), "encodingMethod": "EDL"}, "'EDL' is not"),
        ({"signedMeterData": "no base64!"}, "is not checked"),
        ({"signedMeterData": b64("OCMF|{}")}, "no complete OCMF"),
        ({"signedMeterData": b64("OCMF|{}|[]")}, "no complete OCMF"),
        ({"signedMeterData": b64('OCMF|{}|{"SD": "zz"}')}, "signature cannot be read"),
        ({"signedMeterData": b64('OCMF|[]|{"SA": "RSA", "SD": ""}')}, "signed by RSA"),
        ({"signedMeterData": b64('OCMF|1|{"SA": "ECDSA-secp384r1-SHA256"}')}, "the key is of"),
    ],
)
def test_what_cannot_be_checked_says_why(changes: dict[str, str], why: str) -> None:
    status, info = OcmfSignatures()("cp001", {**signed(), **changes})
    assert status == "NotVerified"
    assert why in str(info)
