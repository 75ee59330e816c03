"""`citrine-py`: parses the command line, calls the command, returns its exit code.

Each command's code is imported when it runs, so that `--help` is quick and the
production image needs no wheel of the development stack.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from citrine_py import log
from citrine_py.errors import BadSettings, CitrineError
from citrine_py.settings import Settings, load

Command: TypeAlias = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 is success, 1 a failure that was explained, 2 wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = load()
        log.set_up(settings.log.level, settings.log.format)
        command: Command = options.command
        return _written(command(settings, options))
    except BadSettings as error:
        for line in error.lines:
            print(f"citrine-py: {line}", file=sys.stderr)
        return 1
    except CitrineError as error:
        print(f"citrine-py: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has seen enough, as in `info | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


def _written(code: int) -> int:
    """The exit code, once all output is with its reader, so that a broken pipe shows here."""
    sys.stdout.flush()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="citrine-py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    add("up", _up, "start Postgres, Directus and the service on this machine")
    add("down", _down, "stop what `up` started")
    reset = add("reset", _reset, "drop the state of `up`: database, secrets, logs")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    info = add("info", _info, "show addresses and logins of the running system")
    info.add_argument("--json", action="store_true", help="for scripts")
    add("serve", _serve, "run the service alone, against the Directus of the settings")
    provision = add("provision", _provision, "give Directus our collections, roles and flows")
    provision.add_argument(
        "--export",
        action="store_true",
        help="the other way round: write Directus' present definition into directus/",
    )
    add("env-example", _env_example, "print .env.example, made from the settings")
    add("healthy", _healthy, "exit 0 when the service on this machine is ready")
    from citrine_py.simulator.command import add_arguments

    add_arguments(add("simulate", _simulate, "run simulated charging stations"))
    return parser


def _up(settings: Settings, _options: argparse.Namespace) -> int:
    from citrine_py.stack import commands

    return commands.up(settings)


def _down(settings: Settings, _options: argparse.Namespace) -> int:
    from citrine_py.stack import commands

    return commands.down(settings)


def _reset(settings: Settings, options: argparse.Namespace) -> int:
    from citrine_py.stack import commands

    return commands.reset(settings, options.yes)


def _info(settings: Settings, options: argparse.Namespace) -> int:
    from citrine_py.stack import commands

    return commands.info(settings, options.json)


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    import uvloop

    from citrine_py.service import serve

    uvloop.run(serve(settings))
    return 0


def _provision(settings: Settings, options: argparse.Namespace) -> int:
    from citrine_py.provision import command

    return asyncio.run(command.run(settings, export=options.export))


def _env_example(_settings: Settings, _options: argparse.Namespace) -> int:
    from citrine_py.env_example import env_example

    sys.stdout.write(env_example())
    return 0


def _healthy(settings: Settings, _options: argparse.Namespace) -> int:
    import urllib.error
    import urllib.request

    url = f"http://{_own_address(settings.api.host)}:{settings.api.port}/health/ready"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"citrine-py: {url}: {error}", file=sys.stderr)
        return 1


def _simulate(settings: Settings, options: argparse.Namespace) -> int:
    from citrine_py.simulator import command

    return command.main(settings, options)


def _own_address(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


if __name__ == "__main__":
    sys.exit(main())
