"""One process for each embedded server: starts it, heals it, stops it after its last user.

Every user of a server holds a lease: a file that it keeps locked. The kernel opens the lock when
the user ends, however it ends, so a lease never outlives its holder. The keeper looks once a
second; without leases it stops the server and itself. If the keeper is killed, the kernel ends
the server, and the next user starts a new keeper.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import IO, Protocol

from config.embedded.accounts import Account, server_account
from config.embedded.errors import PlantError, from_os_error
from config.embedded.layout import Layout
from config.embedded.plan import read_plan
from config.embedded.postgres import Postgres
from config.embedded.processes import start_server
from config.embedded.valkey import Valkey

READY = "ready"
NOTE = "note: "
START_PATIENCE = 120.0
STOP_PATIENCE = 30.0
LOOK_EVERY = 1.0
BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds between restarts of a server that keeps dying; the last one repeats."""
LARGEST_LOG = 10 * 1024 * 1024
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Server(Protocol):
    """What the keeper must know of a server."""

    name: str
    stop_signal: signal.Signals
    log_name: str

    @property
    def account(self) -> Account: ...
    def prepare(self) -> list[str]: ...
    def command(self) -> list[str]: ...
    def standard_input(self) -> str: ...
    def is_ready(self) -> bool: ...
    def explain(self, tail: str) -> PlantError: ...
    def clear_after_crash(self) -> None: ...


def server_of(layout: Layout, name: str) -> Server:
    """Build the server `name` (postgres or valkey) with the recorded plan."""
    plan, account = read_plan(layout), server_account(layout.cluster)
    if name == "postgres":
        return Postgres(layout, plan, account)
    return Valkey(layout, plan, account)


@dataclass(frozen=True, slots=True)
class Post:
    """The place below DATA_DIR where keeper and users of one server meet."""

    place: Path

    @property
    def pin(self) -> Path:
        """A lease without a holder: the server stays until it is told to stop."""
        return self.place / "pin"

    @contextlib.contextmanager
    def gate(self) -> Iterator[None]:
        """Only inside may a server be started, or be stopped for want of users."""
        with (self.place / "gate").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def try_gate(self) -> IO[str] | None:
        """Enter the gate if nobody is in it; closing the answer leaves it."""
        return _locked(self.place / "gate")

    def keeper_pid(self) -> int | None:
        """The keeper's process id, None when there is no keeper."""
        with contextlib.suppress(OSError):
            file = _locked(self.place / "keeper")
            if file is not None:
                file.close()
                return None
            text = (self.place / "keeper").read_text(encoding="ascii").strip()
            return int(text) if text.isdigit() else None
        return None

    def has_users(self) -> bool:
        """Answer whether somebody needs the server; forgets the leases of the dead."""
        return self.pin.exists() or any(_is_held(lease) for lease in self.place.glob("lease-*"))


def _locked(path: Path) -> IO[str] | None:
    """Open and lock `path`, or answer None when another process holds it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _is_held(lease: Path) -> bool:
    try:
        with lease.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lease.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@dataclass(slots=True)
class Keeper:
    """Runs one server until nobody needs it. `say` tells the starter once how it went."""

    server: Server
    post: Post
    logs: Path
    child: Popen[bytes] | None = None
    failures: int = 0
    log_start: int = 0
    last_start: float = 0.0
    log: IO[bytes] = field(init=False)

    def run(self, say: IO[str]) -> int:
        """Start, report on `say`, keep, stop; answers the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        own = _locked(self.post.place / "keeper")
        if own is None:
            say.write("另一个守护进程已在运行。 / Another keeper is running.\n")
            return 1
        own.truncate(0)
        own.write(f"{os.getpid()}\n")
        own.flush()
        self.post.pin.unlink(missing_ok=True)
        try:
            self._open_log()
            for note in self.server.prepare():
                say.write(f"{NOTE}{note}\n")
            self._start()
            self._await_ready()
        except PlantError as error:
            self._stop()
            say.write(f"{error}\n")
            return 1
        say.write(f"{READY}\n")
        say.close()
        self._keep()
        return 0

    def _open_log(self) -> None:
        path = self.logs / self.server.log_name
        try:
            if path.exists() and path.stat().st_size > LARGEST_LOG:
                path.replace(path.with_suffix(".log.1"))
            self.log = path.open("ab", buffering=0)
        except OSError as error:
            raise from_os_error(error, path) from error

    def _start(self) -> None:
        self.log_start = os.fstat(self.log.fileno()).st_size
        self.last_start = time.monotonic()
        self.child = start_server(
            self.server.command(),
            account=self.server.account,
            text=self.server.standard_input(),
            log=self.log,
            at_parents_death=self.server.stop_signal,
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while not self.server.is_ready():
            if self.child is None or self.child.poll() is not None:
                raise self.server.explain(self._last_words())
            if time.monotonic() > deadline:
                raise PlantError(
                    f"{self.server.name} 在 {START_PATIENCE:.0f} 秒内没有就绪；"
                    f"详见 {self.logs / self.server.log_name}。 / It did not get ready in time."
                )
            time.sleep(0.02)

    def _last_words(self) -> str:
        path = self.logs / self.server.log_name
        with path.open("rb") as file:
            file.seek(self.log_start)
            return file.read(64 * 1024).decode("utf-8", "replace")

    def _keep(self) -> None:
        while True:
            caught = signal.sigtimedwait(WATCHED, LOOK_EVERY)
            if caught is not None and caught.si_signo in {signal.SIGTERM, signal.SIGINT}:
                self._stop()
                return
            if self.child is None or self.child.poll() is not None:
                self._heal()
            if self._leave_if_unused():
                return

    def _heal(self) -> None:
        """Start the server again after its death, slower each time it dies young."""
        if self.child is not None:
            self.failures = 0 if time.monotonic() - self.last_start > 60 else self.failures  # noqa: PLR2004  a minute of health forgets
            self.child = None
            self.last_start = time.monotonic()
        pause = BACK_OFF[min(self.failures, len(BACK_OFF) - 1)]
        if time.monotonic() - self.last_start < pause:
            signal.sigtimedwait({signal.SIGCHLD}, pause)
        self.failures += 1
        try:
            self.server.clear_after_crash()
            self._start()
        except (PlantError, OSError) as error:
            self.log.write(f"{error}\n".encode())

    def _leave_if_unused(self) -> bool:
        if self.post.has_users():
            return False
        try:
            gate = self.post.try_gate()
        except OSError:  # the data directory was taken away
            self._stop()
            return True
        if gate is None:
            return False
        with gate:
            if self.post.has_users():
                return False
            self._stop()
        return True

    def _stop(self) -> None:
        """End the server politely, then firmly."""
        if self.child is None:
            return
        for sign, patience in (
            (self.server.stop_signal, STOP_PATIENCE),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, 5.0),
        ):
            if self.child.poll() is None:
                self.child.send_signal(sign)
                with contextlib.suppress(TimeoutExpired):
                    self.child.wait(patience)
        self.child = None


def keep(layout: Layout, name: str) -> int:
    """The life of a keeper process, apart from its starter.

    It says on standard output first its notes, then `ready` or the sentence of an obstacle.
    """
    if os.fork():
        os._exit(0)
    with os.fdopen(os.dup(1), "w") as say:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(silence, stream)
        sys.stdout.flush()
        try:
            post = Post(layout.keepers / name)
            return Keeper(server_of(layout, name), post, layout.logs).run(say)
        except PlantError as error:
            say.write(f"{error}\n")
            return 1
