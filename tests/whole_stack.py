"""Starts the product for tests as a user would, `citrine-py up`, beside any other that runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import pki

READY_WITHIN = 900  # seconds: a cold cache installs Directus first
STOP_WITHIN = 60

COMMAND = (sys.executable, "-m", "citrine_py")


@dataclass(frozen=True)
class Stack:
    """A running stack: what `citrine-py info --json` says of it."""

    folder: Path
    environment: Mapping[str, str]
    directus_url: str
    admin_email: str
    admin_password: str
    admin_token: str
    service_token: str
    api_url: str
    api_token: str
    docs_url: str
    websocket_urls: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, environment: Mapping[str, str] | None = None) -> Stack:
        """The stack whose state is in `folder`."""
        variables = {"CITRINE_STACK_FOLDER": str(folder), **(environment or {})}
        saved = folder / "test-environment.json"
        if environment is None and saved.exists():
            variables = json.loads(saved.read_text())
        told = info(variables)
        secrets = json.loads((folder / "secrets.json").read_text())
        return cls(
            folder=folder,
            environment=variables,
            service_token=secrets["service_token"],
            websocket_urls=tuple(told["websocket_urls"]),
            **{
                name: told[name]
                for name in (
                    "directus_url",
                    "admin_email",
                    "admin_password",
                    "admin_token",
                    "api_url",
                    "api_token",
                    "docs_url",
                )
            },
        )

    def log(self) -> str:
        """All that the stack's processes have written so far."""
        return "\n".join(
            path.read_text(errors="replace") for path in sorted(self.folder.rglob("*.log"))
        )


def info(environment: Mapping[str, str]) -> dict[str, Any]:
    """What `citrine-py info --json` tells."""
    done = subprocess.run(
        [*COMMAND, "info", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not done.stdout:
        raise RuntimeError(f"citrine-py info: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def environment_for(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a stack of its own: free ports, state in `folder`."""
    api, open_port, password_port, directus = free_ports(4)
    return {
        "CITRINE_STACK_FOLDER": str(folder),
        "CITRINE_STORE_FOLDER": str(folder / "service"),
        "CITRINE_STACK_DIRECTUS_PORT": str(directus),
        "CITRINE_DIRECTUS_URL": f"http://127.0.0.1:{directus}",
        "CITRINE_API_PORT": str(api),
        "CITRINE_CHARGERS_OPEN_PORT": str(open_port),
        "CITRINE_CHARGERS_PASSWORD_PORT": str(password_port),
        **more,
    }


def tls_environment(folder: Path) -> dict[str, str]:
    """TLS ports too: server certificates of both kinds of key, a test root that they and the
    stations' certificates come from in <folder>/tls, and the development CA."""
    tls = folder / "tls"
    tls.mkdir(parents=True)
    root = pki.root("Test root")
    root.write(tls, "root")
    pki.Holder(pki.HOST, root, host=pki.HOST).write(tls, "ecdsa")
    pki.Holder(pki.HOST, root, host=pki.HOST, key=pki.rsa_key()).write(tls, "rsa")
    tls_port, certificate_port = free_ports(2)
    return {
        "CITRINE_CHARGERS_TLS_PORT": str(tls_port),
        "CITRINE_CHARGERS_CERTIFICATE_PORT": str(certificate_port),
        "CITRINE_CHARGERS_TLS_CERTIFICATE": str(tls / "ecdsa.pem"),
        "CITRINE_CHARGERS_TLS_KEY": str(tls / "ecdsa.key"),
        "CITRINE_CHARGERS_TLS_SECOND_CERTIFICATE": str(tls / "rsa.pem"),
        "CITRINE_CHARGERS_TLS_SECOND_KEY": str(tls / "rsa.key"),
        "CITRINE_CHARGERS_TLS_CLIENT_CA": str(tls / "root.pem"),
        "CITRINE_CERTIFICATES_AUTHORITY": "development",
    }


def spawn_up(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """`citrine-py up` in the background; its output goes to <folder>/up.log."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test-environment.json").write_text(json.dumps(dict(environment)))
    with (folder / "up.log").open("a") as output:
        return subprocess.Popen(
            [*COMMAND, "up"],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def wait_ready(process: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
    """Waits until the stack answers; fails with its output when it ends instead."""
    folder = Path(environment["CITRINE_STACK_FOLDER"])
    url = f"http://127.0.0.1:{environment['CITRINE_API_PORT']}/health/ready"
    import httpx

    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"citrine-py up ended:\n{(folder / 'up.log').read_text()}")
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"not ready in {READY_WITHIN} s:\n{(folder / 'up.log').read_text()}")


def stop(process: subprocess.Popen[str]) -> int:
    """SIGTERM, then waits; the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@contextmanager
def running_stack(folder: Path, **more: str) -> Iterator[Stack]:
    """A stack that lives as long as the block."""
    environment = environment_for(folder, **more)
    process = spawn_up(folder, environment)
    try:
        wait_ready(process, environment)
        yield Stack.of(folder, environment)
    finally:
        stop(process)
