"""New certificates for ports that are open: written over their files, used at once."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from citrine_py.edge.certificates import PortCertificates
from citrine_py.errors import BadRequest, NotFound
from tests import pki
from tests.edge.test_tls import SUITES
from tests.edge.tls_files import Files
from tests.edge.world import edge


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def shown(it, files: Files, suite: str) -> str:
    """The certificate that the port shows for this suite, in PEM."""
    tls = files.client(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2)
    async with it.station(ssl=tls) as socket:
        der = socket.transport.get_extra_info("ssl_object").getpeercert(True)
        return ssl.DER_cert_to_PEM_cert(der)


@pytest.mark.parametrize(("rsa", "suite"), [(False, SUITES[0]), (True, SUITES[2])])
async def test_a_new_pair_takes_the_place_of_the_one_of_its_kind(files, rsa, suite):
    new = pki.Holder(
        pki.HOST, files.root, host=pki.HOST, key=pki.rsa_key() if rsa else pki.ec_key()
    )
    other = SUITES[0] if rsa else SUITES[2]
    async with edge(**files.server()) as it:
        untouched = await shown(it, files, other)
        files.elliptic[1].chmod(0o600)
        PortCertificates([it.listener]).put("open", new.pem, new.key_pem, None)
        assert await shown(it, files, suite) == new.pem
        assert await shown(it, files, other) == untouched
    certificate, key = files.rsa if rsa else files.elliptic
    assert (certificate.read_text(), key.read_text()) == (new.pem, new.key_pem)
    assert stat.S_IMODE(files.elliptic[1].stat().st_mode) == 0o600


async def test_all_ports_of_the_same_files_change_together(files):
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    async with edge(**files.server()) as one, edge(**files.server(), id="two") as two:
        ports = PortCertificates([one.listener, two.listener])
        ports.put("two", new.pem, new.key_pem, None)
        assert await shown(one, files, SUITES[0]) == new.pem
        assert await shown(two, files, SUITES[0]) == new.pem


async def test_files_that_were_replaced_are_read_anew(files):
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    async with edge(**files.server()) as it:
        new.write(files.folder, "ec")
        PortCertificates([it.listener]).reload("open")
        assert await shown(it, files, SUITES[0]) == new.pem
        files.elliptic[0].write_text("nothing")
        with pytest.raises(BadRequest, match="its TLS files cannot be used"):
            PortCertificates([it.listener]).reload("open")


async def test_a_new_ca_of_stations_is_taken_where_the_port_has_one_of_its_own(files):
    newer = pki.root("Newer")
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    own = pki.Holder("cp001", newer)
    async with edge(**files.server(3), own_client_ca=files.ca) as it:
        PortCertificates([it.listener]).put("open", new.pem, new.key_pem, newer.pem)
        async with it.station(ssl=files.client(own=(own.pem, own.key_pem))):
            assert it.admission.knocks[0].certificate_name == "cp001"
    async with edge(**files.server(3)) as it:
        with pytest.raises(BadRequest, match="no tls_client_ca of its own"):
            PortCertificates([it.listener]).put("open", new.pem, new.key_pem, newer.pem)


async def test_what_does_not_fit_changes_nothing_and_tells_no_key(files):
    before = {path: path.read_text() for path in files.folder.iterdir()}
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    wrong = [
        (new.pem, pki.Holder("x").key_pem, None),
        ("nothing", new.key_pem, None),
        (new.pem, "secret", None),
        (new.pem, new.key_pem, "nothing"),
    ]
    async with edge(**files.server(3), own_client_ca=files.ca) as it:
        for chain, key, ca in wrong:
            with pytest.raises(BadRequest) as error:
                PortCertificates([it.listener]).put("open", chain, key, ca)
            assert "secret" not in str(error.value)
    assert {path: path.read_text() for path in files.folder.iterdir()} == before


async def test_only_tls_ports_have_certificates(files):
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    async with edge() as it:
        ports = PortCertificates([it.listener])
        with pytest.raises(BadRequest, match="speaks no TLS"):
            ports.put("open", new.pem, new.key_pem, None)
        with pytest.raises(NotFound, match="no listener 'tls'; there are: open"):
            ports.reload("tls")


async def test_files_that_cannot_be_written_are_one_clear_line(files, monkeypatch):
    new = pki.Holder(pki.HOST, files.root, host=pki.HOST)
    before = files.elliptic[0].read_text()

    def full(_self, _target):
        raise OSError(28, "No space left on device")

    async with edge(**files.server()) as it:
        monkeypatch.setattr("pathlib.Path.replace", full)
        with pytest.raises(BadRequest, match="No space left on device"):
            PortCertificates([it.listener]).put("open", new.pem, new.key_pem, None)
    assert files.elliptic[0].read_text() == before
    assert load_pem_x509_certificate(before.encode()) is not None
