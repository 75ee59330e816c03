"""The port itself: TLS, compression, many stations, start and stop."""

import asyncio
import json
import socket as sockets
import ssl
import subprocess
import warnings
import zlib
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
)

from citrine_py.edge.config import CallLimits
from citrine_py.errors import CitrineError
from tests.edge.world import BOOT, ask, edge, hear, until


async def test_fifty_stations_at_once_are_all_served():
    async with edge() as it:

        async def visit(number: int) -> None:
            async with it.station(f"cp{number:03}") as socket:
                assert (await ask(socket, "BootNotification", BOOT))[2]["status"] == "Accepted"
                for message in range(10):
                    assert (await ask(socket, "Heartbeat", {}, f"h{message}"))[0] == 3

        await asyncio.gather(*(visit(number) for number in range(50)))
        await until(lambda: it.stats.open == 0)
        assert it.stats.accepted == 50
        assert it.stats.received == {"call": 550}
        assert it.stats.sent == {"result": 550}


async def test_a_taken_port_is_one_clear_line():
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CitrineError) as error:
            async with edge(port=port):
                pass
        assert f"listener open: port {port} on 127.0.0.1 is in use" in str(error.value)
        assert "\n" not in str(error.value)


async def test_an_address_that_is_not_ours_is_one_clear_line():
    with pytest.raises(
        CitrineError, match=r"listener open: port 0 on 192\.0\.2\.1 cannot be opened"
    ):
        async with edge(host="192.0.2.1"):
            pass


async def test_before_its_start_and_after_its_stop_it_is_harmless():
    async with edge(stop=False) as it:
        await it.listener.stop()
        await it.listener.stop()
        assert it.listener.port == 0


# ---- stopping --------------------------------------------------------------------------


async def test_stop_answers_the_call_in_flight_and_closes_with_1001():
    async with edge() as it, it.station() as busy, it.station("cp002") as idle:
        go_on = asyncio.Event()
        it.dispatch.before = lambda _call: go_on.wait()  # type: ignore[assignment,return-value]
        await busy.send('[2,"1","Heartbeat",{}]')
        await until(lambda: len(it.dispatch.calls) == 1 and len(it.registry) == 2)
        stopping = asyncio.create_task(it.listener.stop())
        with pytest.raises(ConnectionClosed) as closed:
            await idle.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        with pytest.raises((OSError, InvalidStatus)):
            async with it.station("cp003"):
                pass
        go_on.set()
        assert json.loads(await busy.recv())[0] == 3
        await stopping
        assert it.presence.events[-1][0] == "gone"
        assert len(it.registry) == 0


async def test_stop_does_not_wait_for_ever_for_a_handler_that_hangs():
    async with edge(CallLimits(grace=0.1)) as it, it.station() as socket:
        it.dispatch.before = lambda _call: asyncio.Event().wait()  # type: ignore[assignment,return-value]
        await socket.send('[2,"1","Heartbeat",{}]')
        await until(lambda: len(it.dispatch.calls) == 1)
        async with asyncio.timeout(3):
            await it.listener.stop()
        assert len(it.registry) == 0


# ---- compression (Part 4, 3.3) ---------------------------------------------------------


def deflate(socket) -> PerMessageDeflate:
    (extension,) = socket.protocol.extensions
    assert isinstance(extension, PerMessageDeflate)
    return extension


async def test_compression_is_used_when_the_station_offers_it_with_small_windows():
    async with edge() as it, it.station(compression="deflate") as socket:
        extension = deflate(socket)
        assert extension.remote_max_window_bits == 11
        assert extension.local_max_window_bits == 11
        for number in range(20):
            assert (await ask(socket, "BootNotification", BOOT, str(number)))[0] == 3


async def test_a_station_that_cannot_limit_its_window_starts_each_message_afresh():
    offer = ClientPerMessageDeflateFactory(client_max_window_bits=None)
    async with edge() as it, it.station(extensions=[offer]) as socket:
        assert deflate(socket).local_no_context_takeover
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
        (server_side,) = it.listener._server.connections  # type: ignore[union-attr]
        assert not hasattr(deflate(server_side), "decoder")


