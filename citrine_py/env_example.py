"""`.env.example`, made from the settings: every name with its meaning and its default.

A test holds the committed file to this. The names that only docker-compose.yml
reads (they configure Postgres and Directus, not us) stand here, since no setting
tells them.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from citrine_py.settings import Settings

_WIDTH = 98
_HEAD = """\
Settings of citrine-py: copy this file to .env and change what you need. A line that begins with
one # and no space is a setting with its default. The environment stands before this file.
Written by `citrine-py env-example`; change citrine_py/settings.py instead."""
_COMPOSE = """\
docker-compose.yml needs the following six; `make up` generates its own and keeps them in its
state folder. A good value comes from: openssl rand -hex 32"""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that may stand in `.env`."""

    name: str
    meaning: str
    default: str


COMPOSE_REQUIRED = (
    "CITRINE_API_TOKEN",
    "CITRINE_DIRECTUS_TOKEN",
    "CITRINE_DIRECTUS_ADMIN_TOKEN",
)
"""Settings without a default in docker-compose.yml."""

COMPOSE_ONLY = (
    Variable("POSTGRES_PASSWORD", "Password of the database; Postgres and Directus get it", ""),
    Variable("DIRECTUS_SECRET", "Directus signs its logins with it", ""),
    Variable("DIRECTUS_ADMIN_PASSWORD", "Password of the first Directus admin", ""),
)
"""Names without a default that docker-compose.yml alone reads."""

COMPOSE_OPTIONAL = (
    Variable(
        "DIRECTUS_PUBLIC_URL",
        "Address that operators' browsers reach Directus by (docker-compose.yml only)",
        "http://127.0.0.1:8055",
    ),
)


def env_example() -> str:
    """The whole file."""
    lines = [*_comment(_HEAD), "", *_heading("Secrets"), *_comment(_COMPOSE)]
    known = {variable.name: variable for _, group in groups() for variable in group}
    for name in COMPOSE_REQUIRED:
        lines += _entry(known[name])
    for variable in COMPOSE_ONLY:
        lines += _entry(variable)
    for title, group in groups():
        lines += ["", *_heading(title)]
        for variable in group:
            if variable.name not in COMPOSE_REQUIRED:
                lines += _entry(variable)
    lines += ["", *_heading("Directus in docker-compose.yml")]
    for variable in COMPOSE_OPTIONAL:
        lines += _entry(variable)
    return "\n".join(lines) + "\n"


def groups() -> Iterator[tuple[str, list[Variable]]]:
    """The settings, by group; those of the root are groups of one."""
    for name, field in Settings.model_fields.items():
        variable = f"CITRINE_{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            fields = field.annotation.model_fields.items()
            yield name, [_variable(f"{variable}_{key.upper()}", each) for key, each in fields]
        else:
            yield name, [_variable(variable, field)]


def _variable(name: str, field: FieldInfo) -> Variable:
    return Variable(name, field.description or "", _written(field.get_default()))


def _written(default: Any) -> str:
    """A default as it would stand in `.env`; nothing for none."""
    if default is None or default == ():
        return ""
    return json.dumps(default) if isinstance(default, bool) else str(default)


def _heading(title: str) -> list[str]:
    return [f"# --- {title} ---"]


def _entry(variable: Variable) -> list[str]:
    return ["", *_comment(variable.meaning), f"#{variable.name}={variable.default}"]


def _comment(text: str) -> list[str]:
    joined = " ".join(text.split())
    return [f"# {line}" for line in textwrap.wrap(joined, _WIDTH)]
