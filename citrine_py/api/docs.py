"""/docs: Swagger UI from its package, over our document; nothing comes from outside."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

_ASSETS = "/docs/assets"
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>citrine-py API</title>
  <link rel="stylesheet" href="{_ASSETS}/swagger-ui.css">
  <link rel="icon" href="{_ASSETS}/favicon-32x32.png">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="{_ASSETS}/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/docs/json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
});
"""
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


class Docs:
    """The handlers. `document` is the OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = orjson.dumps(document)
        with as_file(files("swagger_ui") / "static") as folder:
            self._assets = Path(folder)

    def routes(self) -> list[web.AbstractRouteDef]:
        """The page, what it loads, and the document under two names."""
        return [
            web.get("/docs", self._page),
            web.get("/docs/", self._page),
            web.get("/docs/start.js", self._start),
            web.get("/docs/json", self._json),
            web.get("/openapi.json", self._json),
            web.static(_ASSETS, self._assets),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": _POLICY}
        return web.Response(text=_PAGE, content_type="text/html", headers=headers)

    async def _start(self, _request: web.Request) -> web.Response:
        return web.Response(text=_START, content_type="text/javascript")

    async def _json(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._document, content_type="application/json")
