"""Print the demo logins."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from config.loaders.logins import login_table


class Command(BaseCommand):
    """One account a role, with the password they share."""

    help = "列出演示账号"

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table."""
        try:
            lines = login_table()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(lines))
