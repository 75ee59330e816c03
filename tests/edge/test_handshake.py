"""Who may come through the door, and what the others are told."""

import base64
from contextlib import suppress
from urllib.parse import quote

import pytest
import structlog
from websockets.exceptions import InvalidStatus

from citrine_py.ports import Refused
from tests.edge.world import edge, hear, http, until, upgrade


def basic(user: str, password: str) -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("cp001", "cp001"),
        ("ocpp/deep/cp001", "cp001"),
        ("RDAM%20123", "RDAM 123"),
        ("cp001?token=x", "cp001"),
        ("DE*ABC*E1+2|3@4=5_6-7.8", "DE*ABC*E1+2|3@4=5_6-7.8"),
        ("x" * 48, "x" * 48),
    ],
)
async def test_the_last_path_segment_percent_decoded_is_the_station(path, station):
    async with edge() as it, it.station(path) as socket:
        await until(lambda: it.registry.session(station) is not None)
        assert socket.subprotocol == "ocpp2.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "cp001/",
        "x" * 49,
        "a%2Fb",
        "a%3Ab",
        "a:b",
        "a%00b",
        "a%0Ab",
        "%FF",
        "%20",
        " ",
        "..",
        ".",
        "%C3%A9",
        "a%22b",
        "%20cp001",
        "%E2%80%AEx",
    ],
)
async def test_no_or_a_malformed_station_id_is_refused(path):
    async with edge() as it:
        target = "/" + quote(path, safe="/%:.")
        status, _, body = await http(it.port, upgrade(target))
        assert status == 400
        assert "station" in body
        assert it.admission.knocks == []
        assert it.stats.refused["station_id"] == 1


@pytest.mark.parametrize(
    "offered", [None, "ocpp1.6", "soap", "ocpp2.0", ", ,", "bad header(", "OCPP2.0.1"]
)
async def test_a_wrong_or_missing_subprotocol_is_refused(offered):
    async with edge() as it:
        status, _, body = await http(it.port, upgrade("/cp001", subprotocol=offered))
        assert status == 400
        assert "ocpp2.0.1" in body


async def test_the_stations_preference_decides_among_the_accepted_subprotocols():
    async with edge(subprotocols=("ocpp1.6", "ocpp2.0.1")) as it:
        async with it.station(subprotocols=["soap", "ocpp2.0.1", "ocpp1.6"]) as socket:
            assert socket.subprotocol == "ocpp2.0.1"
        async with it.station(subprotocols=["ocpp1.6", "ocpp2.0.1"]) as socket:
            assert socket.subprotocol == "ocpp1.6"


async def test_admission_decides_and_its_refusal_is_told():
    async with edge() as it:
        it.admission.refusals["cp404"] = Refused(404, "The station cp404 is not known here.")
        status, headers, body = await http(it.port, upgrade("/cp404"))
        assert (status, body) == (404, "The station cp404 is not known here.\n")
        assert "www-authenticate" not in headers
        it.admission.refusals["cp403"] = Refused(403, "No.")
        assert (await http(it.port, upgrade("/cp403")))[0] == 403
        assert it.stats.refused == {"unknown_station": 1, "forbidden": 1}


async def test_tc_a_02_a_wrong_password_gets_401_with_a_challenge():
    async with edge(security_profile=1, id="password") as it:
        it.admission.refusals["cp001"] = Refused(401, "Wrong user or password.")
        with pytest.raises(InvalidStatus) as refused:
            async with it.station(additional_headers=basic("cp001", "secret-wrong-1234")):
                pass
        response = refused.value.response
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="OCPP"'
        (knock,) = it.admission.knocks
        assert (knock.user, knock.password) == ("cp001", "secret-wrong-1234")
        assert (knock.listener, knock.security_profile) == ("password", 1)


