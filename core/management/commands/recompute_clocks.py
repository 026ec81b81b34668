"""Recompute open clocks from their ledgers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.clocks.actions import Moved, recompute_open, recompute_provisional


class Command(BaseCommand):
    """Moves deadlines to where the holiday notices of today put them, earlier or later.

    It also runs by itself when a notice is entered, and at night.
    """

    help = "按台账重新计算未结时限：默认只算暂定期限，--all 计算全部按日计的时限"

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer all instead of the provisional ones."""
        parser.add_argument("--all", action="store_true", help="包括非暂定的时限")

    def handle(self, *args: Any, **options: Any) -> None:
        """Recompute and print how many moved, and where."""
        run = recompute_open if options["all"] else recompute_provisional
        result = run(at=timezone.now())
        self.stdout.write(f"检查 {result.examined} 个时限，调整 {len(result.moved)} 个。")
        if options["verbosity"]:
            for moved in result.moved:
                self.stdout.write(f"  {_line(moved)}")
        if result.left:
            self.stderr.write(f"{result.left} 个正被他人处理，请稍后重试。")


def _line(moved: Moved) -> str:
    clock = moved.clock
    return f"{clock.subject_type} {clock.subject_id} {clock.kind}：{_when(moved)}"


def _when(moved: Moved) -> str:
    before, after = (
        f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else "暂停"
        for moment in (moved.before, moved.after)
    )
    return before if before == after else f"{before} → {after}"
