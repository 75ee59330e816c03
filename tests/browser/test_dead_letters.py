"""An operator finds a refused change in Directus, in a real browser, and has it written again."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from citrine_py.model.keys import dead_letter_key, evse_key
from tests.browser.directus_pages import PATIENCE, Directus, browser
from tests.browser.test_operators_day import make_operator
from tests.whole_stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def set_rule(admin: httpx.Client, word: str | None) -> None:
    """A validation of Evse.name that refuses `word`."""
    validation = None if word is None else {"name": {"_neq": word}}
    answer = admin.patch("/fields/Evse/name", json={"meta": {"validation": validation}})
    assert answer.is_success, answer.text


def test_an_operator_retries_a_refused_change_by_its_button(stack: Stack) -> None:
    station, word = f"letter-{uuid4().hex[:8]}", f"bad-{uuid4().hex[:8]}"
    letter = dead_letter_key("Evse", evse_key(station, 1))
    email, password = make_operator(stack)
    headers = {"Authorization": f"Bearer {stack.admin_token}"}
    with httpx.Client(base_url=stack.directus_url, headers=headers, timeout=30) as admin:
        set_rule(admin, word)
        try:
            answer = httpx.put(
                f"{stack.api_url}/data/configuration/evse",
                params={"stationId": station, "evseId": "1"},
                headers={"Authorization": f"Bearer {stack.api_token}"},
                json={"name": word},
                timeout=30,
            )
            assert answer.status_code == 400, answer.text
        finally:
            set_rule(admin, None)
        with browser() as running:
            directus = Directus(
                running.new_page(viewport={"width": 1440, "height": 1100}), stack.directus_url
            )
            directus.sign_in(email, password)

            # it is in the list, and its page tells why
            directus.open("DeadLetter")
            rows = directus.page.locator("table tbody tr").filter(has_text=station)
            expect(rows).to_contain_text("Open", timeout=PATIENCE)
            directus.open(f"DeadLetter/{letter}")
            reason = directus.field("reason").locator("textarea")
            expect(reason).to_have_value(f"""A field's rule is broken: Validation failed for \
field "name". Value can't be "{word}".""")

            # the rule is gone, so the button has it written
            directus.run_flow("Retry")
            directus.open("DeadLetter")
            expect(directus.notifications()).to_contain_text("Retry: Evse", timeout=PATIENCE)
            directus.page.close()
        names = admin.get(f"/items/Evse/{evse_key(station, 1)}").json()["data"]
        assert names["name"] == word
        assert admin.get(f"/items/DeadLetter/{letter}").status_code == 403
