"""B07: parts of a report, in any order, repeated, perhaps never the last."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.modules.reports import Report, Reports
from tests.fakes import FakeClock, FakeJobs, FakeNewId, idle
from tests.modules.world import World, data


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, list[int]]:
    """How many parts there are, and the order in which they come, some more than once."""
    count = draw(st.integers(1, 12))
    again = draw(st.lists(st.integers(0, count - 1), max_size=12))
    return count, draw(st.permutations([*range(count), *again]))


@given(deliveries())
def test_a_report_is_complete_when_its_last_missing_part_comes(
    delivery: tuple[int, list[int]],
) -> None:
    count, order = delivery
    report = Report(1)
    seen: set[int] = set()
    for number in order:
        assert report.add(number, tbc=number < count - 1, variables=2) == (number not in seen)
        seen.add(number)
        assert report.complete == (len(seen) == count)
    assert report.missing() == ()
    assert report.variables == 2 * count


@given(st.integers(1, 30), st.data())
def test_missing_parts_are_noticed_and_named(count: int, draw: st.DataObject) -> None:
    here = draw.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    report = Report(1)
    for number in here:
        report.add(number, tbc=number < count - 1, variables=1)
    assert not report.complete
    end = count if count - 1 in here else max(here, default=-1) + 1
    assert report.missing() == tuple(n for n in range(end) if n not in here)[:10]
    assert report.lack()


@settings(deadline=None, max_examples=30)
@given(deliveries())
async def test_the_rows_are_the_same_whatever_the_order(delivery: tuple[int, list[int]]) -> None:
    count, order = delivery
    parts = [[data(f"C{n}", "a", str(n)), data("Shared", f"v{n}", str(n))] for n in range(count)]
    worlds = []
    for numbers in (range(count), order):
        world = World()
        await world.accepted()
        for number in numbers:
            await world.report(9, number, parts[number], tbc=number < count - 1)
        worlds.append(world.attributes)
    assert worlds[0] == worlds[1]
    assert len(worlds[0]) == 2 * count


def test_a_report_of_tens_of_thousands_of_parts_is_put_together_quickly() -> None:
    report = Report(1)
    for number in reversed(range(30_000)):
        report.add(number, tbc=number < 29_999, variables=1)
    assert report.complete


def test_several_last_parts_and_absurd_numbers_do_no_harm() -> None:
    report = Report(1)
    report.add(2**31 - 1, tbc=False, variables=1)
    assert len(report.missing()) == 10
    report.add(0, tbc=False, variables=1)
    assert not report.complete


def test_a_report_that_was_forgotten_leaves_the_others() -> None:
    reports = Reports(FakeNewId())
    reports.expect("cp1", 1)
    two = reports.expect("cp1", 2)
    reports.forget("cp1", 1)
    assert reports.find("cp1", 2) is two


async def test_waiting_for_another_part() -> None:
    jobs = FakeJobs(FakeClock())
    report = Report(1)
    got: list[bool] = []

    async def wait() -> None:
        got.append(await report.another(jobs, 10))

    jobs.start("one", wait)
    await jobs.settle()
    assert got == []
    report.add(0, tbc=True, variables=1)
    await jobs.settle()
    assert got == [True]
    jobs.start("two", wait)
    await idle()
    jobs.time_out()
    await jobs.settle()
    assert got == [True, False]


def test_reports_are_known_by_station_and_request_id() -> None:
    reports = Reports(FakeNewId())
    first = reports.expect("cp1", 5)
    assert reports.find("cp1", 5) is first
    assert reports.find("cp2", 5) is None
    assert reports.expect("cp1", 5) is not first
    reports.forget("cp1", 5)
    reports.forget("cp1", 5)
    assert reports.find("cp1", 5) is None
    assert len({reports.fresh_id() for _ in range(100)}) == 100
    assert all(0 <= reports.fresh_id() < 2**31 for _ in range(100))


def test_only_the_latest_reports_of_a_station_are_remembered() -> None:
    reports = Reports(FakeNewId())
    for number in range(20):
        reports.expect("cp1", number)
    assert reports.find("cp1", 3) is None
    assert reports.find("cp1", 4) is not None


def test_a_station_that_never_comes_to_an_end_costs_no_more_memory() -> None:
    report = Report(1)
    for number in range(200_000):
        report.add(number, tbc=True, variables=1)
    assert report.parts == 200_000
    assert len(report._ahead) == 0
    for number in range(200_001, 400_000):
        report.add(number, tbc=True, variables=1)
    assert len(report._ahead) < 60_000
    assert not report.add(2**31 - 1, tbc=True, variables=1)


async def test_who_waits_for_a_report_that_newer_ones_displaced_waits_no_more() -> None:
    """Else asking for reports again and again would pile up those who wait."""
    jobs = FakeJobs(FakeClock())
    reports = Reports(FakeNewId())
    first = reports.expect("cp1", 0)
    got: list[bool] = []

    async def wait() -> None:
        got.append(await first.another(jobs, 10))

    jobs.start("first", wait)
    await jobs.settle()
    for number in range(1, 20):
        reports.expect("cp1", number)
    await jobs.settle()
    assert got == [False]
    assert not await first.another(jobs, 10)
