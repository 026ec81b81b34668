"""`manage.py relay_events`: survives what it depends on, and stops when told to."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from core.events import relay, wake
from core.events.models import Event
from core.management.commands import relay_events
from core.management.commands.relay_events import Command, Nudges
from tests.core.events.outbox import write
from tests.core.transitions.rivals import race


class FewRounds:
    """Lets the command's loop turn a number of times, and notes what it was told to wait."""

    def __init__(self, command: Command, rounds: int) -> None:
        self.command, self.left = command, rounds

    def wait(self, seconds: float) -> None:
        self.left -= 1
        if self.left == 0:
            self.command._stop()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, subscribers: Any) -> Any:
    """Return what turns the loop a few times in this process."""

    def turn(rounds: int) -> None:
        command = Command()
        few = FewRounds(command, rounds)
        monkeypatch.setattr(relay_events, "Nudges", lambda: few)
        monkeypatch.setattr(relay_events.signal, "signal", lambda *_args: None)
        command.handle(interval=0.0)

    return turn


def terminate(backend: int) -> None:
    """End another connection, as a restart of the server does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@contextmanager
def deaf_server() -> Iterator[int]:
    """Listen on a port that closes every connection at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_hang_up, args=[server], daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _hang_up(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestFaults:
    def test_a_cut_database_connection_is_opened_again(self, run: Any) -> None:
        write("a")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            own = cursor.fetchone()[0]

        race([partial(terminate, own)])
        run(3)

        assert Event.objects.get().position == 1

    def test_a_database_that_is_away_for_a_while_is_waited_for(
        self, run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        write("a")
        answers = [OperationalError("starting up"), OperationalError("still starting up")]
        real = relay.number_pending

        def number_pending(**more: Any) -> list[Event]:
            if answers:
                raise answers.pop()
            return real(**more)

        monkeypatch.setattr(relay, "number_pending", number_pending)

        run(3)

        assert Event.objects.get().position == 1
        assert caplog.text.count("database away") == 2


class TestNudges:
    def test_one_wakes_and_the_rest_are_drained(self) -> None:
        nudges = Nudges()
        nudges.wait(0.0)  # subscribes
        for _ in range(5):
            wake.relay()

        nudges.wait(20)

        assert nudges._pubsub.get_message(timeout=0) is None

    def test_a_broker_that_hangs_up_is_a_plain_timer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slept: list[float] = []
        monkeypatch.setattr(relay_events.time, "sleep", slept.append)
        with deaf_server() as port:
            monkeypatch.setattr(settings, "REDIS_URL", f"redis://127.0.0.1:{port}/0")
            nudges = Nudges()

            nudges.wait(0.25)
            nudges.wait(0.25)

        assert slept == [0.25, 0.25]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestProcess:
    @pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
    def test_relays_and_stops_when_told_to(self, sent: signal.Signals) -> None:
        write("a")
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=settings.BASE_DIR,
            env={**os.environ, "RELAY_DATABASE": connection.settings_dict["NAME"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "turned 1\n"
            process.send_signal(sent)

            assert process.wait(30) == 0
        finally:
            process.kill()
            process.stdout.close()
        assert Event.objects.get().position == 1


PROGRAM = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["RELAY_DATABASE"]
import django
django.setup()
from django.core.management import call_command
from core.events import relay
real = relay.run_once
def run_once():
    numbered = real()
    if numbered:
        print("turned", numbered, flush=True)
    return numbered
relay.run_once = run_once
call_command("relay_events", "--interval", "0.05")
"""
