"""One charger port: the websocket server, its TLS, compression and limits.

Joins handshake, connection and registry. Knows no rule and no setting: it gets
plain values and ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Mapping

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from citrine_py.edge.config import CallLimits, ListenerConfig
from citrine_py.edge.connection import Connection, Neighbours
from citrine_py.edge.handshake import Admitted, Handshake, StationSocket
from citrine_py.edge.registry import Registry
from citrine_py.edge.stats import EdgeStats
from citrine_py.edge.tls import ServerTls
from citrine_py.errors import CitrineError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Admission, Clock, Dispatch, FrameLog, NewId, Presence, SessionInfo

log = structlog.get_logger()

_WINDOW_BITS = 11
_COMPRESSION: Mapping[str, int] = {"memLevel": 4, "level": 3}
_RECEIVE_QUEUE = 4
_WRITE_BUFFER = 65_536
_BACKLOG = 1024


class Listener:
    """One address that stations connect to.

    Raises (from `start`):
        CitrineError: the port is taken or may not be used, or the TLS files are unusable;
            one line naming the listener.
    """

    def __init__(
        self,
        config: ListenerConfig,
        *,
        admission: Admission,
        dispatch: Dispatch,
        presence: Presence,
        frames: FrameLog,
        registry: Registry,
        schemas: Schemas,
        clock: Clock,
        new_id: NewId,
        limits: CallLimits,
        stats: EdgeStats,
    ) -> None:
        self.config = config
        self.tls: ServerTls | None = None
        """Of profiles 2 and 3, once it has started."""
        self._near = Neighbours(dispatch, presence, frames, schemas, clock, new_id, limits, stats)
        self._registry = registry
        self._handshake = Handshake(config, admission, stats)
        self._server: Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._serving: dict[Connection, asyncio.Task[None] | None] = {}

    @property
    def port(self) -> int:
        """The port listened on; the real one if the configured one is 0."""
        if self._server is None:
            return self.config.port
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    async def start(self) -> None:
        """Opens the port."""
        config = self.config
        self.tls = ServerTls(config, self._near.stats) if config.security_profile >= 2 else None
        try:
            self._server = await serve(
                self._serve,
                config.host,
                config.port,
                ssl=self.tls.context if self.tls is not None else None,
                backlog=_BACKLOG,
                create_connection=StationSocket,
                process_request=self._handshake.request,  # type: ignore[arg-type]
                process_response=self._handshake.response,  # type: ignore[arg-type]
                select_subprotocol=self._handshake.subprotocol,  # type: ignore[arg-type]
                extensions=_compression(),
                compression=None,
                server_header=None,
                open_timeout=config.open_timeout,
                ping_interval=config.ping_interval,
                ping_timeout=config.ping_timeout,
                close_timeout=config.close_timeout,
                max_size=self._near.limits.frame_limit,
                max_queue=_RECEIVE_QUEUE,
                write_limit=_WRITE_BUFFER,
            )
        except OSError as error:
            raise CitrineError(_why_not(config, error)) from None
        self._sweeper = asyncio.create_task(self._sweep(), name=f"sweep {config.id}")
        log.info(
            "listener.started",
            listener=config.id,
            host=config.host,
            port=self.port,
            security_profile=config.security_profile,
        )

    async def stop(self) -> None:
        """Takes no new stations, lets calls in flight be answered, closes all connections."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close(close_connections=False)
        for connection in list(self._serving):
            connection.stop()
        try:
            async with asyncio.timeout(self._near.limits.grace):
                await server.wait_closed()
        except TimeoutError:
            await self._cut_off(server)
        if self._sweeper is not None:
            self._sweeper.cancel()
        log.info("listener.stopped", listener=self.config.id)

    async def _cut_off(self, server: Server) -> None:
        """Ends what would not end by itself: a handler that hangs, a silent peer."""
        for connection, task in list(self._serving.items()):
            log.warning("connection.cut_off", station=connection.info.station)
            connection.abort()
            if task is not None:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._near.limits.grace):
                await server.wait_closed()

    async def _serve(self, socket: ServerConnection) -> None:
        if not isinstance(socket, StationSocket) or socket.admitted is None:
            return
        connection = self._connection(socket, socket.admitted)
        stats = self._near.stats
        stats.accepted += 1
        stats.open += 1
        self._serving[connection] = asyncio.current_task()
        info = connection.info
        try:
            with structlog.contextvars.bound_contextvars(
                station=info.station, listener=info.listener
            ):
                log.info("connection.opened", protocol=info.protocol, remote=info.remote)
                await self._registry.host(connection, self._near.presence)
        finally:
            del self._serving[connection]
            stats.open -= 1

    def _connection(self, socket: StationSocket, admitted: Admitted) -> Connection:
        info = SessionInfo(
            id=self._near.new_id(),
            station=admitted.station,
            listener=self.config.id,
            security_profile=self.config.security_profile,
            protocol=admitted.subprotocol,
            remote=admitted.remote,
            since=self._near.clock.now(),
        )
        return Connection(socket, info, admitted.version, self._near)

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._near.limits.stall / 4)
            for connection in list(self._serving):
                connection.watch(loop.time())


def _compression() -> list[ServerPerMessageDeflateFactory]:
    """permessage-deflate (Part 4, 3.3) that costs about 25 KB a connection at most.

    A client that can limit its window must; from any other we ask to start each
    message afresh, so that its 32 KB window lives no longer than a message.
    """
    limited = ServerPerMessageDeflateFactory(
        server_max_window_bits=_WINDOW_BITS,
        client_max_window_bits=_WINDOW_BITS,
        require_client_max_window_bits=True,
        compress_settings=dict(_COMPRESSION),
    )
    fresh = ServerPerMessageDeflateFactory(
        server_max_window_bits=_WINDOW_BITS,
        client_no_context_takeover=True,
        compress_settings=dict(_COMPRESSION),
    )
    return [limited, fresh]


def _why_not(config: ListenerConfig, error: OSError) -> str:
    address = f"listener {config.id}: port {config.port} on {config.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another program; choose another port or stop that program"
    if error.errno == errno.EACCES:
        return f"{address} needs rights that this user does not have; choose one above 1023"
    return f"{address} cannot be opened: {error.strerror or error}"
