"""Directus is installed once for each lock file, whole or not at all."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from threading import Timer

import pytest

from citrine_py.errors import CitrineError
from citrine_py.files import directus_folder
from citrine_py.stack import install
from citrine_py.stack.install import (
    Node,
    check_tools,
    default_cache,
    directus_version,
    ensure_installed,
    install_folder,
)
from citrine_py.stack.processes import Child
from citrine_py.stack.progress import Progress


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    folder = tmp_path / "definition"
    folder.mkdir()
    (folder / "package.json").write_text('{"dependencies": {"directus": "11.17.4"}}')
    (folder / "package-lock.json").write_text("{}")
    return folder


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """Stands in for npm: unpacks one file. The calls made of it."""
    calls: list[Child] = []

    def unpack(job: Child) -> None:
        calls.append(job)
        (job.folder / "node_modules").mkdir()

    monkeypatch.setattr(install, "run", unpack)
    return calls


def test_it_is_installed_once(definition: Path, tmp_path: Path, npm: list[Child]) -> None:
    first = ensure_installed(definition, tmp_path / "cache", Progress())
    again = ensure_installed(definition, tmp_path / "cache", Progress())
    assert first == again
    assert len(npm) == 1
    assert (first.folder / "node_modules").is_dir()
    assert (first.folder / "package-lock.json").exists()


def test_the_lock_file_is_followed_and_node_compiles_against_itself(
    definition: Path, tmp_path: Path, npm: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--inspect")
    ensure_installed(definition, tmp_path, Progress())
    node = Node.of_wheel()
    assert npm[0].command == (node.binary, node.npm, "ci")
    assert npm[0].environment["npm_config_nodedir"] == str(node.home)
    assert npm[0].environment["PATH"].startswith(str(node.binary.parent))
    assert "NODE_OPTIONS" not in npm[0].environment


@pytest.mark.parametrize("changed", ["package.json", "package-lock.json"])
def test_another_content_has_another_folder(definition: Path, changed: str) -> None:
    before = install_folder(definition, Path("/cache"), "22.20.0")
    assert install_folder(definition, Path("/cache"), "22.20.0") == before
    (definition / changed).write_text('{"other": 1}')
    assert install_folder(definition, Path("/cache"), "22.20.0") != before


def test_another_node_has_another_folder(definition: Path) -> None:
    assert install_folder(definition, Path("/c"), "22.20.0") != install_folder(
        definition, Path("/c"), "22.21.0"
    )


def test_a_half_finished_installation_is_removed(
    definition: Path, tmp_path: Path, npm: list[Child]
) -> None:
    target = install_folder(definition, tmp_path / "cache", Node.of_wheel().version)
    partial = target.with_name(f"{target.name}.partial-1234")
    for broken in (target, partial):
        (broken / "node_modules").mkdir(parents=True)
    ensure_installed(definition, tmp_path / "cache", Progress())
    assert len(npm) == 1
    assert not partial.exists()


def test_a_failed_installation_leaves_no_folder(
    definition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_job: Child) -> None:
        raise CitrineError("npm ci ended with exit code 1")

    monkeypatch.setattr(install, "run", fail)
    with pytest.raises(CitrineError, match="npm ci"):
        ensure_installed(definition, tmp_path, Progress())
    assert not install_folder(definition, tmp_path, Node.of_wheel().version).exists()


def test_two_at_once_install_once(
    definition: Path, tmp_path: Path, npm: list[Child], capsys: pytest.CaptureFixture[str]
) -> None:
    """The second waits for the first, and takes what that one made."""
    target = install_folder(definition, tmp_path, Node.of_wheel().version)
    with target.with_name(f"{target.name}.lock").open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)

        def finish() -> None:
            target.mkdir()
            (target / ".complete").touch()
            fcntl.flock(first, fcntl.LOCK_UN)

        Timer(0.2, finish).start()
        ensure_installed(definition, tmp_path, Progress())
    assert npm == []
    assert "waiting for another installation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("there", "missing"),
    [({"make"}, r"a C\+\+ compiler,"), ({"g++"}, "make,"), (set(), r"a C\+\+ compiler and make,")],
)
def test_a_missing_tool_gives_one_line(
    monkeypatch: pytest.MonkeyPatch, there: set[str], missing: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    with pytest.raises(CitrineError, match=f"needs {missing} not found here: .*apt-get") as told:
        check_tools()
    assert "\n" not in str(told.value)


def test_tools_are_not_needed_when_it_is_installed(
    definition: Path, tmp_path: Path, npm: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_installed(definition, tmp_path, Progress())
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    ensure_installed(definition, tmp_path, Progress())


def test_a_cache_that_cannot_be_written_names_the_variable(
    definition: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CitrineError, match="CITRINE_STACK_CACHE"):
        ensure_installed(definition, tmp_path / "file", Progress())


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_cache() == Path("/somewhere/citrine-py")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_cache() == Path("/home/me/.cache/citrine-py")


def test_the_committed_lock_file_names_no_registry() -> None:
    """So that everybody's own registry or mirror is asked."""
    folder = directus_folder()
    assert directus_version(folder) == "11.17.4"
    text = (folder / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert '"integrity"' in text