async def test_without_an_offer_there_is_no_compression():
    async with edge() as it, it.station() as socket:
        assert socket.protocol.extensions == []


async def test_a_compressed_frame_may_not_grow_beyond_the_limit():
    async with edge(CallLimits(frame_limit=20_000)) as it, it.station("cp002") as other:
        async with it.station(compression="deflate") as socket:
            bomb = json.dumps([2, "1", "Heartbeat", {"x": "0" * 5_000_000}])
            assert len(zlib.compress(bomb.encode())) < 20_000
            await socket.send(bomb)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        assert (await ask(other, "Heartbeat", {}))[0] == 3


# ---- TLS (profiles 2 and 3) ------------------------------------------------------------


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server certificate for 127.0.0.1 and a station's certificate for cp001."""
    folder = tmp_path_factory.mktemp("pki")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=Test CA")  # fmt: skip
    for name, common_name in (("server", "127.0.0.1"), ("station", "cp001")):
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/O=Test/CN={common_name}")  # fmt: skip
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext",
                "-out", f"{name}.pem")  # fmt: skip
    return folder


def client_tls(pki: Path, *, certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=pki / "ca.pem")
    if certificate:
        context.load_cert_chain(pki / "station.pem", pki / "station.key")
    return context


def server_tls(pki: Path) -> dict[str, Path]:
    return {"tls_certificate": pki / "server.pem", "tls_key": pki / "server.key"}


async def test_profile_2_is_tls_with_a_password(pki):
    async with edge(security_profile=2, **server_tls(pki)) as it:
        headers = {"Authorization": "Basic Y3AwMDE6c2VjcmV0"}
        async with it.station(ssl=client_tls(pki), additional_headers=headers) as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3
            assert it.admission.knocks[0].user == "cp001"


async def test_profile_3_asks_for_a_client_certificate_and_tells_its_name(pki):
    tls = {**server_tls(pki), "tls_client_cas": (pki / "ca.pem",)}
    async with edge(security_profile=3, **tls) as it:
        async with it.station(ssl=client_tls(pki, certificate=True)) as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3
            assert it.admission.knocks[0].certificate_name == "cp001"
        with pytest.raises((OSError, EOFError, ConnectionClosed, InvalidHandshake)):
            async with it.station(ssl=client_tls(pki)) as socket:
                await ask(socket, "Heartbeat", {})
        assert len(it.admission.knocks) == 1


async def test_less_than_tls_1_2_is_refused(pki):
    async with edge(security_profile=2, **server_tls(pki)) as it:
        old = client_tls(pki)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)):
            async with it.station(ssl=old):
                pass


async def test_plain_text_on_a_tls_port_disturbs_nobody(pki):
    tls = server_tls(pki)
    async with edge(security_profile=2, **tls) as it, it.station(ssl=client_tls(pki)) as socket:
        with pytest.raises((OSError, EOFError, InvalidHandshake)):
            async with connect(f"ws://127.0.0.1:{it.port}/cp002", open_timeout=2):
                pass
        assert (await ask(socket, "Heartbeat", {}))[0] == 3


@pytest.mark.parametrize("missing", ["tls_certificate", "tls_key", "tls_client_cas"])
async def test_unusable_tls_files_are_one_clear_line(pki, missing):
    tls: dict[str, object] = {**server_tls(pki), "tls_client_cas": (pki / "ca.pem",)}
    for path in (pki / "nothing.pem", pki / "server.ext"):
        wrong = (path,) if missing == "tls_client_cas" else path
        with pytest.raises(CitrineError, match=r"^listener open: its TLS files cannot be used"):
            async with edge(security_profile=3, **{**tls, missing: wrong}):
                pass


async def test_tls_without_a_certificate_is_one_clear_line():
    with pytest.raises(CitrineError, match="need a certificate"):
        async with edge(security_profile=2):
            pass


async def test_a_ping_that_is_answered_keeps_the_connection():
    async with edge(ping_interval=0.02, ping_timeout=1) as it, it.station() as socket:
        await asyncio.sleep(0.1)
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await hear(socket)
