"""Tokens as people change them by the API. Implements ports_tokens.Authorizations.

The edits of others, in Directus, come to `local_lists` by themselves; these are told to it
here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.keys import authorization_key
from citrine_py.modules.local_lists import LocalLists
from citrine_py.ports import Delete, Put, Records


@dataclass(frozen=True, slots=True)
class AuthorizationEdits:
    """Writes tokens."""

    records: Records
    lists: LocalLists

    async def put(self, id_token: str, token_type: str, fields: Mapping[str, Any]) -> Authorization:
        """See ports_tokens.Authorizations. Of a token that is there, the id keeps its spelling."""
        key = authorization_key(id_token, token_type)
        before = self.records.get(AUTHORIZATION, key)
        natural = {} if before is not None else {"idToken": id_token, "type": token_type}
        await self.records.write(Put(AUTHORIZATION, key, {**natural, **fields}))
        after = self.records.get(AUTHORIZATION, key)
        self.lists.changed(key, before, after)
        return after or Authorization(id=key, idToken=id_token)

    async def remove(self, tokens: Sequence[Authorization]) -> None:
        """See ports_tokens.Authorizations."""
        await self.records.write(*(Delete(AUTHORIZATION, token.id) for token in tokens))
        for token in tokens:
            self.lists.changed(token.id, token, None)
