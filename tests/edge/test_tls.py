"""A charger port's TLS: suites, both kinds of certificate, exchange, refused handshakes (A00)."""

import ssl
from pathlib import Path

import pytest
import structlog
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from citrine_py.errors import CitrineError
from tests import pki
from tests.edge.tls_files import Files
from tests.edge.world import ask, edge, until

REFUSED = (OSError, EOFError, ConnectionClosed, InvalidHandshake)

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("suite", SUITES)
async def test_each_suite_of_part_2_is_agreed_on_by_its_certificate(files, suite):
    tls = files.client(ciphers=suite, newest=ssl.TLSVersion.TLSv1_2)
    async with edge(**files.server()) as it, it.station(ssl=tls) as socket:
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
        spoken = socket.transport.get_extra_info("ssl_object")
        assert spoken.cipher()[0] == suite
        assert spoken.version() == "TLSv1.2"


async def test_weak_suites_are_refused_and_the_refusal_counted_and_logged(files):
    tls = files.client(ciphers="AES128-SHA:ECDHE-RSA-AES128-SHA", newest=ssl.TLSVersion.TLSv1_2)
    async with edge(**files.server()) as it:
        with structlog.testing.capture_logs() as logs:
            with pytest.raises(REFUSED):
                async with it.station(ssl=tls):
                    pass
            await until(lambda: it.stats.refused["tls"] == 1)
        (line,) = [each for each in logs if each["event"] == "handshake.refused"]
        assert line["reason"] == "NO_SHARED_CIPHER"
        assert line["listener"] == "open"


async def test_a_client_certificate_that_is_not_good_is_counted_with_what_is_wrong(files):
    expired = pki.Holder("cp001", files.root, days=-1)
    stranger = pki.Holder("cp001", pki.root("Another"))
    async with edge(**files.server(3)) as it:
        with structlog.testing.capture_logs() as logs:
            for number, own in enumerate((expired, stranger), 1):
                tls = files.client(own=(own.pem, own.key_pem))
                with pytest.raises(REFUSED):
                    async with it.station(ssl=tls) as socket:
                        await ask(socket, "Heartbeat", {})
                await until(lambda n=number: it.stats.refused["tls"] == n)
        assert it.admission.knocks == []
        reasons = [each["reason"] for each in logs if each["event"] == "handshake.refused"]
        assert reasons == [
            "certificate has expired",
            "unable to get local issuer certificate",
        ]


async def test_new_certificates_count_from_the_next_handshake_and_disturb_nobody(files):
    async with edge(**files.server()) as it, it.station(ssl=files.client()) as before:
        newer = pki.root("Newer")
        pki.Holder(pki.HOST, newer, host=pki.HOST).write(files.folder, "ec")
        it.listener.tls.reload()
        async with it.station("cp002", ssl=pki.client_context(newer, files.folder)) as after:
            assert (await ask(after, "Heartbeat", {}))[0] == 3
        assert (await ask(before, "Heartbeat", {}))[0] == 3


async def test_a_new_ca_of_stations_counts_from_the_next_handshake(files):
    newer = pki.root("Newer")
    own = pki.Holder("cp001", newer)
    async with edge(**files.server(3)) as it:
        newer.write(files.folder, "ca")
        it.listener.tls.reload()
        tls = files.client(own=(own.pem, own.key_pem))
        async with it.station(ssl=tls) as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3
        assert it.admission.knocks[0].certificate_name == "cp001"


async def test_files_that_cannot_be_used_leave_those_before_in_force(files):
    async with edge(**files.server()) as it:
        files.elliptic[0].write_text("nothing")
        with pytest.raises(CitrineError, match="its TLS files cannot be used"):
            it.listener.tls.reload()
        async with it.station(ssl=files.client()) as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3


async def test_profile_3_without_a_ca_of_stations_is_one_clear_line(files):
    config = {**files.server(3), "tls_client_cas": ()}
    with pytest.raises(CitrineError, match=r"^listener open: security profile 3 needs the CA"):
        async with edge(**config):
            pass
