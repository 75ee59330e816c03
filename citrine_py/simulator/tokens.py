"""C and D: whether a token may charge, as a station finds out: by asking, from its local
list, from its cache.

No I/O. The local list and the cache decide alone while there is no line (C10-C14).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Payload

Decided: TypeAlias = Callable[[Payload], None]
"""Is given the IdTokenInfo."""


def same(one: Payload, other: Payload) -> bool:
    """Whether two IdTokens are one."""
    return _key(one) == _key(other)


class Tokens:
    """The tokens that a station knows of."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._list: dict[tuple[str, str], Payload] = {}
        self._cache: dict[tuple[str, str], Payload] = {}
        self.version = 0

    @property
    def answers(self) -> Answers:
        return {
            "SendLocalList": self._send_local_list,
            "GetLocalListVersion": lambda _asked: {"versionNumber": self.version},
            "ClearCache": self._clear_cache,
        }

    def ask(self, token: Payload, decided: Decided) -> None:
        """Finds out what a token is worth; `decided` is called at once or after the answer."""
        if token["type"] == "NoAuthorization":
            decided(dict(OK))
            return
        known = self._known(token)
        pre_authorized = self._core.flag("AuthCtrlr", "LocalPreAuthorize")
        if known is not None and known["status"] == "Accepted" and pre_authorized:
            decided(known)
        elif not self._core.online:
            decided(self._alone(token))
        else:
            self._core.tell(
                "Authorize", {"idToken": token}, lambda it: self._told(token, it, decided)
            )

    def learned(self, token: Payload, info: Payload) -> None:
        """Keeps what the CSMS said of a token (C10)."""
        if self._core.flag("AuthCacheCtrlr", "Enabled"):
            self._cache[_key(token)] = info

    def recall(self, token: Payload, forget: bool) -> list[str]:
        """What is known of a token, as lines; `forget` strikes it out (N09, N10)."""
        key = _key(token) if token else ("", "")
        known = {"local list": self._list.get(key), "cache": self._cache.get(key)}
        if forget:
            self._cache.pop(key, None)
            self._list.pop(key, None)
        return [f"{where}: {info['status']}" for where, info in known.items() if info is not None]

    def _told(self, token: Payload, answer: Payload | None, decided: Decided) -> None:
        if answer is None:
            decided(self._alone(token))
            return
        self.learned(token, answer["idTokenInfo"])
        decided(answer["idTokenInfo"])

    def _known(self, token: Payload) -> Payload | None:
        key = _key(token)
        if self._core.flag("LocalAuthListCtrlr", "Enabled") and key in self._list:
            return self._list[key]
        return self._cache.get(key)

    def _alone(self, token: Payload) -> Payload:
        """What it decides without the CSMS."""
        known = self._known(token)
        if known is not None:
            offline = self._core.flag("AuthCtrlr", "LocalAuthorizeOffline")
            return known if offline else {"status": "Invalid"}
        unknown = self._core.flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled")
        return dict(OK) if unknown else {"status": "Invalid"}

    def _send_local_list(self, asked: Payload) -> Payload:
        """D01: a Full list replaces, a Differential one with the next version changes."""
        entries = asked.get("localAuthorizationList", [])
        most = self._core.variable("LocalAuthListCtrlr", "Entries").most or 0
        if not self._core.flag("LocalAuthListCtrlr", "Enabled"):
            return {"status": "Failed", "statusInfo": {"reasonCode": "NotEnabled"}}
        if asked["versionNumber"] <= 0:
            return {"status": "Failed", "statusInfo": {"reasonCode": "InvalidValue"}}
        differs = asked["updateType"] == "Differential"
        if differs and asked["versionNumber"] <= self.version:
            return {"status": "VersionMismatch"}
        new = dict(self._list) if differs else {}
        for entry in entries:
            if "idTokenInfo" in entry:
                new[_key(entry["idToken"])] = entry["idTokenInfo"]
            else:
                new.pop(_key(entry["idToken"]), None)
        if len(new) > most:
            return {"status": "Failed", "statusInfo": {"reasonCode": "TooManyElements"}}
        self._list, self.version = new, asked["versionNumber"]
        self._core.write(self._core.variable("LocalAuthListCtrlr", "Entries"), str(len(new)))
        return dict(OK)

    def _clear_cache(self, _asked: Payload) -> Payload:
        if not self._core.flag("AuthCacheCtrlr", "Enabled"):
            return {"status": "Rejected"}
        self._cache.clear()
        return dict(OK)


def _key(token: Payload) -> tuple[str, str]:
    return token["idToken"].casefold(), token["type"]
