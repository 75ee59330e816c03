"""How a simulated station gets its websocket: the upgrade, the password, the back-off."""

from __future__ import annotations

import base64
import random

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from citrine_py.simulator.scenarios import StationConfig

log = structlog.get_logger()

TRIES = 6
"""Failures in a row after which a station that does not stay gives up."""
OPEN_WITHIN = 10
CLOSE_WITHIN = 2


class Dial:
    """Connects one station, and counts how often that failed in a row.

    Attributes:
        refusal: HTTP status of the last upgrade if it was refused, else None.
    """

    def __init__(self, config: StationConfig) -> None:
        self.refusal: int | None = None
        self._config = config
        self._failures = 0
        self._log = log.bind(station=config.id, url=config.address)

    @property
    def hopeless(self) -> bool:
        """Whether trying again is of little use: refused, or nobody there for long."""
        return self.refusal is not None or self._failures >= TRIES

    def pause(self) -> float:
        """Seconds to wait after a failure: twice as long each time up to the longest, with
        a spread so that stations do not all come back at once."""
        pace = self._config.pace
        longest = min(pace.longest_wait, pace.first_wait * 2.0 ** min(self._failures - 1, 20))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret

    async def connect(self, password: str | None) -> ClientConnection | None:
        """The open connection; None if it failed, which is logged."""
        try:
            socket = await self._upgrade(password)
        except InvalidStatus as refused:
            self.refusal = refused.response.status_code
            self._log.warning("connection.refused", status=self.refusal)
        except (InvalidHandshake, OSError, TimeoutError) as error:
            self.refusal = None
            self._log.warning("connection.failed", error=str(error) or type(error).__name__)
        else:
            self.refusal = None
            if socket.subprotocol is not None:
                self._failures = 0
                return socket
            self._log.warning("connection.failed", error="no common subprotocol")
            await socket.close()
        self._failures += 1
        return None

    async def _upgrade(self, password: str | None) -> ClientConnection:
        config = self._config
        headers = {}
        if password is not None:
            pair = f"{config.id}:{password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return await connect(
            config.address,
            subprotocols=[Subprotocol(config.subprotocol)],
            additional_headers=headers,
            ssl=config.tls,
            proxy=None,
            open_timeout=OPEN_WITHIN,
            close_timeout=CLOSE_WITHIN,
        )
