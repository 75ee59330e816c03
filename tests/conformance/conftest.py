"""What the conformance cases share, and the table that `make conformance` prints.

A case is a test with `@case(id, name, requirements)`: an id of the Open Charge
Alliance's CSMS test cases (Part 6) and the requirements that it names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.conformance.csms import Csms
from tests.people import Operator
from tests.whole_stack import Stack


@dataclass
class _Result:
    mark: pytest.Mark
    outcome: str = "passed"

    def line(self) -> str:
        case_id, name, *requirements = self.mark.args
        word = {"passed": "pass", "failed": "FAIL"}.get(self.outcome, self.outcome)
        return f"   {case_id:<13} {word:<5} {name:<58} {', '.join(requirements)}".rstrip()


_RESULTS = pytest.StashKey[dict[str, _Result]]()
_BLOCKS = {
    "A": "Security",
    "B": "Provisioning",
    "C": "Authorization",
    "D": "Local list",
    "E": "Transactions",
    "F": "Remote control",
    "G": "Availability",
    "H": "Reservations",
    "J": "Meter values",
    "L": "Firmware management",
    "M": "Certificates",
    "N": "Diagnostics",
    "P": "Data transfer",
}


@pytest.fixture
async def csms(stack: Stack) -> AsyncIterator[Csms]:
    async with Operator.of(stack) as operator:
        yield Csms(operator, f"conf-{uuid4().hex[:12]}")


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
    passed = sum(result.outcome == "passed" for result in results.values())
    write(f"{passed} of {len(results)} cases pass")
