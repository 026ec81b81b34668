"""Starting a server so that it neither inherits our signals nor outlives its keeper."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from config.embedded.accounts import Account

PR_SET_PDEATHSIG = 1
SERVER_ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "LC_MESSAGES": "C"}


def dies_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """Make a hook for a fresh child: the kernel sends `sign` to it when the parent is gone.

    The hook also opens the signals that the parent had blocked. Elsewhere than on Linux the
    parent's death goes unnoticed.
    """
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        prctl = None

    def hook() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)

    return hook


def start_server(
    command: Sequence[str],
    *,
    account: Account,
    text: str,
    log: IO[bytes],
    at_parents_death: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Start `command` as `account` in a session of its own; it reads `text` and writes to `log`."""
    server = subprocess.Popen(  # noqa: S603  our own server programs with our own arguments
        list(command),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd="/",
        env=SERVER_ENV,
        start_new_session=True,
        preexec_fn=dies_with_parent(at_parents_death),  # noqa: PLW1509  the keeper has one thread
        user=account.uid if account.changes else None,
        group=account.gid if account.changes else None,
        extra_groups=[] if account.changes else None,
    )
    assert server.stdin is not None
    with contextlib.suppress(BrokenPipeError), server.stdin as pipe:
        pipe.write(text.encode())
    return server


def run_tool(
    command: Sequence[str], *, account: Account, text: str = "", seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a short program as `account` to its end; `text` is what it reads."""
    return subprocess.run(  # noqa: S603  our own server programs with our own arguments
        list(command),
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        cwd="/",
        env=SERVER_ENV,
        preexec_fn=dies_with_parent(signal.SIGKILL),
        user=account.uid if account.changes else None,
        group=account.gid if account.changes else None,
        extra_groups=[] if account.changes else None,
    )


def processes_in(directory: Path) -> Iterator[int]:
    """Every process whose working directory is `directory`, as far as /proc tells."""
    here = directory.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == here:
                yield int(entry.name)
        except OSError:
            continue


def is_alive(pid: int) -> bool:
    """Answer whether a process `pid` exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
