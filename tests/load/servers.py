"""Servers of the measurement: started on free loopback ports, stopped by their own handle."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 60
DEVNULL = subprocess.DEVNULL


@dataclass(frozen=True)
class Server:
    """A running server and its processes."""

    port: int
    process: subprocess.Popen[bytes]

    def resident_megabytes(self) -> float:
        """Return the largest resident size among the workers, in MB."""
        return max(_resident(pid) for pid in self._family()) / 1024

    def _family(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(target: str, *, interface: str, settings: str, workers: int = 2) -> Iterator[Server]:
    """Serve an application with granian until the block ends."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", target,
        "--interface", interface, "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--no-ws" if interface == "wsgi" else "--ws",
        "--log-level", "warning",
    ]  # fmt: skip
    if interface == "wsgi":
        command += ["--blocking-threads", "4"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings, "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, env=environment, stdout=DEVNULL, stderr=sys.stderr)
    try:
        _await_port(port, process)
        yield Server(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not open its port")
