"""`make run`: everything one city needs, on one machine, until Ctrl-C."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config import embedded
from config.embedded.errors import from_os_error
from config.embedded.layout import Layout, make_data_dir
from config.embedded.reach import check_given
from config.supervisor import Program, Supervisor

READY_PATIENCE = 120.0
TOO_MANY_FAILURES = 5
CELERY_AS_ROOT = "ignore:You're running the worker with superuser privileges"
"""Said at every start on a machine where everything runs as root; the launcher's user is known."""
LOGINS_FILE = "demo-logins.txt"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what a person may have asked for


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = ANY_ADDRESS.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def main() -> int:
    """Launch everything; an obstacle becomes one sentence and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    for sign in (signal.SIGTERM, signal.SIGHUP):  # until the supervisor takes them over
        signal.signal(sign, lambda number, _frame: sys.exit(128 + number))
    try:
        address = address_of(os.environ)
        layout = embedded.layout_of(os.environ)
        make_data_dir(layout)
        with only_one(layout):
            check_port(address)
            settle_environment(os.environ, address)
            check_given(os.environ)
            with embedded.hold(os.environ) as lease:
                prepare(layout)
                return serve(address, layout, lease)
    except embedded.PlantError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def address_of(env: MutableMapping[str, str]) -> Address:
    """Read HOST and PORT; raises PlantError when PORT is no port."""
    text = env.get("PORT", "").strip() or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:  # noqa: PLR2004
        raise embedded.PlantError(
            f"PORT 应为 1 到 65535 的整数，现在是“{text}”。 / PORT must be a number, not {text}."
        )
    return Address(env.get("HOST", "").strip() or "127.0.0.1", int(text))


def check_port(address: Address) -> None:
    """Raise PlantError if the web server could not listen there."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except PermissionError:
            raise embedded.PlantError(
                f"没有权限监听端口 {address.port}，请用 PORT=8000 等 1024 以上的端口。"
                f" / No permission for port {address.port}."
            ) from None
        except OSError as error:
            raise _cannot_listen(address, error) from error


def _cannot_listen(address: Address, error: OSError) -> embedded.PlantError:
    if isinstance(error, socket.gaierror) or "assign" in str(error):
        return embedded.PlantError(
            f"HOST 不是本机地址：{address.host}。 / HOST is not an address of this machine."
        )
    return embedded.PlantError(
        f"端口 {address.port} 已被占用，请停止占用它的程序，或用 PORT=端口号 另选端口。"
        f" / Port {address.port} on {address.host} is taken; choose another with PORT."
    )


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """Refuse a second launcher on the same data directory."""
    path = layout.data_dir / "launcher.lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise from_os_error(error, path) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise embedded.PlantError(
                f"另一个实例（进程 {path.read_text().strip()}）正在使用 {layout.data_dir}；"
                f"请先停止它，或用 DATA_DIR 另选目录。 / Another instance uses this DATA_DIR."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def settle_environment(env: MutableMapping[str, str], address: Address) -> None:
    """Give the programs secrets and their own address, unless they have them."""
    if "settings.prod" not in env["DJANGO_SETTINGS_MODULE"]:
        embedded.load_secrets(env)
    env.setdefault("PUBLIC_URL", address.url)
    env.setdefault("PYTHONUNBUFFERED", "1")


def prepare(layout: Layout) -> None:
    """Bring database and static files up to date; raises PlantError with the reason's last line."""
    logins = layout.data_dir / LOGINS_FILE
    code = subprocess.call([sys.executable, "-m", "config.prepare", str(logins)])  # noqa: S603
    if code != 0:
        raise embedded.PlantError(
            "准备数据失败，原因见上。 / Preparing the data failed; see above."
        )


def programs(address: Address) -> list[Program]:
    """Every program of a running city, as commands."""
    python = sys.executable
    celery = [python, "-W", CELERY_AS_ROOT, "-m", "celery", "--quiet", "-A", "config.celery"]
    level = os.environ.get("CELERY_LOG_LEVEL", "WARNING")
    web = [
        *(python, "-m", "granian", "--interface", "asgi", "--no-log"),
        *("--host", address.host, "--port", str(address.port)),
        *("--workers", os.environ.get("WEB_WORKERS", "1")),
        *("--respawn-failed-workers", "--respawn-interval", "0.2", "--workers-kill-timeout", "5"),
        "config.asgi:application",
    ]
    worker = [
        *(*celery, "worker", "--loglevel", level, "--without-mingle", "--without-gossip"),
        *("--concurrency", os.environ.get("CELERY_WORKERS", "2")),
    ]
    beat = [*celery, "beat", "--loglevel", level, "--pidfile="]
    relay = [python, "manage.py", "relay_events"]
    return [
        Program("web", web),
        Program("worker", worker),
        Program("beat", beat),
        Program("relay", relay),
    ]


def serve(address: Address, layout: Layout, lease: embedded.Lease) -> int:
    """Run the programs until a stop signal; announce when the web answers."""
    all_programs = programs(address)

    def look_after_servers() -> None:
        try:
            lease.heal()
        except embedded.PlantError as error:
            supervisor.say(f"{error}")

    with Supervisor(all_programs, look_after_servers) as supervisor:
        if not await_ready(supervisor, address):
            return 0
        announce(address, layout)
        supervisor.run()
        supervisor.say("正在停止…… / Stopping.")
    return 0


def await_ready(supervisor: Supervisor, address: Address) -> bool:
    """Run until the web answers; False if asked to stop before that, PlantError if it cannot."""
    deadline = time.monotonic() + READY_PATIENCE
    web = supervisor.programs[0]
    while not supervisor.stopping:
        supervisor.look()
        if web.failures >= TOO_MANY_FAILURES or time.monotonic() > deadline:
            raise embedded.PlantError(
                "网站没有启动成功，原因见上。 / The web did not start; see above."
            )
        if web.is_running() and answers(f"{address.url}/readyz", host=site_of(os.environ)):
            return True
    return False


def site_of(env: Mapping[str, str]) -> str:
    """The name under which the site wants to be addressed: others are refused."""
    allowed = [name.strip().lstrip(".") for name in env.get("ALLOWED_HOSTS", "").split(",")]
    named = [name for name in allowed if name and name != "*"]
    return named[0] if named else urlsplit(env["PUBLIC_URL"]).netloc


def answers(url: str, *, host: str) -> bool:
    """Answer whether `url` says 200 within two seconds to who asks for `host`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(url, headers={"Host": host})  # noqa: S310  our own address
        with opener.open(request, timeout=2) as response:
            return int(response.status) == 200  # noqa: PLR2004
    except (OSError, urllib.error.URLError, ValueError):
        return False


def announce(address: Address, layout: Layout) -> None:
    """Print the one ready line and who may log in."""
    url = address.url
    pages = f"门户 {url}/ · 工作台 {url}/console/ · 管理 {url}/admin/ · API {url}/api/docs/"
    print(f"\n就绪 Ready: {pages}\n")  # noqa: T201  the launcher talks to a person
    logins = layout.data_dir / LOGINS_FILE
    if logins.exists():
        print(Path(logins).read_text(encoding="utf-8"))  # noqa: T201
    print("按 Ctrl-C 停止。 / Press Ctrl-C to stop.", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
