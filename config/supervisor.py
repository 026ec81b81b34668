"""Running several programs side by side: their output in one stream, restarted when they die."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle

from honcho.printer import Message, Printer

from config.embedded.processes import dies_with_parent

BACK_OFF = (0.2, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a dead program is started again; the last one repeats."""
HEALTHY_AFTER = 30.0
GRACE = 10.0
"""Seconds between asking a program to stop and killing what is left of its group."""
LOOK_EVERY = 0.5
CHUNK = 64 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLOURS = cycle(("36", "33", "32", "35", "34", "31"))


@dataclass(slots=True)
class Program:
    """One program to keep running. It leads a process group of its own."""

    name: str
    command: Sequence[str]
    colour: str = field(default_factory=lambda: next(COLOURS))
    child: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    due: float = 0.0
    rest: bytes = b""

    def start(self) -> None:
        """Start it; the kernel asks it to stop when we die."""
        self.started = time.monotonic()
        self.rest = b""
        self.child = subprocess.Popen(  # noqa: S603  our own programs
            list(self.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  we have one thread
        )
        assert self.child.stdout is not None
        os.set_blocking(self.child.stdout.fileno(), False)

    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the leader, which tells its own children."""
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()

    def kill_group(self) -> None:
        """Kill what is left of the group, also the children of a leader that is gone."""
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, signal.SIGKILL)

    def pause(self) -> float:
        """Seconds to wait before the next start."""
        return BACK_OFF[min(self.failures, len(BACK_OFF)) - 1] if self.failures else 0.0


class Supervisor:
    """Keeps programs running until a stop signal; `every_look` runs about twice a second."""

    def __init__(self, programs: Sequence[Program], every_look: Callable[[], None]) -> None:
        self.programs = list(programs)
        self.every_look = every_look
        self.stopping = False
        self.stop_requests = 0
        self.printer = Printer(sys.stdout, width=max(len(program.name) for program in programs))
        self.selector = selectors.DefaultSelector()
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)

    def __enter__(self) -> "Supervisor":
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        self.selector.register(self.wake_read, selectors.EVENT_READ, None)
        self.old_handlers = {sign: signal.signal(sign, self._on_signal) for sign in STOP_SIGNALS}
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for sign, handler in self.old_handlers.items():
            signal.signal(sign, handler)
        for program in self.programs:
            self._forget(program)
        self.selector.close()
        os.close(self.wake_read)
        os.close(self.wake_write)

    def run(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self.stopping:
            self.look()

    def look(self) -> None:
        """One round: pass output on, start what is due, look after the rest."""
        for program in self.programs:
            if not self.stopping and not program.is_running():
                self._revive(program)
        self._relay(LOOK_EVERY)
        if not self.stopping:
            self.every_look()

    def say(self, sentence: str, name: str = "system") -> None:
        """Print a line in the common stream."""
        self._print(name, "", sentence)

    def stop(self) -> None:
        """Ask all to stop, wait, kill what is left. A further stop signal cuts the wait short."""
        self.stopping = True
        asked = time.monotonic()
        requests = self.stop_requests
        for program in self.programs:
            program.ask_to_stop()
        while any(program.is_running() for program in self.programs):
            if time.monotonic() - asked > GRACE or self.stop_requests > requests:
                break
            self._relay(0.05)
        for program in self.programs:
            program.kill_group()
            if program.child is not None:
                program.child.wait()
        self._relay(0)

    def _revive(self, program: Program) -> None:
        """Start a program now, or note when to start it after its death."""
        now = time.monotonic()
        if program.child is not None:
            program.kill_group()
            self._forget(program)
            healthy = now - program.started > HEALTHY_AFTER
            program.failures = 1 if healthy else program.failures + 1
            program.due = now + program.pause()
            self.say(
                f"{program.name} 意外退出，{program.pause():g} 秒后重启"
                f"（第 {program.failures} 次）。 / {program.name} died and is restarted."
            )
        if now >= program.due:
            program.start()
            assert program.child is not None
            assert program.child.stdout is not None
            self.selector.register(program.child.stdout, selectors.EVENT_READ, program)

    def _forget(self, program: Program) -> None:
        if program.child is None or program.child.stdout is None:
            return
        with contextlib.suppress(KeyError):
            self.selector.unregister(program.child.stdout)
        program.child.stdout.close()
        program.child = None

    def _relay(self, patience: float) -> None:
        """Wait for output or a signal and print what came."""
        for key, _mask in self.selector.select(patience):
            try:
                data = os.read(key.fd, CHUNK)
            except BlockingIOError:
                continue
            if key.data is not None:
                self._pass_on(key.data, key.fd, data)

    def _pass_on(self, program: Program, descriptor: int, data: bytes) -> None:
        if not data:
            self.selector.unregister(descriptor)
            return
        *lines, program.rest = (program.rest + data).split(b"\n")
        for line in lines:
            self._print(program.name, program.colour, line.decode("utf-8", "replace"))

    def _print(self, name: str, colour: str, text: str) -> None:
        moment = datetime.now(UTC).astimezone()
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone already
            self.printer.write(Message("line", text, moment, name, colour or None))

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.stop_requests += 1
        self.stopping = True
