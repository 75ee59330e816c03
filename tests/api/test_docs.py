"""The documentation's page: all of it from us, nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import chromium
from tests.api.world import World


async def test_the_page_names_only_files_that_we_serve(world: World) -> None:
    status, page = await world.call("GET", "/docs")
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert status == 200
    assert len(wanted) == 4
    for address in wanted:
        assert address.startswith("/docs/")
        async with world.client.get(world.base + address) as answer:
            assert answer.status == 200
    _, start = await world.call("GET", "/docs/start.js")
    assert 'url: "/docs/json"' in start
    assert "validatorUrl: null" in start


async def test_the_browser_is_forbidden_to_load_anything_else(world: World) -> None:
    _, _, headers = await world.call_for_headers("GET", "/docs")
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")


async def test_the_document_is_served_under_both_names(world: World) -> None:
    _, one = await world.call("GET", "/docs/json")
    _, other = await world.call("GET", "/openapi.json")
    assert one == other
    assert one["openapi"] == "3.1.0"


async def test_the_swagger_ui_that_is_packaged_is_version_5(world: World) -> None:
    async with world.client.get(world.base + "/docs/assets/swagger-ui-bundle.js") as answer:
        bundle = await answer.text()
    assert re.search(r'"5\.\d+\.\d+"', bundle)
    assert "isOAS31" in bundle


@pytest.mark.browser
async def test_a_browser_shows_and_tries_the_operations_and_asks_nobody_else(world: World) -> None:
    from playwright.async_api import async_playwright

    asked: list[str] = []
    trouble: list[str] = []
    world.requests.answers["cp001"] = {"status": "Accepted"}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.program(), args=list(chromium.FLAGS)
        )
        page = await browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda line: _note(line, trouble))
        await page.goto(f"{world.base}/docs")
        await page.locator(".opblock-tag", has_text="messages: configuration").click()
        await page.locator("div.opblock[id$=-reset] .opblock-summary-control").click()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        await page.locator(".live-responses-table").wait_for(timeout=20_000)
        answered = await page.locator(".live-responses-table").inner_text()
        errors = await page.locator(".errors-wrapper").count()
        await browser.close()

    assert '"status": "Accepted"' in answered
    assert world.requests.sent == [("cp001", "Reset", {"type": "OnIdle"}, 7)]
    assert errors == 0
    assert trouble == []
    assert all(url.startswith((world.base, "data:", "blob:")) for url in asked), asked


def _note(line: Any, trouble: list[str]) -> None:
    if line.type == "error":
        trouble.append(line.text)
