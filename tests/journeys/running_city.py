"""A whole city of its own: started by the real launcher, lived in by real clients, killed at will.

Everything a person would have after `make run` without the demo, on free ports and with a data
directory of its own: web, worker, beat, relay, PostgreSQL and Valkey.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from config import embedded
from config.embedded.keeper import Post
from config.embedded.layout import REPOSITORY, layout_of
from config.embedded.processes import is_alive, processes_in

START_PATIENCE = 180.0
PATIENCE = 90.0
PROGRAMS = {"web": "granian", "worker": "worker", "beat": "beat", "relay": "relay_events"}
"""What the launcher starts, and the word that tells each by its command line."""
SERVERS = ("valkey", "postgres")
REGION = "519901"
LEAD_UNIT = "lead-unit"
PASSWORD = "Tongban-test-2026"
Env = dict[str, str]


def eventually(question: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Ask again and again until the answer is yes; False when the time is up."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        if question():
            return True
        pause.wait(0.1)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Keys:
    """What the clients need to come in."""

    name: str
    session: str
    token: str
    scopes: list[str]


@dataclass
class City:
    """A running city and the handles to hurt it."""

    env: Env
    port: int
    launcher: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    keys: Keys = field(default_factory=lambda: Keys("", "", "", []))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the city's database and return its rows."""
        url = embedded.service_urls(self.env).database_url
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def pid(self, name: str) -> int | None:
        """The process that `name` stands or falls with; None while there is none."""
        if name == "postgres":
            return _postmaster(self.env)
        if name == "valkey":
            return next(iter(processes_in(layout_of(self.env).valkey)), None)
        return next(
            (pid for pid in children_of(self.launcher.pid) if PROGRAMS[name] in words_of(pid)),
            None,
        )

    def kill(self, name: str) -> int:
        """Kill it without warning and return what its number was."""
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_back(self, name: str, *, killed: int) -> bool:
        """Tell whether another one runs in the place of the killed one."""
        pid = self.pid(name)
        return pid is not None and pid != killed and not is_alive(killed)

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Keep an embedded server down until the block ends: its keeper is held meanwhile."""
        keeper = Post(layout_of(self.env).keepers / name).keeper_pid()
        assert keeper is not None
        os.kill(keeper, signal.SIGSTOP)
        try:
            self.kill(name)
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)

    def answers(self, path: str) -> bool:
        """Tell whether a page says 200."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}{path}", timeout=5).status_code == 200
        return False

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Django beside the city."""
        return run([sys.executable, "manage.py", *words], self.env)


def run(command: Sequence[str], env: Env) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def words_of(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def _postmaster(env: Env) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((layout_of(env).cluster / "postmaster.pid").read_text().split()[0])
    return None


@contextlib.contextmanager
def running_city() -> Iterator[City]:
    """Start a city, open it to the clients, and stop it with Ctrl-C."""
    place = Path(tempfile.mkdtemp(prefix="city-"))
    place.chmod(0o755)
    port = free_port()
    env = clean_environment(place / "var", port)
    command = [sys.executable, "-m", "config.launch"]
    try:
        with subprocess.Popen(
            command, env=env, cwd=REPOSITORY, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as launcher:  # fmt: skip
            yield from _lived_in(City(env, port, launcher))
    finally:
        embedded.stop(env)
        shutil.rmtree(place, ignore_errors=True)


def _lived_in(city: City) -> Iterator[City]:
    reader = threading.Thread(target=_read, args=[city], daemon=True)
    reader.start()
    try:
        ready = eventually(
            lambda: _is_ready(city) or city.launcher.poll() is not None, START_PATIENCE
        )
        assert ready, "".join(city.lines[-40:])
        assert city.launcher.poll() is None, "".join(city.lines[-40:])
        city.keys = open_to_clients(city.env)
        yield city
    finally:
        city.launcher.send_signal(signal.SIGINT)
        city.launcher.wait(60)
        reader.join(10)


def clean_environment(data_dir: Path, port: int) -> Env:
    """Nothing from the suite's own environment but what any program needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "WITHOUT_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "LOG_LEVEL": "WARNING",
        "THROTTLE_ANONYMOUS_CONTACT": "1000000/hour",
        "CELERY_WORKERS": "2",
    }


def _read(city: City) -> None:
    assert city.launcher.stdout is not None
    for line in city.launcher.stdout:
        city.lines.append(line)


def _is_ready(city: City) -> bool:
    return any("就绪 Ready" in line for line in city.lines)


def open_to_clients(env: Env) -> Keys:
    """Have a unit, a district and an agent with a session and a key made in the city."""
    embedded.load_secrets(env)
    program = "from tests.journeys.running_city import make_people; make_people()"
    done = run([sys.executable, "-c", program], env)
    assert done.returncode == 0, done.stderr
    return Keys(**json.loads(done.stdout.splitlines()[-1]))


