"""Settings that are changed while the service runs: what they do, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from citrine_py.api.system_config import MODULES
from citrine_py.errors import BadRequest, StoreUnavailable
from citrine_py.running_settings import CHANGEABLE, CONCERNS, FILE, RunningSettings
from citrine_py.service_parts import LiveParts
from citrine_py.settings import Settings
from tests.fakes import FakeClock
from tests.store.support import eventually
from tests.whole_service import BOOT, Running, directus_with_our_collections, running_service

PATH = "/data/{}/systemConfig"


def settings(folder: Path, **groups: Any) -> Settings:
    return Settings(_env_file=None, store={"folder": folder}, **groups)


def of(folder: Path, **groups: Any) -> RunningSettings:
    return RunningSettings(settings(folder, **groups), FakeClock())


# ---- what is shown -----------------------------------------------------------------------


def test_every_group_of_the_service_concerns_a_module() -> None:
    shown = {group for groups in CONCERNS.values() for group in groups}
    assert shown == set(Settings.model_fields) - {"stack"}
    assert set(CONCERNS) == set(MODULES)


def test_the_settings_in_force_are_shown(tmp_path: Path) -> None:
    told = of(tmp_path, boot={"heartbeat_interval": 300}).shown("configuration")
    assert told["settings"]["boot"]["heartbeat_interval"] == 300
    assert "boot.heartbeat_interval" in told["changeable"]
    assert told["overrides"] == {}


@pytest.mark.parametrize("secret", ["hunter2", "hunter2-which-is-longer"])
def test_of_secrets_is_shown_only_that_there_is_one(tmp_path: Path, secret: str) -> None:
    it = of(
        tmp_path,
        api={"token": secret},
        directus={"token": secret, "admin_token": secret, "url": f"http://u:{secret}@d:8055"},
        authorization={
            "callback_url": f"https://x:{secret}@a.example/ask?key={secret}",
            "callback_token": secret,
        },
        vendors={"token": secret, "urls": {"org.example": f"https://v.example/?k={secret}"}},
        certificates={"contract_token": secret},
    )
    text = json.dumps([it.shown(module) for module in MODULES])
    assert secret[:7] not in text
    shown = it.shown("evdriver")["settings"]["authorization"]
    assert shown["callback_token"] == "**********"
    assert shown["callback_url"] == "https://a.example/ask?**********"
    assert of(tmp_path).shown("evdriver")["settings"]["authorization"]["callback_token"] is None


# ---- changing ----------------------------------------------------------------------------


async def test_an_override_says_what_it_stands_in_place_of(tmp_path: Path) -> None:
    it = of(tmp_path)
    told = await it.change("configuration", {"boot": {"heartbeat_interval": 7}})
    assert told["settings"]["boot"]["heartbeat_interval"] == 7
    assert told["overrides"] == {
        "boot.heartbeat_interval": {
            "value": 7,
            "environment": 60,
            "since": "2026-01-01T00:00:00.000Z",
            "from": "PUT /data/configuration/systemConfig",
        }
    }
    assert it.shown("monitoring")["overrides"] == {}


@pytest.mark.parametrize("back", [None, 60])
async def test_an_override_goes_by_null_or_the_environments_value(
    tmp_path: Path, back: int | None
) -> None:
    it = of(tmp_path)
    await it.change("configuration", {"boot": {"heartbeat_interval": 7}})
    told = await it.change("configuration", {"boot": {"heartbeat_interval": back}})
    assert told["settings"]["boot"]["heartbeat_interval"] == 60
    assert told["overrides"] == {}
    assert of(tmp_path).now.boot.heartbeat_interval == 60


async def test_changes_hold_over_a_restart_and_not_over_another_environment(
    tmp_path: Path,
) -> None:
    await of(tmp_path).change("configuration", {"boot": {"heartbeat_interval": 7}})
    again = of(tmp_path, boot={"heartbeat_interval": 90, "retry_interval": 5})
    assert (again.now.boot.heartbeat_interval, again.now.boot.retry_interval) == (7, 5)
    override = again.shown("configuration")["overrides"]["boot.heartbeat_interval"]
    assert override["environment"] == 90


async def test_what_was_shown_can_be_put_back(tmp_path: Path) -> None:
    groups = {"api": {"token": "t"}, "directus": {"url": "http://u:p@d"}}
    it = of(tmp_path, **groups, calls={"timeout": 5})
    for module in MODULES:
        shown = json.loads(json.dumps(it.shown(module)))
        assert await it.change(module, shown["settings"]) == shown
    await it.change("monitoring", {"calls": {"timeout": 5}})
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"calls": {"queue": 5}},
            "calls.queue cannot be changed while the service runs: set CITRINE_CALLS_QUEUE",
        ),
        ({"calls": {"timeout": 0}}, "calls.timeout: Input should be greater than 0"),
        ({"calls": {"timeout": True}}, "calls.timeout: Input should be a valid number"),
        ({"calls": {"timeout": "30"}}, "calls.timeout: Input should be a valid number"),
        ({"calls": {"timeout": 1e300}}, "calls.timeout: Input should be less than or equal to"),
        ({"calls": {"patience": 1}}, "calls.patience: there is no such setting"),
        ({"calls": 7}, "calls cannot be changed"),
        ({"tariffs": {}}, "tariffs is no group of settings here; there are: calls"),
        ({"calls": {"timeout": 7, "frame_limit": 1}}, "set CITRINE_CALLS_FRAME_LIMIT"),
    ],
)
async def test_what_cannot_be_is_refused_whole(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    it = of(tmp_path)
    with pytest.raises(BadRequest) as refused:
        await it.change("monitoring", change)
    assert told in str(refused.value)
    assert it.now == settings(tmp_path)
    assert not (tmp_path / FILE).exists()


async def test_without_a_place_to_keep_them_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    it = of(tmp_path / "file")
    with pytest.raises(StoreUnavailable):
        await it.change("monitoring", {"calls": {"timeout": 7}})
    assert it.now.calls.timeout == 30


@pytest.mark.parametrize(
    ("kept", "event"),
    [
        ("no json", "settings.unreadable"),
        ('{"calls.queue": {"value": 5}}', "settings.override_dropped"),
        ('{"calls.timeout": {"value": -5}}', "settings.override_dropped"),
        ('{"calls.timeout": 5}', "settings.override_dropped"),
    ],
)
def test_a_file_of_another_release_keeps_nobody_from_starting(
    tmp_path: Path, kept: str, event: str
) -> None:
    (tmp_path / FILE).write_text(kept)
    with capture_logs() as logs:
        it = of(tmp_path)
    assert it.now == settings(tmp_path)
    assert [line["event"] for line in logs] == [event]


# ---- what each does ----------------------------------------------------------------------


def other(name: str) -> Any:
    """Another value that the setting can have."""
    group, _, field = name.partition(".")
    info = Settings.model_fields[group].annotation.model_fields[field]  # type: ignore[union-attr]
    choices = [each for each in get_args(info.annotation) if each != info.default]
    return choices[0] if choices else info.default + 1


def read(live: LiveParts) -> list[Any]:
    """All that the parts read anew."""
    return [getattr(live, name).now for name in sorted(vars(live))]


@pytest.mark.parametrize("name", sorted(CHANGEABLE))
async def test_each_setting_that_can_be_changed_reaches_the_part_that_reads_it(
    tmp_path: Path, name: str
) -> None:
    it = of(tmp_path)
    live = LiveParts(it.now)
    it.watch(live.take)
    group, _, field = name.partition(".")
    module = next(module for module, groups in CONCERNS.items() if group in groups)
    before = read(live)

    await it.change(module, {group: {field: other(name)}})

    changed = [one for one, was in zip(read(live), before, strict=True) if one != was]
    assert len(changed) == 1


async def put(it: Running, module: str, **groups: Any) -> None:
    answer = await it.api.put(PATH.format(module), json={"settings": groups})
    assert answer.status_code == 200, answer.text


async def test_the_answer_to_the_next_boot_is_another_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with running_service(tmp_path, directus, monkeypatch) as it:
        async with it.charger("cp001") as charger:
            await put(it, "configuration", boot={"heartbeat_interval": 7})
            told = (await charger.ask("BootNotification", BOOT))[2]
            assert (told["status"], told["interval"]) == ("Accepted", 7)
        boot = {"unknown_station_status": "Rejected", "retry_interval": 5}
        await put(it, "configuration", boot=boot)
        async with it.charger("cp002") as charger:
            told = (await charger.ask("BootNotification", BOOT))[2]
            assert (told["status"], told["interval"]) == ("Rejected", 5)
    async with (
        running_service(tmp_path, directus, monkeypatch) as again,
        again.charger("cp003") as charger,
    ):
        told = (await charger.ask("BootNotification", BOOT))[2]
        assert (told["status"], told["interval"]) == ("Rejected", 5), "after a restart too"


async def test_a_station_that_is_connected_is_waited_for_as_long_as_is_set_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with (
        running_service(tmp_path, directus, monkeypatch) as it,
        it.charger("cp001") as charger,
    ):
        await charger.boots()
        for module, groups in (
            ("ocpprouter", {"api": {"reply_timeout": 0.2}}),
            ("monitoring", {"calls": {"timeout": 0.2}}),
        ):
            await put(it, module, **groups)
        reset = "/ocpp/configuration/reset?identifier=cp001"
        answer = await it.api.post(reset, json={"type": "OnIdle"})
        assert answer.status_code == 504
        assert it.service.live.call_timeout.now == 0.2


async def test_a_round_of_costs_comes_at_the_new_interval_and_not_after_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with running_service(tmp_path, directus, monkeypatch) as it:
        rounds: list[None] = []
        updates = type(it.service.rules.cost_updates)
        monkeypatch.setattr(updates, "round", lambda self: rounds.append(None))
        await put(it, "transactions", tariffs={"cost_updated_interval": 1})
        await eventually(lambda: bool(rounds))
