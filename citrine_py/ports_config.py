"""What the API asks of the running configuration; as `ports`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from citrine_py.ports import Payload


class RunningConfig(Protocol):
    """The settings as they are in force, by the module that they concern."""

    def shown(self, module: str) -> Payload:
        """`settings` by group and name, secrets struck out; `changeable`, those that can be
        changed while the service runs; `overrides`, those that were, with where from."""

    async def change(self, module: str, settings: Mapping[str, Mapping[str, object]]) -> Payload:
        """Changes settings, in force on return and after a restart; None goes back to the
        environment's. Values that are so already may be among them. Returns as `shown`.

        Raises:
            BadRequest: one is not known here, cannot be changed while running, or has a value
                that it cannot have; none was changed.
            StoreUnavailable: they could not be kept; none was changed.
        """
