"""Load what any city needs before its first ticket."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.loaders.categories import load_categories
from config.loaders.holidays import load_holidays
from config.loaders.outcome import Loaded
from config.loaders.policies import load_policies
from config.loaders.schedule import load_schedule


class Command(BaseCommand):
    """Reference data: it names no unit, no person and no region of any particular city.

    Holiday notices, clock policies, the category tree and the beat's schedule. What needs the
    demo city (regions, units, people, which unit handles which category, policies of a region,
    matters) is ``load_demo``. May run any number of times: it adds what is missing and never
    overwrites what the city edited.
    """

    help = "载入基础数据：节假日、时限政策、诉求分类、定时任务（可重复执行，只补缺，不覆盖）"

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every loader and say what it did."""
        at = timezone.now()
        steps: tuple[Callable[[], Loaded], ...] = (
            partial(load_holidays, at=at),
            load_policies,
            load_categories,
            load_schedule,
        )
        for step in steps:
            loaded = step()
            if options["verbosity"]:
                self.stdout.write(f"  {loaded}")
