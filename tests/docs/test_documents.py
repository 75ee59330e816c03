"""The documents say what is: links, paths, settings, commands, events and targets exist."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from citrine_py import cli
from citrine_py.api import openapi
from citrine_py.model.collections import COLLECTIONS
from citrine_py.ocpp.schemas import Schemas
from citrine_py.settings import Settings
from citrine_py.simulator.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for folder in (".", "bench", "directus", "docs") for path in (ROOT / folder).glob("*.md")
)
REFERENCE = ROOT / "docs" / "reference.md"

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def anchor(heading: str) -> str:
    """A heading's anchor, as code hosts make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")


@documents
def test_links_within_the_project_resolve(document: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", prose(document)):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        there = (document.parent / name).resolve() if name else document
        if not there.exists():
            broken.append(target)
        elif fragment:
            headings = re.findall(r"^#+ (.*)$", prose(there), re.MULTILINE)
            if fragment not in map(anchor, headings):
                broken.append(target)
    assert broken == []


@documents
def test_paths_of_the_api_exist(document: Path) -> None:
    known = set(openapi.build(Schemas(), "0", with_token=False)["paths"]) | {
        "/docs",
        "/health",
    }  # the last: of the charger ports
    named = re.findall(
        r"(?<![\w.])/(?:data|ocpp|health|metrics|docs)(?![\w.])[\w/.]*", document.read_text()
    )
    wrong = [path for path in named if path.rstrip("/.") not in known | {"/data", "/ocpp", ""}]
    wrong = [path for path in wrong if path not in {"/ocpp/2.0.1/", "/docs/images/station.png"}]
    assert wrong == []


def settings_names() -> set[str]:
    """Every variable that the settings read."""
    names = set()
    for name, field in Settings.model_fields.items():
        group: Any = field.annotation
        inner = getattr(group, "model_fields", None)
        if inner is None:
            names.add(f"CITRINE_{name}".upper())
        else:
            names |= {f"CITRINE_{name}_{each}".upper() for each in inner}
    return names


@documents
def test_settings_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"CITRINE_[A-Z_]+", document.read_text()))
    outside = {"CITRINE_TEST_STACK"}  # a variable of the tests, not a setting
    assert named - settings_names() - outside == set()


def test_every_setting_is_described_where_it_is_defined() -> None:
    silent = [
        f"{name}.{each}"
        for name, field in Settings.model_fields.items()
        for each, inner in getattr(field.annotation, "model_fields", {name: field}).items()
        if not inner.description
    ]
    assert silent == []


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command of `citrine-py`."""
    for action in cli._parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


@documents
def test_commands_that_are_named_exist(document: Path) -> None:
    known = commands()
    for name, options in re.findall(r"citrine-py ([a-z][\w-]+)((?: --?[\w-]+)*)", code(document)):
        assert name in known, name
        told = known[name].format_help()
        for option in options.split():
            assert option in told, f"{name} {option}"


def code(document: Path) -> str:
    """What a document sets as code."""
    text = document.read_text()
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", prose(document))])


@documents
def test_targets_of_make_that_are_named_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z][\w-]*)|(?<=`)make ([a-z][\w-]*)", _lines(document), re.M))
    assert {one or other for one, other in named} - targets == set()


def _lines(document: Path) -> str:
    return re.sub(r"```\w*\n", "\n", document.read_text())


@documents
def test_scenarios_that_are_named_exist(document: Path) -> None:
    named = re.findall(r"--scenario ([\w-]+)", document.read_text())
    assert set(named) <= set(SCENARIOS)


def test_every_collection_is_in_the_reference() -> None:
    text = REFERENCE.read_text()
    missing = [c.name for c in COLLECTIONS if c.path and f"`{c.name}`" not in text]
    assert missing == []


def test_every_command_is_in_the_reference() -> None:
    text = REFERENCE.read_text()
    assert [name for name in commands() if f"`{name}`" not in text] == []


_LOGGERS = {"debug", "info", "warning", "error", "exception", "log_failure", "Note"}


def log_events() -> Iterator[tuple[str, str]]:
    """(event, file) of every event that the service logs: literal, or chosen from a table of
    the module. The simulator's are left out: they are a tool's chatter."""
    for path in sorted((ROOT / "citrine_py").rglob("*.py")):
        if "simulator" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if ast.unparse(node.func).rpartition(".")[2] not in _LOGGERS:
                continue
            for event in _constants(node.args[0], tree):
                if re.fullmatch(r"[a-z]+\.[a-z_]+", event):
                    yield event, path.name


def _constants(argument: ast.expr, tree: ast.Module) -> Iterator[str]:
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    if not isinstance(argument, ast.Subscript):
        return
    table = ast.unparse(argument.value)
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        if target is not None and ast.unparse(target) == table:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant):
                    yield str(part.value)


def test_every_log_event_is_in_the_reference_and_no_other() -> None:
    section = REFERENCE.read_text().partition("## Log events")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([\w.]+)`", section, re.MULTILINE))
    assert documented == {event for event, _ in log_events()}


def metrics() -> set[str]:
    """Every metric of ours, as Prometheus shows it: counters end in _total."""
    found = {"citrine_api_request_duration_seconds"}
    for node in ast.walk(ast.parse((ROOT / "citrine_py" / "metrics.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name, function = str(node.args[0].value), ast.unparse(node.func)
            if name.startswith("citrine_"):
                found.add(name if function == "Sample" else f"{name}_total")
    return found


def test_every_metric_is_in_the_reference_and_no_other() -> None:
    section = REFERENCE.read_text().partition("## Metrics")[2]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == metrics()
