"""Where the data that belongs to the program is: the folder `directus/` of the checkout."""

from __future__ import annotations

from pathlib import Path

from citrine_py.errors import CitrineError


def directus_folder() -> Path:
    """The folder with what Directus is given.

    Raises:
        CitrineError: the program was copied away from its checkout.
    """
    folder = Path(__file__).resolve().parent.parent / "directus"
    if not (folder / "package.json").exists():
        raise CitrineError(f"{folder} is missing: run citrine-py from its checkout")
    return folder
