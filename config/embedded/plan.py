"""How the servers of one data directory listen and how careful they are, recorded with the data."""

import contextlib
import dataclasses
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.embedded.accounts import Account, can_pass
from config.embedded.errors import from_os_error
from config.embedded.keys import password_of
from config.embedded.layout import Layout, fits_a_socket, layout_of

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """Choices for one data directory; the defaults are those of `make run`.

    `durable` False trades safety for speed and is for test data only. On `loopback` the ports
    are free ones, chosen when the plan is settled, and a password is asked.
    """

    loopback: bool = False
    durable: bool = True
    max_connections: int = 100
    postgres_port: int = 0
    valkey_port: int = 0
    socket_dir: str = ""
    data_dir: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the two servers every process talks to."""

    database_url: str
    redis_url: str


def service_urls(env: Mapping[str, str]) -> Services:
    """Answer the addresses in use: those given in `env`, else the embedded ones.

    Starts nothing and writes nothing, so that settings may call it.
    """
    layout = layout_of(env)
    plan = read_plan(layout)
    return Services(
        database_url=env.get("DATABASE_URL", "").strip() or postgres_url(layout, plan),
        redis_url=env.get("REDIS_URL", "").strip() or valkey_url(layout, plan),
    )


def postgres_url(layout: Layout, plan: Plan) -> str:
    """The embedded PostgreSQL as a libpq URL."""
    if plan.loopback:
        password = quote(password_of(layout), safe="")
        return f"postgresql://tongban:{password}@{LOOPBACK}:{plan.postgres_port}/tongban"
    return f"postgresql://tongban@/tongban?host={quote(str(socket_dir(layout, plan)))}"


def valkey_url(layout: Layout, plan: Plan) -> str:
    """The embedded Valkey as a redis-py URL."""
    if plan.loopback:
        return f"redis://:{quote(password_of(layout), safe='')}@{LOOPBACK}:{plan.valkey_port}/0"
    return f"unix://{quote(str(valkey_socket(layout, plan)))}"


def valkey_socket(layout: Layout, plan: Plan) -> Path:
    """Where the embedded Valkey listens when it is not on TCP."""
    return socket_dir(layout, plan) / "valkey.sock"


def socket_dir(layout: Layout, plan: Plan) -> Path:
    """The directory of the private sockets: the recorded one, else the one that would be chosen."""
    if plan.socket_dir:
        return Path(plan.socket_dir)
    near = layout.near_socket_dir
    return near if fits_a_socket(near) else layout.short_socket_dir


def read_plan(layout: Layout) -> Plan:
    """Read the recorded plan; a missing, damaged or moved record gives the defaults back."""
    try:
        recorded = json.loads(layout.plan_file.read_text(encoding="utf-8"))
        plan = Plan(**recorded)
    except (OSError, ValueError, TypeError):
        return Plan()
    if plan.data_dir == str(layout.data_dir):
        return plan
    return dataclasses.replace(plan, socket_dir="")


def settle_plan(layout: Layout, wanted: Plan | None, account: Account) -> Plan:
    """Fix the open points of a plan (ports, socket directory) and record it.

    Call it only while no embedded server of this data directory runs.
    """
    plan = wanted or read_plan(layout)
    if not plan.loopback:
        chosen = _choose_socket_dir(layout, account)
        plan = dataclasses.replace(plan, loopback=chosen is None, socket_dir=str(chosen or ""))
    if plan.loopback:
        before = read_plan(layout)
        plan = dataclasses.replace(
            plan,
            postgres_port=_free_port(before.postgres_port),
            valkey_port=_free_port(before.valkey_port),
        )
    plan = dataclasses.replace(plan, data_dir=str(layout.data_dir))
    _write(layout, plan)
    return plan


def _choose_socket_dir(layout: Layout, account: Account) -> Path | None:
    for place in (layout.near_socket_dir, layout.short_socket_dir):
        if fits_a_socket(place) and can_pass(account, place.parent):
            return place
    return None


def _free_port(preferred: int) -> int:
    """Answer `preferred` if nobody listens there, else a port that is free at this moment."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return int(probe.getsockname()[1])
    return 0


def _write(layout: Layout, plan: Plan) -> None:
    try:
        handle, draft = tempfile.mkstemp(dir=layout.data_dir, prefix=".embedded-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(plan), file, indent=2)
        Path(draft).replace(layout.plan_file)
    except OSError as error:
        raise from_os_error(error, layout.plan_file) from error
