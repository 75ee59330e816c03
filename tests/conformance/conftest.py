"""What the conformance cases share, and the table that `make conformance` prints.

A case is a test with `@case(id, name, requirements)`: an id of the Open Charge
Alliance's CSMS test cases (Part 6) and the requirements that it names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.conformance.csms import Csms
from tests.people import Operator
from tests.whole_stack import Stack

_OPEN = "open"
"""Property of a test's report: a part of its case that is not proven."""


@dataclass
class _Result:
    mark: pytest.Mark
    outcome: str = "passed"
    left_open: set[str] = field(default_factory=set)

    def line(self) -> str:
        case_id, name, *requirements = self.mark.args
        word = {"passed": "pass", "failed": "FAIL"}.get(self.outcome, self.outcome)
        if self.outcome == "passed" and self.left_open:
            word = "part"
        told = [", ".join(requirements)] if requirements else []
        told += [f"open: {', '.join(sorted(self.left_open))}"] if self.left_open else []
        return f"   {case_id:<13} {word:<5} {name:<58} {'; '.join(told)}".rstrip()


_RESULTS = pytest.StashKey[dict[str, _Result]]()
_BLOCKS = {
    "A": "Security",
    "B": "Provisioning",
    "C": "Authorization",
    "L": "Firmware management",
    "N": "Diagnostics",
    "P": "Data transfer",
}


@pytest.fixture
async def csms(stack: Stack, record_property: Callable[[str, object], None]) -> AsyncIterator[Csms]:
    async with Operator.of(stack) as operator:
        yield Csms(operator, f"conf-{uuid4().hex[:12]}", lambda part: record_property(_OPEN, part))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "case(id, name, requirements): an official test case of OCPP 2.0.1 Part 6"
    )
    config.stash[_RESULTS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    mark = item.get_closest_marker("case")
    if mark is not None and (report.when == "call" or report.outcome != "passed"):
        results = item.config.stash[_RESULTS]
        result = results.setdefault(mark.args[0], _Result(mark))
        if result.outcome == "passed":
            result.outcome = report.outcome
        result.left_open |= {str(part) for name, part in report.user_properties if name == _OPEN}
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    results = config.stash[_RESULTS]
    if not results:
        return
    write = terminalreporter.write_line
    terminalreporter.section("OCPP 2.0.1 CSMS conformance")
    block = ""
    for case_id, result in sorted(results.items()):
        if case_id[3] != block:
            block = case_id[3]
            write(f"{block}  {_BLOCKS.get(block, '')}")
        write(result.line())
    passed = [result for result in results.values() if result.outcome == "passed"]
    partly = sum(bool(result.left_open) for result in passed)
    write(
        f"{len(passed)} of {len(results)} cases pass" + f", {partly} of them in part" * bool(partly)
    )
