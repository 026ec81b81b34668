"""Send the messages that are due, for machines without a worker."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.notifications import actions


class Command(BaseCommand):
    """``manage.py deliver_notifications [--limit N]``."""

    help = "发送到期的通知（一批）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of the batch."""
        parser.add_argument("--limit", type=int, default=100)

    def handle(self, *args: Any, **options: Any) -> None:
        """Send one batch and say how many were tried."""
        tried = actions.deliver_due(at=timezone.now(), limit=options["limit"])
        self.stdout.write(f"已尝试发送 {tried} 条。")
