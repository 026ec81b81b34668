"""Load the fictional city."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.loaders.categories import assign_default_units
from config.loaders.matters import load_demo_matters
from config.loaders.organisations import load_organisations
from config.loaders.outcome import Loaded
from config.loaders.people import load_people
from config.loaders.policies import load_policies
from config.loaders.regions import load_regions


class Command(BaseCommand):
    """The city of 蓉江市: regions, units, people, default units of categories, matters.

    Needs ``load_reference`` before. May run any number of times: it adds what is missing and
    never overwrites. Outside the development settings it wants ``DEMO_PASSWORD``.
    """

    help = "载入虚构城市蓉江市的演示数据（先执行 load_reference；可重复执行，只补缺，不覆盖）"

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every loader in the order of their needs and say what it did."""
        at = timezone.now()
        steps: tuple[Callable[[], Loaded], ...] = (
            load_regions,
            load_organisations,
            partial(load_people, at=at),
            load_policies,
            assign_default_units,
            load_demo_matters,
        )
        try:
            for step in steps:
                self._say(step(), options["verbosity"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def _say(self, loaded: Loaded, verbosity: int) -> None:
        if verbosity:
            self.stdout.write(f"  {loaded}")
