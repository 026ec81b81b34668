"""Run the relay: from the outbox to consoles and subscribers, until told to stop."""

import logging
import signal
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections

from core.events import relay, wake

_log = logging.getLogger(__name__)


class Command(BaseCommand):
    """One of these runs beside the web; a second one waits its turn at the lock."""

    help = "事件中继：把已提交的事件编号，推送给控制台和订阅方。"
    running = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the polling interval."""
        parser.add_argument("--interval", type=float, default=0.5, help="无唤醒时的轮询间隔（秒）")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loop: do the work, wait for a nudge or for the interval. Any fault is survived."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        nudges = Nudges()
        while self.running:
            if self._work() < relay.BATCH:
                nudges.wait(options["interval"])

    def _stop(self, *_args: Any) -> None:
        self.running = False

    def _work(self) -> int:
        try:
            return relay.run_once()
        except DatabaseError as error:
            _log.warning("relay: database away, trying again: %s", type(error).__name__)
            close_old_connections()
            return 0


class Nudges:
    """Waiting on the wake-up channel; without a broker it is a plain timer."""

    def __init__(self) -> None:
        self._pubsub: Any = None

    def wait(self, seconds: float) -> None:
        """Return at a nudge or after ``seconds``."""
        try:
            if self._pubsub is None:
                client: Any = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1)
                self._pubsub = client.pubsub(ignore_subscribe_messages=True)
                self._pubsub.subscribe(wake.CHANNEL)
            if self._pubsub.get_message(timeout=seconds) is not None:
                self._drain()
        except (redis.RedisError, OSError):
            self._pubsub = None
            time.sleep(seconds)

    def _drain(self) -> None:
        while self._pubsub.get_message(timeout=0) is not None:
            pass
