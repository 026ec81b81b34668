"""Keeping programs running, with small real programs in their own process groups."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import supervisor
from config.embedded.layout import REPOSITORY
from config.embedded.processes import is_alive
from config.supervisor import Program, Supervisor

pytestmark = [pytest.mark.slow, pytest.mark.faults]

FOREVER = "import threading; print('up', flush=True); threading.Event().wait()"
STUBBORN = (
    "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); threading.Event().wait()"
)
WITH_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
    "'import threading; threading.Event().wait()']); print(child.pid, flush=True); child.wait()"
)
ROUNDS = 400


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def look_until(running: Supervisor, question: Callable[[], bool]) -> bool:
    """Let the supervisor work until the answer is yes; False after many rounds."""
    for _ in range(ROUNDS):
        if question():
            return True
        running.look()
    return False


def is_zombie_or_gone(pid: int) -> bool:
    """A killed child of ours stays a zombie until somebody collects it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.01, 0.02))
    monkeypatch.setattr(supervisor, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(supervisor, "GRACE", 0.3)


class TestSupervisor:
    def test_starts_a_killed_program_again(self) -> None:
        program = Program("forever", python(FOREVER))
        with Supervisor([program], lambda: None) as running:
            assert look_until(running, program.is_running)
            assert program.child is not None
            killed = program.child.pid

            os.kill(killed, signal.SIGKILL)

            assert look_until(
                running,
                lambda: (
                    program.is_running() and bool(program.child and program.child.pid != killed)
                ),
            )
        assert program.failures == 1

    def test_leaves_the_other_programs_alone_when_one_dies(self) -> None:
        calm, brief = Program("calm", python(FOREVER)), Program("brief", python("pass"))
        with Supervisor([calm, brief], lambda: None) as running:
            assert look_until(running, calm.is_running)
            assert calm.child is not None
            before = calm.child.pid

            assert look_until(running, lambda: brief.failures >= 3)

            assert calm.is_running()
            assert calm.child.pid == before

    def test_waits_longer_after_each_early_death(self) -> None:
        program = Program("brief", python("pass"))

        pauses = []
        for failures in (0, 1, 2, 9):
            program.failures = failures
            pauses.append(program.pause())

        assert pauses == [0.0, 0.01, 0.02, 0.02]

    def test_kills_a_program_that_does_not_listen(self) -> None:
        program = Program("stubborn", python(STUBBORN))
        with Supervisor([program], lambda: None) as running:
            assert look_until(running, program.is_running)
            assert program.child is not None
            pid = program.child.pid

        assert not is_alive(pid)

    def test_kills_the_children_of_a_program_that_was_killed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        program = Program("parent", python(WITH_CHILD))
        said: list[str] = []

        def heard() -> bool:
            said.append(capsys.readouterr().out)
            return "| " in "".join(said)

        with Supervisor([program], lambda: None) as running:
            running.printer.output = sys.stdout
            assert look_until(running, heard)
            child = int("".join(said).splitlines()[0].rpartition("| ")[2])
            assert program.child is not None
            os.kill(program.child.pid, signal.SIGKILL)

            assert look_until(running, lambda: program.failures == 1)

            assert look_until(running, lambda: is_zombie_or_gone(child))

    def test_a_stop_signal_ends_the_loop_and_every_program(self) -> None:
        programs = [Program("one", python(FOREVER)), Program("two", python(FOREVER))]
        pids: list[int] = []

        def stop_when_all_run() -> None:
            if all(program.is_running() for program in programs):
                pids.extend(program.child.pid for program in programs if program.child)
                os.kill(os.getpid(), signal.SIGTERM)

        with Supervisor(programs, stop_when_all_run) as running:
            running.run()

        assert len(pids) == 2
        assert not any(is_alive(pid) for pid in pids)

    def test_gives_the_signal_handlers_back(self) -> None:
        before = signal.getsignal(signal.SIGTERM)

        with Supervisor([Program("one", python("pass"))], lambda: None):
            during = signal.getsignal(signal.SIGTERM)

        assert during != before
        assert signal.getsignal(signal.SIGTERM) == before

    def test_its_own_sudden_death_ends_the_programs(self) -> None:
        script = (
            "import sys; from config.supervisor import Program, Supervisor\n"
            f"program = Program('forever', [sys.executable, '-c', {FOREVER!r}])\n"
            "with Supervisor([program], lambda: None) as running:\n"
            "    running.look()\n"
            "    print(program.child.pid, flush=True)\n"
            "    running.run()\n"
        )
        with subprocess.Popen(
            python(script), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        ) as launcher:
            assert launcher.stdout is not None
            lines = iter(launcher.stdout.readline, "")
            child = int(next(line for line in lines if line.strip().isdigit()))

            launcher.kill()
            launcher.wait()

        with Supervisor([Program("clock", python(FOREVER))], lambda: None) as clock:
            assert look_until(clock, lambda: is_zombie_or_gone(child))
