"""J01, J02: whether signed meter values are what the meter signed.

OCMF (Open Charge Metering Format) with ECDSA is checked; other formats (EDL, SML) and
curves are kept as they came and said to be not verified. The key is the one that the
station sent with the value, or sent before for the same meter: Verified says that the value
is unchanged since that key signed it, not whose key it is. No I/O in here.
"""

from __future__ import annotations

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from citrine_py.model.transactions import SignatureStatus
from citrine_py.ports import Payload

Verdict: TypeAlias = tuple[SignatureStatus, str | None]

_ALGORITHM = re.compile(r"ECDSA-(?P<curve>[\w-]+)-SHA(?P<bits>256|384|512)")
_DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = MappingProxyType(
    {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
)
_MOST_KEYS = 50_000


class _Unusable(Exception):
    """Why a value cannot be checked."""


@dataclass(frozen=True, slots=True)
class OcmfSignatures:
    """Checks signed values; implements ports_charging.MeterSignatures.

    Remembers the latest key of each meter, for stations that send it once in a transaction
    (PublicKeyWithSignedMeterValue).
    """

    _keys: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)

    def __call__(self, station: str, signed: Payload) -> Verdict:
        """See ports_charging.MeterSignatures."""
        try:
            return self._check(station, signed)
        except _Unusable as error:
            return "NotVerified", str(error)

    def _check(self, station: str, signed: Payload) -> Verdict:
        payload, signature = _parts(signed["signedMeterData"], signed["encodingMethod"])
        key = self._key((station, _meter(payload)), signed["publicKey"])
        match = _ALGORITHM.fullmatch(str(signature.get("SA", _DEFAULT_ALGORITHM)))
        if match is None:
            raise _Unusable(f"signed by {str(signature.get('SA'))[:40]}, which is not checked here")
        if key.curve.name.casefold() != match["curve"].casefold():
            raise _Unusable(f"the key is of {key.curve.name}, the signature of {match['curve']}")
        data = _decoded(str(signature.get("SD", "")), str(signature.get("SE", "hex")))
        try:
            key.verify(data, payload, ECDSA(_HASHES[match["bits"]]()))
        except InvalidSignature:
            return "Invalid", "the signature does not fit the value and the key"
        return "Verified", None

    def _key(self, meter: tuple[str, str], told: str) -> EllipticCurvePublicKey:
        """The key of a meter. One that is told is remembered, as soon as it proves to be one."""
        text = told or self._keys.get(meter, "")
        if not text:
            raise _Unusable("no public key has come with it or before it")
        for der in _forms(text):
            try:
                key = load_der_public_key(der)
            except (ValueError, UnsupportedAlgorithm):
                continue
            if isinstance(key, EllipticCurvePublicKey):
                self._keys[meter] = text
                self._keys.move_to_end(meter)
                if len(self._keys) > _MOST_KEYS:
                    self._keys.popitem(last=False)
                return key
        raise _Unusable("its public key cannot be read, or is of a curve that is not checked here")


def _parts(data: str, encoding: str) -> tuple[bytes, Mapping[str, Any]]:
    """The signed bytes of an OCMF record, and its signature section."""
    text = data
    if not text.startswith("OCMF|"):
        try:
            text = base64.b64decode(data, validate=True).decode()
        except ValueError:
            text = ""
    if not text.startswith("OCMF|"):
        raise _Unusable(f"the format {encoding[:40]!r} is not checked here")
    payload, _, signature = text.removeprefix("OCMF|").rpartition("|")
    try:
        section = json.loads(signature)
    except (ValueError, RecursionError):
        section = None
    if not payload or not isinstance(section, dict):
        raise _Unusable("it is no complete OCMF record")
    return payload.encode(), section


def _meter(payload: bytes) -> str:
    """The meter that an OCMF payload names, or else its gateway."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("MS") or told.get("GS") or "") if isinstance(told, dict) else ""


def _decoded(text: str, encoding: str) -> bytes:
    try:
        if encoding == "base64":
            return base64.b64decode(text, validate=True)
        return bytes.fromhex(text)
    except ValueError:
        raise _Unusable("its signature cannot be read") from None


def _forms(text: str) -> Iterator[bytes]:
    """What a key may be as DER: stations send it in hex or base64, or once more in base64 with
    the prefix of the Open Charge Alliance, `oca:base16:asn1:`."""
    texts = [text]
    with suppress(ValueError):
        texts.append(base64.b64decode(text, validate=True).decode("ascii"))
    for each in texts:
        bare = each.strip().rpartition(":")[2]
        with suppress(ValueError):
            yield bytes.fromhex(bare)
        with suppress(ValueError):
            yield base64.b64decode(bare, validate=True)
