"""`.env.example` is what the settings say, and every name in it means something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from citrine_py.env_example import COMPOSE_ONLY, COMPOSE_OPTIONAL, env_example, groups
from citrine_py.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_committed_file_is_the_generated_one() -> None:
    assert (ROOT / ".env.example").read_text() == env_example()


def test_every_setting_has_a_comment_and_stands_in_the_file_once() -> None:
    text = env_example()
    for _, variables in groups():
        for variable in variables:
            assert variable.meaning, variable.name
            assert len(re.findall(rf"^#{variable.name}=", text, re.MULTILINE)) == 1


def test_defaults_in_the_file_are_the_defaults_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever removes every # has changed nothing but what has to be chosen."""
    given = re.sub(r"^#(?=[A-Z])", "", env_example(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(given)
    monkeypatch.chdir(tmp_path)
    assert Settings() == Settings(_env_file=None)


def test_names_that_only_compose_reads_are_no_settings() -> None:
    ours = {variable.name for _, group in groups() for variable in group}
    others = {variable.name for variable in (*COMPOSE_ONLY, *COMPOSE_OPTIONAL)}
    assert not any(name.startswith("CITRINE_") for name in others)
    assert ours.isdisjoint(others)
