"""The CA on this machine: what it signs, what it refuses, and how its key is kept."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from citrine_py.errors import BadRequest, CitrineError
from citrine_py.outside.authority import LocalAuthority, development_signer, load_signer
from citrine_py.ports_certificates import NewServer
from citrine_py.runtime import SystemClock
from tests import pki

CLOCK = SystemClock()
OWN = "ChargingStationCertificate"


def development(folder: Path, days: int = 365) -> LocalAuthority:
    signer = development_signer(folder, "stations", CLOCK.now())
    v2g = development_signer(folder, "v2g", CLOCK.now())
    return LocalAuthority({OWN: signer, "V2GCertificate": v2g}, CLOCK, days)


async def test_it_signs_the_requests_name_and_key_and_nothing_else_of_it(tmp_path: Path) -> None:
    key = pki.ec_key()
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(pki.name("cp001", "Fleet"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    csr = builder.sign(key, pki.hashes.SHA256()).public_bytes(pki.Encoding.PEM).decode()
    authority = development(tmp_path, 10)
    chain = x509.load_pem_x509_certificates((await authority.sign(csr, OWN)).encode())
    (made,) = chain  # the root is none of what a station is sent
    assert made.subject == pki.name("cp001", "Fleet")
    assert made.public_key() == key.public_key()
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    root = x509.load_pem_x509_certificate((await authority.root(OWN)).encode())
    made.verify_directly_issued_by(root)
    left = made.not_valid_after_utc - CLOCK.now()
    assert timedelta(days=9) < left <= timedelta(days=10)


async def test_v2g_certificates_come_from_another_root(tmp_path: Path) -> None:
    authority = development(tmp_path)
    assert await authority.root(OWN) != await authority.root("V2GCertificate")
    made = x509.load_pem_x509_certificate(
        (await authority.sign(pki.csr("DE-SECC-1"), "V2GCertificate")).encode()
    )
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


async def test_the_development_ca_outlives_restarts_and_only_its_owner_reads_its_key(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "ca"
    first = await development(folder).root(OWN)
    assert await development(folder).root(OWN) == first
    assert stat.S_IMODE((folder / "stations.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_start_that_broke_off_between_key_and_certificate_makes_both(
    tmp_path: Path,
) -> None:
    tmp_path.joinpath("stations.key").write_text("half")
    assert "BEGIN CERTIFICATE" in await development(tmp_path).root(OWN)


async def test_a_ca_of_ones_own_sends_what_is_below_the_root(tmp_path: Path) -> None:
    root = pki.root()
    middle = pki.Holder("Middle", root, ca=True, days=1)
    certificate, key = middle.write(tmp_path, "middle")
    certificate.write_text(middle.pem + root.pem)
    authority = LocalAuthority({OWN: load_signer(certificate, key)}, CLOCK)
    text = await authority.sign(pki.csr("cp001", key=pki.rsa_key()), OWN)
    chain = x509.load_pem_x509_certificates(text.encode())
    assert [each.subject for each in chain[1:]] == [middle.certificate.subject]
    assert await authority.root(OWN) == root.pem
    assert chain[0].not_valid_after_utc == middle.certificate.not_valid_after_utc
    with pytest.raises(BadRequest, match="no CA for a V2GCertificate"):
        await authority.sign(pki.csr("DE-SECC-1"), "V2GCertificate")


async def test_without_the_root_in_its_file_there_is_no_root_to_install(tmp_path: Path) -> None:
    middle = pki.Holder("Middle", pki.root(), ca=True).write(tmp_path, "middle")
    with pytest.raises(BadRequest, match="append the root"):
        await LocalAuthority({OWN: load_signer(*middle)}, CLOCK).root(OWN)


async def test_a_ca_that_is_over_signs_nothing(tmp_path: Path) -> None:
    over = pki.Holder("Over", ca=True, days=-1).write(tmp_path, "over")
    with pytest.raises(BadRequest, match="is over"):
        await LocalAuthority({OWN: load_signer(*over)}, CLOCK).sign(pki.csr("cp001"), OWN)


def test_files_that_do_not_belong_together_are_one_clear_line(tmp_path: Path) -> None:
    certificate, _ = pki.root().write(tmp_path, "one")
    _, key = pki.root().write(tmp_path, "two")
    with pytest.raises(CitrineError, match="is not that of the first certificate"):
        load_signer(certificate, key)
    with pytest.raises(CitrineError, match="cannot be used: FileNotFoundError"):
        load_signer(tmp_path / "nothing.pem", key)
    key.write_text("secret text")
    with pytest.raises(CitrineError, match="cannot be used") as error:
        load_signer(certificate, key)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("rsa", [False, True])
async def test_it_makes_servers_certificates_with_their_key(tmp_path: Path, rsa: bool) -> None:
    authority = development(tmp_path)
    for host in ("csms.example.com", "127.0.0.1"):
        made = await authority.server(NewServer(host, "Fleet", "DE", rsa=rsa, key_length=2048))
        chain = x509.load_pem_x509_certificates(made.chain.encode())
        key = pki.load_pem_private_key(made.private_key.encode(), None)
        assert key.public_key() == chain[0].public_key()
        names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert host in [str(each.value) for each in names]
        assert made.private_key not in repr(made)
    with pytest.raises(BadRequest, match="no name for a certificate"):
        await authority.server(NewServer("csms", country="Germany"))
