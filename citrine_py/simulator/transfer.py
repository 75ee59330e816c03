"""How a simulated station fetches and delivers files: plain HTTP, each in a thread."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from http.client import HTTPException

import structlog

log = structlog.get_logger()

WITHIN = 30
MOST = 64 * 1024 * 1024
"""Bytes of a file that it fetches."""


async def download(url: str) -> bytes | None:
    """The file at `url`; None if it cannot be had, which is logged."""
    return await asyncio.to_thread(_transfer, urllib_request(url, None))


async def upload(url: str, content: bytes) -> bool:
    """PUTs `content`; whether it arrived."""
    return await asyncio.to_thread(_transfer, urllib_request(url, content)) is not None


def urllib_request(url: str, content: bytes | None) -> urllib.request.Request | None:
    """None for an address that is none of HTTP."""
    if not url.startswith(("http://", "https://")):
        log.warning("transfer.failed", url=url, error="no http:// or https:// address")
        return None
    method = "GET" if content is None else "PUT"
    return urllib.request.Request(url, content, method=method)  # noqa: S310 - checked above


def _transfer(request: urllib.request.Request | None) -> bytes | None:
    if request is None:
        return None
    try:
        with urllib.request.urlopen(request, timeout=WITHIN) as answer:  # noqa: S310 - http only
            content: bytes = answer.read(MOST)
    except (OSError, HTTPException, ValueError) as error:
        log.warning("transfer.failed", url=request.full_url, error=str(error))
        return None
    return content
