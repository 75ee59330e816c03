"""/files/logs: takes the log files of stations, and gives them to people.

A station uploads with PUT or POST, as it is or as a form, to the address that its
GetLog named; the secret in it is all that it needs. Reading needs the API's token.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from citrine_py.api.bodies import respond
from citrine_py.api.config import Ports
from citrine_py.errors import BadRequest, NotFound

PATH = "/files/logs"
_ODD = re.compile(r"[^0-9A-Za-z._ -]")
_LONGEST_NAME = 100
_CHUNK = 256 * 1024


class UploadRoutes:
    """The handlers."""

    def __init__(self, ports: Ports) -> None:
        self._files = ports.log_files
        self._uploads = ports.log_uploads

    def routes(self) -> list[web.RouteDef]:
        """The address itself, and with a file's name behind it, as some stations ask."""
        return [
            web.get(f"{PATH}/{{name}}", self._get, allow_head=False),
            *(
                route(path, self._take)
                for route in (web.put, web.post)
                for path in (f"{PATH}/{{name}}", f"{PATH}/{{name}}/{{file}}")
            ),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        job = self._uploads.expected(request.match_info["name"])
        if job is None:
            raise NotFound("no file is expected here (any more)")
        name, chunks = await _content(request)
        size = await self._files.save(job, chunks)
        await self._uploads.taken(job, name, size)
        return respond({"success": True, "payload": f"{size} bytes"}, 201)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = self._files.path(request.match_info["name"])
        if path is None:
            raise NotFound("there is no file of this job")
        return web.FileResponse(
            path,
            headers={
                "Content-Disposition": "attachment",
                "Content-Type": "application/octet-stream",
                "X-Content-Type-Options": "nosniff",
            },
        )


async def _content(request: web.Request) -> tuple[str | None, AsyncIterator[bytes]]:
    """The file's name, where it has one, and its bytes.

    Raises:
        BadRequest: a form without a file.
    """
    named = request.match_info.get("file")
    if request.content_type != "multipart/form-data":
        return _plain(named), request.content.iter_chunked(_CHUNK)
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.filename is not None:
            return _plain(named or part.filename), _chunks(part)
    raise BadRequest("the form has no file")


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


def _plain(name: str | None) -> str | None:
    """A file's name without what could lead elsewhere."""
    if name is None:
        return None
    last = unquote(name).replace("\\", "/").rsplit("/", 1)[-1]
    return _ODD.sub("_", last)[:_LONGEST_NAME].strip(". ") or None
