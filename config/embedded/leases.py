"""Using the embedded servers: whoever needs them holds a lease, the last one out stops them."""

import contextlib
import fcntl
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from config.embedded.accounts import server_account
from config.embedded.errors import PlantError, from_os_error
from config.embedded.keeper import NOTE, READY, STOP_PATIENCE, Post, server_of
from config.embedded.keys import stored_secrets
from config.embedded.layout import REPOSITORY, Layout, layout_of, make_data_dir
from config.embedded.plan import Plan, Services, service_urls, settle_plan

START_PATIENCE = 150.0
GIVEN_BY = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
_counter = itertools.count()


def embedded_names(env: Mapping[str, str]) -> list[str]:
    """The servers that `env` gives no address for."""
    return [name for name, variable in GIVEN_BY.items() if not env.get(variable, "").strip()]


@dataclass(slots=True)
class Lease:
    """The right to use the servers until `release`; also a context manager."""

    layout: Layout
    names: list[str]
    files: dict[str, IO[str]] = field(default_factory=dict)
    owner: int = field(default_factory=os.getpid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def heal(self) -> None:
        """Start the keepers that have died since; they start their servers."""
        for name in self.names:
            if self.post(name).keeper_pid() is None:
                self._take(name)

    def release(self) -> None:
        """Give the lease back; wait for servers that nobody else uses to end. Idempotent."""
        if self.owner != os.getpid():
            return
        held = list(self.files)
        for name in held:
            Path(self.files[name].name).unlink(missing_ok=True)
            self.files.pop(name).close()
            _wake(self.post(name))
        for name in held:
            _await_end(self.post(name))

    def pin(self) -> None:
        """Keep the servers running after this lease ends."""
        for name in self.names:
            self.post(name).pin.touch()

    def post(self, name: str) -> Post:
        return Post(self.layout.keepers / name)

    def _take(self, name: str) -> None:
        post = self.post(name)
        try:
            post.place.mkdir(mode=0o700, exist_ok=True)
            with post.gate():
                if name not in self.files:
                    path = post.place / f"lease-{os.getpid()}-{next(_counter)}"
                    self.files[name] = path.open("w")
                    fcntl.flock(self.files[name], fcntl.LOCK_EX)
                _ensure_server(self.layout, name, post)
        except OSError as error:
            raise from_os_error(error, post.place) from error


def hold(env: Mapping[str, str], plan: Plan | None = None) -> Lease:
    """Start the servers that `env` gives no address for, or join those that already run.

    `plan` is used only where nothing runs yet. Raises PlantError with nothing left running
    that was not running before.
    """
    layout = layout_of(env)
    lease = Lease(layout, embedded_names(env))
    if not lease.names:
        return lease
    make_data_dir(layout)
    stored_secrets(layout)
    _settle(layout, plan)
    try:
        for name in lease.names:
            lease._take(name)  # noqa: SLF001  one module
    except BaseException:
        lease.release()
        raise
    return lease


def _settle(layout: Layout, plan: Plan | None) -> None:
    """Record the plan unless a server already runs by the recorded one."""
    with (layout.keepers / "plan-gate").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not any(Post(layout.keepers / name).keeper_pid() for name in GIVEN_BY):
            settle_plan(layout, plan, server_account(layout.cluster))


def _ensure_server(layout: Layout, name: str, post: Post) -> None:
    """Inside the gate: see to it that a keeper runs and its server takes connections."""
    if post.keeper_pid() is None:
        _start_keeper(layout, name)
        return
    server = server_of(layout, name)
    deadline = time.monotonic() + START_PATIENCE
    while not server.is_ready():
        if post.keeper_pid() is None or time.monotonic() > deadline:
            raise PlantError(
                f"{name} 未能就绪；详见 {layout.logs / server.log_name}。 / {name} is not ready."
            )
        time.sleep(0.05)


def _start_keeper(layout: Layout, name: str) -> None:
    """Start a keeper apart from our terminal and wait for its first word."""
    log = layout.logs / f"{name}-keeper.log"
    with log.open("ab") as errors:
        keeper = subprocess.Popen(  # noqa: S603  this interpreter and this module
            [sys.executable, "-m", "config.embedded", "keep", name],
            env={**os.environ, "DATA_DIR": str(layout.data_dir)},
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    assert keeper.stdout is not None
    with keeper, keeper.stdout as pipe:
        word = pipe.readline().strip()
        while word.startswith(NOTE):
            sys.stderr.write(f"{word.removeprefix(NOTE)}\n")
            word = pipe.readline().strip()
    if word != READY:
        raise PlantError(word or f"{name} 的守护进程意外退出；详见 {log}。 / The keeper failed.")


def _wake(post: Post) -> None:
    pid = post.keeper_pid()
    if pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGHUP)


def _await_end(post: Post) -> None:
    """Wait until the keeper is gone, but not for a server that others still use."""
    deadline = time.monotonic() + STOP_PATIENCE + 15
    while time.monotonic() < deadline and post.keeper_pid() is not None and not post.has_users():
        time.sleep(0.02)


def stop(env: Mapping[str, str]) -> list[str]:
    """Stop the embedded servers of a data directory, used or not; answers which ones ran."""
    layout = layout_of(env)
    stopped = []
    for name in GIVEN_BY:
        post = Post(layout.keepers / name)
        pid = post.keeper_pid() if post.place.is_dir() else None
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            stopped.append(name)
    deadline = time.monotonic() + STOP_PATIENCE + 15
    for name in stopped:
        post = Post(layout.keepers / name)
        while post.keeper_pid() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
    return stopped


def status(env: Mapping[str, str]) -> dict[str, str]:
    """Tell for each server: given, stopped, starting or running."""
    layout = layout_of(env)
    answer = {}
    for name, variable in GIVEN_BY.items():
        post = Post(layout.keepers / name)
        if env.get(variable, "").strip():
            answer[name] = "given"
        elif not post.place.is_dir() or post.keeper_pid() is None:
            answer[name] = "stopped"
        else:
            answer[name] = "running" if server_of(layout, name).is_ready() else "starting"
    return answer


def urls(env: Mapping[str, str]) -> Services:
    """The addresses in use; the same as `service_urls`."""
    return service_urls(env)
