"""The measurement: ``make bench``. Every row is a ratio against a yardstick of the same run.

Needs an empty database in DATABASE_URL and a Redis-protocol server in REDIS_URL; both come from
the embedded default. Writes the table to ``DATA_DIR/bench.md`` and prints it.
"""

import argparse
import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
os.environ.setdefault("LOG_LEVEL", "ERROR")
os.environ.setdefault("THROTTLE_ANONYMOUS_CONTACT", "1000000/hour")

import django

from config import embedded

embedded.load_secrets(os.environ)
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.accounts.actions import issue_api_key
from core.accounts.models import User
from core.accounts.states import Role
from core.events import hints
from core.events.models import Event
from hotline.models import Ticket
from tests.load import client, rows, sockets
from tests.load.servers import serve

BODY = {
    "source": "wechat",
    "title": "小区东门外路灯不亮",
    "content": "小区东门外三盏路灯一周不亮，晚上老人出行不便，请尽快安排维修。" * 5,
    "region": "519901",
    "address": "滨江路 18 号",
    "caller": {"name": "王小满", "phone": "19900001234"},
}


@dataclass
class Table:
    """The rows to print."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, ours: str, yardstick: str, ratio: str, bar: str) -> None:
        """Add and print a row."""
        self.lines.append(f"| {what} | {ours} | {yardstick} | {ratio} | {bar} |")
        print(self.lines[-1], flush=True)

    def text(self) -> str:
        """Return the whole table."""
        version = connection.pg_version // 10_000
        machine = f"{os.cpu_count()} cores · Python {platform.python_version()}"
        head = [
            f"# {datetime.now(UTC):%Y-%m-%d} · {machine} · PostgreSQL {version}",
            "",
            "| what | ours | yardstick | ratio | bar |",
            "|---|---|---|---|---|",
        ]
        return "\n".join([*head, *self.lines, ""])


def prepare() -> str:
    """Migrate, load the reference and demo city, and return an API key of an agent."""
    call_command("migrate", verbosity=0)
    call_command("load_reference", verbosity=0)
    call_command("load_demo", verbosity=0)
    agent = User.objects.filter(memberships__role=Role.AGENT).earliest("pk")
    with connection.schema_editor() as editor:
        from tests.load.bare.models import BareEvent, BareOutbox, BareTicket

        for model in (BareTicket, BareEvent, BareOutbox):
            editor.execute(f"DROP TABLE IF EXISTS {model._meta.db_table} CASCADE")
        for model in (BareTicket, BareEvent, BareOutbox):
            editor.create_model(model)
    issued = issue_api_key(
        user=agent,
        label="bench",
        scopes=["contacts:write", "tickets:read", "tickets:write", "suggest:read"],
        at=timezone.now(),
        by=None,
    )
    return issued.token


def measure_posts(table: Table, token: str, total: int) -> None:
    """Contact POST against the bare view, at concurrency 1 and 8."""
    body = json.dumps(BODY).encode()
    bare_body = json.dumps({"title": BODY["title"], "content": BODY["content"]}).encode()

    def ours(number: int) -> bytes:
        return client.post(
            "/api/v1/hotline/contacts",
            body,
            key=f"{os.getpid()}-{number}-{token[-6:]}",
            token=token,
        )

    def bare(_number: int) -> bytes:
        return client.post("/create", bare_body)

    with (
        serve("config.wsgi:application", interface="wsgi", settings="config.settings.dev") as web,
        serve(
            "tests.load.bare.web:application", interface="wsgi", settings="tests.load.bare.settings"
        ) as yard,
    ):
        for server, request in ((web, _keyed(ours, "warm")), (yard, bare)):
            client.load(server.port, request, total=200, concurrency=8, expect=201)
        one = [
            (
                client.load(
                    web.port, _keyed(ours, f"a{i}"), total=total, concurrency=1, expect=201
                ),
                client.load(yard.port, bare, total=total, concurrency=1, expect=201),
            )
            for i in range(3)
        ]
        eight = [
            (
                client.load(
                    web.port, _keyed(ours, f"b{i}"), total=total * 3, concurrency=8, expect=201
                ),
                client.load(yard.port, bare, total=total * 3, concurrency=8, expect=201),
            )
            for i in range(3)
        ]
        mine, theirs = sorted(one, key=lambda p: p[0].p50 / p[1].p50)[1]
        table.add(
            "POST contacts, concurrency 1, p50",
            f"{mine.p50:.2f} ms",
            f"{theirs.p50:.2f} ms (bare view, three inserts)",
            f"{mine.p50 / theirs.p50:.2f} ×",
            "≤ 3 ×",
        )
        mine, theirs = sorted(eight, key=lambda p: p[0].per_second / p[1].per_second)[1]
        table.add(
            "POST contacts, concurrency 8",
            f"{mine.per_second:.0f}/s, p99 {mine.p99:.0f} ms",
            f"{theirs.per_second:.0f}/s, p99 {theirs.p99:.0f} ms (bare view)",
            f"{mine.per_second / theirs.per_second:.0%}",
            "≥ 30 %; ≥ 240/s",
        )
        wrong = sum(m.wrong + t.wrong for m, t in one + eight)
        resident = web.resident_megabytes()
        table.add("wrong answers under load", str(wrong), "0", "-", "0")
        table.add("web worker resident after the load", f"{resident:.0f} MB", "-", "-", "≤ 250 MB")


def measure_layouts(table: Table, token: str, total: int) -> None:
    """The same load on each way to serve it; the yardstick is WSGI with two workers."""
    body = json.dumps(BODY).encode()
    layouts = [
        ("WSGI, 2 workers of 4 threads", "wsgi", 2),
        ("WSGI, 1 worker of 4 threads", "wsgi", 1),
        ("ASGI, 2 workers", "asgi", 2),
        ("ASGI, 1 worker", "asgi", 1),
    ]
    first = 0.0
    for name, interface, workers in layouts:

        def request(number: int, mark: str = name) -> bytes:
            key = f"{os.getpid()}-{mark.replace(' ', '')}-{number}"
            return client.post("/api/v1/hotline/contacts", body, key=key, token=token)

        with serve(
            f"config.{interface}:application",
            interface=interface,
            settings="config.settings.dev",
            workers=workers,
        ) as web:
            client.load(web.port, request, total=200, concurrency=8, expect=201)
            run = client.load(
                web.port, _keyed(request, "run"), total=total * 3, concurrency=8, expect=201
            )
        first = first or run.per_second
        table.add(
            f"POST contacts, concurrency 8: {name}",
            f"{run.per_second:.0f}/s, p99 {run.p99:.0f} ms",
            f"{first:.0f}/s (WSGI, 2 workers)",
            f"{run.per_second / first:.0%}",
            "-",
        )


def _keyed(build: client.Request, prefix: str) -> client.Request:
    def request(number: int) -> bytes:
        return build(number).replace(
            b"Idempotency-Key: ", b"Idempotency-Key: %b-" % prefix.encode()
        )

    return request


def measure_lists(table: Table, token: str, large: int) -> None:
    """First page of 100 rows at 1,000 and at many tickets; detail and a status change."""
    model = Ticket.objects.filter(state="registered").latest("pk")
    path = "/api/v1/hotline/tickets?page_size=100"
    with serve("config.wsgi:application", interface="wsgi", settings="config.settings.dev") as web:
        rows.multiply(model_no=model.no, have=0, want=1_000)
        small = _best(web.port, path, token)
        rows.multiply(model_no=model.no, have=1_000, want=large)
        big = _best(web.port, path, token)
        table.add(
            f"ticket list, 100 rows, p50 at {large:,}",
            f"{big.p50:.1f} ms",
            f"{small.p50:.1f} ms at 1,000",
            f"{big.p50 / small.p50:.2f} ×",
            "≤ 1.3 ×; ≤ 55 ms",
        )
        detail = _best(web.port, f"/api/v1/hotline/tickets/{model.no}", token)
        table.add("ticket detail, p50", f"{detail.p50:.1f} ms", "42 ms (peer)", "-", "≤ 14 ms")
        change = client.load(
            web.port, _changes(model.no, token), total=200, concurrency=1, expect=200
        )
        table.add(
            f"status change (claim, release), p50, wrong {change.wrong}",
            f"{change.p50:.1f} ms",
            "53 ms (peer)",
            "-",
            "≤ 17.7 ms",
        )


def _best(port: int, path: str, token: str) -> client.Figures:
    runs = [
        client.load(
            port, lambda _n: client.get(path, token=token), total=60, concurrency=1, expect=200
        )
        for _ in range(3)
    ]
    return sorted(runs, key=lambda run: run.p50)[1]


def _changes(no: str, token: str) -> client.Request:
    def request(number: int) -> bytes:
        step = "release" if number % 2 else "claim"
        return client.post(f"/api/v1/hotline/tickets/{no}/{step}", b"{}", token=token)

    return request


def measure_hints(table: Table, rounds: int) -> None:
    """A hint to 200 consoles against a bare Channels echo of the same size."""
    agent = User.objects.filter(memberships__role=Role.AGENT).earliest("pk")
    browser = Client()
    browser.force_login(agent)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    event = Event.objects.filter(position__isnull=False).last() or Event.objects.latest("pk")
    event.scopes = ["desk:519900"]
    with serve(
        "config.asgi:application", interface="asgi", settings="config.settings.dev", workers=1
    ) as web:
        headers = {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}",
            "Origin": f"http://127.0.0.1:{web.port}",
        }
        mine = sockets.measure(
            f"ws://127.0.0.1:{web.port}/ws/console/",
            headers=headers,
            send=lambda number: hints.send([_numbered(event, number)]),
            rounds=rounds,
        )
    with serve(
        "tests.load.bare.web:sockets",
        interface="asgi",
        settings="tests.load.bare.settings",
        workers=1,
    ) as yard:
        theirs = sockets.measure(
            f"ws://127.0.0.1:{yard.port}/ws/", headers={}, send=_bare_sender(event), rounds=rounds
        )
    table.add(
        "hint to 200 consoles, p50 / p99",
        f"{mine.p50:.0f} / {mine.p99:.0f} ms",
        f"{theirs.p50:.0f} / {theirs.p99:.0f} ms (bare Channels echo)",
        f"{mine.p99 / theirs.p99:.2f} ×",
        "≤ 1.5 ×",
    )


def _numbered(event: Event, number: int) -> Event:
    """A console shows each position once, so every round has its own."""
    event.position = 1_000_000_000 + number
    return event


def _bare_sender(event: Event):
    import asyncio

    from channels_redis.pubsub import RedisPubSubChannelLayer

    layer = RedisPubSubChannelLayer(hosts=[settings.REDIS_URL], prefix="bare")
    runner = asyncio.Runner()
    return lambda _number: runner.run(layer.group_send("echo", dict(hints.hint_of(event))))


def measure_import(table: Table, count: int) -> None:
    """Rows a second of the importer, on a file of this run."""
    path = Path(settings.DATA_DIR) / "bench-import.jsonl"
    stamp = datetime.now(UTC).timestamp()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = {**BODY, "external_id": f"{stamp}-{number}", "received_at": "2026-03-02 09:00:00"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    began = timezone.now()
    call_command("import_contacts", str(path), source="grid_worker", verbosity=0)
    seconds = (timezone.now() - began).total_seconds()
    path.unlink()
    table.add("import_contacts", f"{count / seconds:.0f} rows/s", "-", "-", "≥ 150 rows/s")


def main() -> None:
    """Measure everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--hints", type=int, default=150)
    parser.add_argument("--only", default="", help="posts, layouts, hints, import, lists")
    options = parser.parse_args()
    table = Table()
    token = prepare()
    steps = {
        "posts": lambda: measure_posts(table, token, options.posts),
        "layouts": lambda: measure_layouts(table, token, options.posts),
        "hints": lambda: measure_hints(table, options.hints),
        "import": lambda: measure_import(table, 2_000),
        "lists": lambda: measure_lists(table, token, options.tickets),
    }
    for name, step in steps.items():
        if not options.only or name in options.only.split(","):
            step()
    target = Path(settings.DATA_DIR) / "bench.md"
    target.write_text(table.text(), encoding="utf-8")
    print(f"\n{table.text()}\n→ {target}")


if __name__ == "__main__":
    main()
