"""Directus' admin pages as a person uses them: sign in, open, choose, save, run a flow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests import chromium

PATIENCE = 30_000  # milliseconds


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium.program(), args=list(chromium.FLAGS)
        )
        try:
            yield running
        finally:
            running.close()


class Directus:
    """One person's window."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        page.set_default_timeout(PATIENCE)

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self._url}/admin/login")
        self.page.fill('input[type="email"]', email)
        self.page.fill('input[type="password"]', password)
        self.page.click('button[type="submit"]')
        self.page.wait_for_url("**/admin/content**")

    def open(self, path: str) -> None:
        self.page.goto(f"{self._url}/admin/content/{path}")
        self.page.wait_for_load_state("networkidle")

    def field(self, name: str) -> Locator:
        """The field of a form, by its column's name."""
        return self.page.locator(f'[data-field="{name}"]').first

    def tab(self, name: str) -> None:
        self.page.get_by_text(name, exact=True).first.click()

    def choose(self, name: str, option: str) -> None:
        """Picks an option of a dropdown."""
        self.field(name).locator(".v-input, .v-select, input").first.click()
        self.page.locator(".v-list-item, .v-menu-content li").get_by_text(
            option, exact=True
        ).first.click()

    def save(self) -> None:
        """Presses the button with the tick and waits until it has nothing more to save."""
        with self.page.expect_response(
            lambda answer: answer.request.method in {"PATCH", "POST"} and "/items/" in answer.url
        ) as saved:
            self.page.locator("header button:has(i[data-icon='check'])").first.click()
        assert saved.value.ok, saved.value.text()

    def run_flow(self, name: str) -> None:
        """Presses a flow's button, confirms its dialog, and waits until it has run."""
        self.page.get_by_text("Flows", exact=True).first.click()
        self.page.get_by_role("button", name=name).click()
        with self.page.expect_response(lambda answer: "/flows/trigger/" in answer.url) as run:
            self.page.get_by_role("button", name="Run Flow on Current Item").click()
        assert run.value.ok, run.value.text()

    def notifications(self) -> Locator:
        """Opens the bell's drawer."""
        self.page.locator("button:has(i[data-icon='notifications'])").first.click()
        return self.page.locator("aside, .v-drawer").filter(has_text="Notifications").last
