"""Children: started apart, stopped gently, restarted within bounds, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from citrine_py.errors import CitrineError
from citrine_py.stack import processes
from citrine_py.stack.processes import Child, run

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death note")


def child(folder: Path, script: str, **more: object) -> Child:
    made = Child(
        "the test", (sys.executable, "-c", script), dict(os.environ), folder, folder / "log"
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def until(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_output_goes_to_its_log(tmp_path: Path) -> None:
    it = child(tmp_path, "print('hello')")
    it.start()
    until(lambda: it.exit_code() == 0)
    assert (tmp_path / "log").read_text() == "hello\n"


def test_it_gets_its_signal_and_time_to_end(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\n"
        "print('up', flush=True)\ntime.sleep(600)\n"
    )
    it = child(tmp_path, script, stop_signal=signal.SIGINT)
    it.start()
    it.wait_ready(lambda: "up" in (tmp_path / "log").read_text(), 10)
    it.stop()
    assert it.exit_code() == 3
    it.stop()


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\ntime.sleep(600)\n"
    )
    it = child(tmp_path, script, grace=0.2)
    it.start()
    it.wait_ready(lambda: "up" in (tmp_path / "log").read_text(), 10)
    it.stop()
    assert it.exit_code() == -signal.SIGKILL


def test_one_that_dies_while_waited_for_is_told_with_its_output(tmp_path: Path) -> None:
    it = child(tmp_path, "print('no such table'); raise SystemExit(4)")
    it.start()
    with pytest.raises(CitrineError, match="the test ended with exit code 4:\nno such table"):
        it.wait_ready(lambda: False, 30)


def test_one_that_takes_too_long_is_told(tmp_path: Path) -> None:
    it = child(tmp_path, "import time; time.sleep(600)")
    it.start()
    with pytest.raises(CitrineError, match="the test is not ready after 0 s"):
        it.wait_ready(lambda: False, 0.1)
    it.stop()


def test_a_program_that_is_not_there_gives_one_line(tmp_path: Path) -> None:
    it = Child("Node", ("/does/not/exist",), {}, tmp_path, tmp_path / "log")
    with pytest.raises(CitrineError, match="Node cannot be started"):
        it.start()


def test_a_dead_child_is_restarted_with_growing_pauses_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: now[0])
    it = child(tmp_path, "raise SystemExit(7)")
    said: list[str] = []

    def one_life() -> None:
        assert it._process is not None
        it._process.wait()
        it.keep_alive(said.append)

    it.start()
    for pause in (1, 2, 4, 8, 16):
        one_life()
        assert said[-1] == f"the test ended with exit code 7; starting it again in {pause} s"
        now[0] += pause - 0.1
        assert not it.keep_alive(said.append)
        now[0] += 0.2
        assert it.keep_alive(said.append)
    with pytest.raises(CitrineError, match="the test died 6 times"):
        one_life()


def test_deaths_long_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: now[0])
    it = child(tmp_path, "")
    it.start()
    for _ in range(20):
        assert it._process is not None
        it._process.wait()
        now[0] += 301
        it.keep_alive(lambda _: None)
        now[0] += 1
        assert it.keep_alive(lambda _: None)
    it.stop()


def test_a_living_child_is_left_alone(tmp_path: Path) -> None:
    it = child(tmp_path, "import time; time.sleep(600)")
    it.start()
    assert not it.keep_alive(lambda _: None)
    it.stop()


def test_a_job_gets_its_input_and_is_waited_for(tmp_path: Path) -> None:
    run(child(tmp_path, "print(input())"), stdin=b"CREATE\n")
    assert (tmp_path / "log").read_text() == "CREATE\n"


def test_a_job_that_fails_is_told_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(CitrineError, match="the test ended with exit code 2:\nno room"):
        run(child(tmp_path, "print('no room'); raise SystemExit(2)"))


def test_a_job_that_is_killed_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CitrineError, match="the test was ended by SIGKILL"):
        run(child(tmp_path, "import os; os.kill(os.getpid(), 9)"))


def test_an_interrupted_job_leaves_no_process(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(inner.pid, flush=True)\ntime.sleep(600)\n"
    )

    class Enough(Exception):
        pass

    def stop(_number: int, _frame: object) -> None:
        if (tmp_path / "log").read_text():
            raise Enough

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        with pytest.raises(Enough):
            run(child(tmp_path, script))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    inner = int((tmp_path / "log").read_text())
    until(lambda: not psutil.pid_exists(inner) or _zombie(inner))


@linux_only
def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from citrine_py.stack.processes import Child\n"
        "folder = Path(sys.argv[1])\n"
        "it = Child('it', ('sleep', '600'), dict(os.environ), folder, folder / 'log')\n"
        "it.start()\nprint(it.pid, flush=True)\ntime.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    until(lambda: not psutil.pid_exists(pid) or _zombie(pid))


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_long_log_is_put_aside_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_LOG_LIMIT", 10)
    (tmp_path / "log").write_text("x" * 11)
    it = child(tmp_path, "print('new')")
    it.start()
    until(lambda: it.exit_code() == 0)
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "x" * 11
