"""The local list and the cache of a simulated station."""

from __future__ import annotations

from typing import Any

from tests.simulator.mind import OTHER, TOKEN, Mind, ok


def entry(token: dict[str, Any], status: str | None = "Accepted") -> dict[str, Any]:
    return {"idToken": token, **({"idTokenInfo": {"status": status}} if status else {})}


def send(mind: Mind, version: int, kind: str, *entries: dict[str, Any]) -> str:
    asked: dict[str, Any] = {"versionNumber": version, "updateType": kind}
    if entries:
        asked["localAuthorizationList"] = list(entries)
    status: str = mind.ask("SendLocalList", asked)["status"]
    return status


def test_d01_full_and_differential_lists_and_their_versions() -> None:
    mind = Mind()
    assert mind.ask("GetLocalListVersion", {}) == {"versionNumber": 0}
    assert send(mind, 3, "Full", entry(TOKEN)) == "Accepted"
    assert send(mind, 3, "Differential", entry(OTHER)) == "VersionMismatch"
    assert send(mind, 4, "Differential", entry(OTHER), entry(TOKEN, None)) == "Accepted"
    assert mind.ask("GetLocalListVersion", {}) == {"versionNumber": 4}
    mind.cut()
    mind.plug()
    assert mind.present(TOKEN) == [False]
    assert mind.present(OTHER) == [True]


def test_d01_a_list_that_is_not_enabled_or_too_long_is_refused() -> None:
    mind = Mind()
    many = [entry({"idToken": f"C{number}", "type": "Central"}) for number in range(101)]
    assert send(mind, 1, "Full", *many) == "Failed"
    mind.set("LocalAuthListCtrlr", "Enabled", "false")
    assert send(mind, 1, "Full") == "Failed"


def test_c13_a_token_that_the_list_refuses_is_refused_without_a_line() -> None:
    mind = Mind()
    send(mind, 1, "Full", entry(TOKEN, "Blocked"))
    mind.cut()
    mind.plug()
    assert mind.present() == [False]


def test_c10_c11_the_cache_learns_and_is_cleared() -> None:
    mind = Mind()
    mind.set("AuthCacheCtrlr", "Enabled", "true")
    mind.charge(10)
    mind.present()
    assert mind.ask("ClearCache", {}) == {"status": "Accepted"}
    mind.cut()
    assert mind.present() == [False]
    mind.join()
    mind.present()
    mind.present()
    mind.cut()
    assert mind.present() == [True]
    mind.set("AuthCacheCtrlr", "Enabled", "false")
    assert mind.ask("ClearCache", {}) == {"status": "Rejected"}


def test_c15_unknown_tokens_may_charge_offline_if_they_shall() -> None:
    mind = Mind()
    mind.set("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    mind.cut()
    mind.plug()
    assert mind.present() == [True]
    mind.info["CARD1"] = {"status": "Unknown"}
    mind.run(30)
    mind.join()
    assert mind.story()[-1][:2] == ("Ended", "Deauthorized")


def test_c14_what_is_known_needs_no_question() -> None:
    mind = Mind()
    mind.set("AuthCtrlr", "LocalPreAuthorize", "true")
    send(mind, 1, "Full", entry(TOKEN))
    mind.plug()
    mind.present()
    assert mind.all("Authorize") == []
    assert mind.events


def test_c02_a_start_button_needs_no_question() -> None:
    mind = Mind()
    mind.info[""] = ok()
    mind.plug()
    mind.present({"idToken": "", "type": "NoAuthorization"})
    assert mind.all("Authorize") == []
    assert mind.events[0]["idToken"]["type"] == "NoAuthorization"