async def test_tc_a_01_user_and_password_reach_admission_and_let_in():
    async with edge(security_profile=1, allow_unknown=False) as it:
        async with it.station(additional_headers=basic("cp001", "with:colons::=_é")):
            (knock,) = it.admission.knocks
        assert (knock.user, knock.password) == ("cp001", "with:colons::=_é")
        assert knock.allow_unknown is False
        assert knock.remote.startswith("127.0.0.1:")
        assert "colons" not in repr(knock)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic Y3AwMDE=",
        "Bearer abc",
        "Basic /w==",
        "Digest x",
        "Basic Zg",
        "",
    ],
)
async def test_a_malformed_authorization_header_gets_401(header):
    async with edge(security_profile=2 - 1) as it:
        status, headers, _ = await http(it.port, upgrade("/cp001", f"Authorization: {header}"))
        assert status == 401
        assert "www-authenticate" in headers
        assert it.admission.knocks == []


async def test_two_authorization_headers_get_401():
    async with edge(security_profile=1) as it:
        one = "Authorization: Basic Y3AwMDE6eA=="
        assert (await http(it.port, upgrade("/cp001", one, one)))[0] == 401


async def test_without_credentials_admission_decides():
    async with edge(security_profile=1) as it:
        it.admission.refusals["cp001"] = Refused(401, "A password is needed.")
        assert (await http(it.port, upgrade("/cp001")))[0] == 401
        assert it.admission.knocks[0].user is None


async def test_on_profile_0_credentials_are_not_looked_at():
    async with edge() as it, it.station(additional_headers=basic("cp001", "secret")):
        assert it.admission.knocks[0].password is None


async def test_each_refusal_is_logged_once_and_never_the_credentials():
    async with edge(security_profile=1) as it:
        it.admission.refusals["cp001"] = Refused(401, "Wrong user or password.")
        header = basic("cp001", "hunter2hunter2hunter2")["Authorization"]
        with structlog.testing.capture_logs() as logs:
            await http(it.port, upgrade("/cp001", f"Authorization: {header}"))
        (line,) = [line for line in logs if line["event"] == "upgrade.refused"]
        assert line["station"] == "cp001"
        assert line["listener"] == "open"
        assert line["remote"].startswith("127.0.0.1:")
        assert (line["reason"], line["status"]) == ("Wrong user or password.", 401)
        assert "hunter2" not in str(logs)
        assert header.split()[1] not in str(logs)


async def test_what_the_websocket_library_refuses_is_logged_too():
    async with edge() as it:
        request = upgrade("/cp001").replace("Version: 13", "Version: 12")
        with structlog.testing.capture_logs() as logs:
            assert (await http(it.port, request))[0] == 400
        assert [line["status"] for line in logs if line["event"] == "upgrade.refused"] == [400]
        assert it.stats.refused == {"websocket": 1}


async def test_an_admission_that_fails_is_503_and_disturbs_nobody():
    async with edge() as it, it.station("cp002") as other:
        it.admission.fails = True
        with structlog.testing.capture_logs() as logs:
            assert (await http(it.port, upgrade("/cp001")))[0] == 503
        assert "journal is gone" not in str(logs)
        await other.send('[2,"1","Heartbeat",{}]')
        assert (await hear(other))[0] == 3


async def test_a_health_check_on_the_charger_port_answers_200():
    async with edge() as it:
        status, _, body = await http(it.port, "GET /health HTTP/1.1\nHost: x\n\n")
        assert (status, body) == (200, "OK\n")
        assert it.stats.refused == {}


async def test_a_browser_is_told_what_the_port_is_for():
    async with edge() as it:
        status, headers, body = await http(
            it.port, "GET /cp001 HTTP/1.1\nHost: x\nUpgrade: (bad\n\n"
        )
        assert status == 426
        assert headers["upgrade"] == "websocket"
        assert "ocpp2.0.1" in body


@pytest.mark.parametrize("junk", ["\n\n", "NONSENSE\n\n", "GET\n\n", "\x16\x03\x01\x02\n\n"])
async def test_junk_before_the_handshake_disturbs_nobody(junk):
    async with edge() as it, it.station() as socket:
        with suppress(IndexError, ValueError, OSError):  # the line is cut, with or without words
            await http(it.port, junk)
        await socket.send('[2,"1","Heartbeat",{}]')
        assert (await hear(socket))[0] == 3