def make_people() -> None:
    """Runs in a process of the city; prints the keys of an agent as one line of JSON."""
    import django

    django.setup()
    from django.test import Client
    from django.utils import timezone

    from core.accounts.actions import issue_api_key
    from core.accounts.states import Role
    from core.http.scopes import Scope
    from hotline.queries.visibility import scopes_visible_to
    from tests.factories.core import OrganisationFactory, district, member

    OrganisationFactory(code=LEAD_UNIT, name="住建局")
    district(REGION)
    agent = member(Role.AGENT)
    issued = issue_api_key(
        user=agent, label="test", scopes=Scope.values, by=None, at=timezone.now()
    )
    client = Client()
    client.force_login(agent, "django.contrib.auth.backends.ModelBackend")
    keys = {
        "name": agent.username,
        "session": client.cookies["sessionid"].value,
        "token": issued.token,
        "scopes": scopes_visible_to(agent),
    }
    sys.stdout.write(f"{json.dumps(keys)}\n")


def sign_in(http: httpx.Client, name: str) -> httpx.Response:
    """Fill in the form as a browser does."""
    page = "/accounts/login/"
    http.get(page)
    form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": http.cookies["csrftoken"]}
    return http.post(page, data=form, headers={"Referer": f"{http.base_url}{page}"})


class Client(threading.Thread):
    """Somebody who uses the city until told to stop; connection trouble is tried again."""

    TROUBLE = (httpx.HTTPError, WebSocketException, OSError)

    def __init__(self, city: City) -> None:
        super().__init__(daemon=True)
        self.city = city
        self.finished = threading.Event()
        self.http = httpx.Client(base_url=city.url, timeout=20)

    def run(self) -> None:
        while not self.finished.is_set():
            try:
                self.live()
            except self.TROUBLE:
                self.http.close()
                self.http = httpx.Client(base_url=self.city.url, timeout=20)
                self.finished.wait(0.05)
        self.http.close()

    def live(self) -> None:
        raise NotImplementedError


class Citizen(Client):
    """Raises one matter after the other, each until it is acknowledged, under one key."""

    def __init__(self, city: City, name: str) -> None:
        super().__init__(city)
        self.name = name
        self.number = 0
        self.tried: list[str] = []
        self.acknowledged: dict[str, str] = {}
        self.refusals: list[tuple[int, str]] = []

    def live(self) -> None:
        key = f"{self.name}-{self.number}"
        self.tried.append(key)
        answer = raise_matter(self.http, key)
        if answer.status_code == 201:
            self.acknowledged[key] = answer.json()["ticket_no"]
            self.number += 1
        else:
            self.refusals.append((answer.status_code, answer.text[:200]))
            self.finished.wait(0.05)


def raise_matter(http: httpx.Client, key: str) -> httpx.Response:
    """Post a contact whose title is its idempotency key."""
    body = {
        "title": key,
        "content": f"小区东门外的路灯不亮，请派人查看。编号 {key}",
        "region": REGION,
        "caller": {"name": "王小满", "phone": "19900001234"},
    }
    return http.post("/api/v1/hotline/contacts", json=body, headers={"Idempotency-Key": key})


class Agent(Client):
    """Claims and dispatches what the citizens raise; keeps what was confirmed."""

    def __init__(self, city: City, citizens: Sequence[Citizen]) -> None:
        super().__init__(city)
        self.citizens = citizens
        self.done: set[str] = set()
        self.dispatched: set[str] = set()

    def live(self) -> None:
        waiting = [
            no
            for citizen in self.citizens
            for no in list(citizen.acknowledged.values())
            if no not in self.done
        ]
        if not waiting:
            self.finished.wait(0.02)
            return
        no = waiting[-1]
        version = self._do(no, "GET", "").json()["version"]
        self._do(no, "POST", "/claim", version=version)
        answer = self._do(no, "POST", "/dispatch", lead=LEAD_UNIT, instruction="请核实办理")
        if answer.status_code == 200:
            self.dispatched.add(no)
        if answer.status_code < 500:
            self.done.add(no)

    def _do(self, no: str, method: str, step: str, **body: Any) -> httpx.Response:
        path = f"/api/v1/hotline/tickets/{no}{step}"
        headers = {"Authorization": f"Bearer {self.city.keys.token}"}
        if method == "GET":
            return self.http.get(path, headers=headers).raise_for_status()
        return self.http.post(path, json=body, headers=headers)


class Console(Client):
    """An open console: a socket that hints, and the durable sequence that it reads on hints.

    It behaves as the page's script does: it reads after every connection and every hint, and
    never otherwise.
    """

    def __init__(self, city: City) -> None:
        super().__init__(city)
        self.headers = {"Cookie": f"sessionid={city.keys.session}"}
        self.cursor = city.ask("SELECT coalesce(max(position), 0) FROM core_event")[0][0]
        self.first = self.cursor
        self.positions: list[int] = []
        self.connections = 0

    def live(self) -> None:
        address = f"ws://127.0.0.1:{self.city.port}/ws/console/"
        with connect(
            address,
            origin=Origin(self.city.url),
            additional_headers=self.headers,
            open_timeout=5,
            max_queue=None,  # a full queue would hold up the good-bye
        ) as line:
            self.connections += 1
            self._read_on()
            while not self.finished.is_set():
                with contextlib.suppress(TimeoutError):
                    message = json.loads(line.recv(timeout=0.1))
                    if message["type"] in {"hint", "behind"}:
                        self._read_on()

    def _read_on(self) -> None:
        more = True
        while more:
            answer = self.http.get(
                "/console/events/", params={"after": self.cursor}, headers=self.headers
            )
            page = answer.raise_for_status().json()
            self.positions += [event["position"] for event in page["events"]]
            self.cursor, more = page["cursor"], page["more"]
