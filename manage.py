#!/usr/bin/env python
"""Django's command line, with the embedded servers running while a command needs them."""

import os
import sys
from collections.abc import Sequence

from config import embedded
from config.embedded.reach import check_database

OFFLINE = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "draw_states",
        "findstatic",
        "help",
        "makemessages",
        "schema",
        "spectacular",
        "version",
    }
)
"""Commands that read no row, so nothing is started for them."""


def main(arguments: Sequence[str]) -> None:
    """Run one command; an obstacle outside the program becomes one sentence and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        if not is_production(arguments):
            embedded.load_secrets(os.environ)
        if needs_servers(arguments):
            check_database(os.environ)
            with embedded.hold(os.environ):
                execute(arguments)
            return
    except embedded.PlantError as error:
        sys.exit(f"{error}")
    execute(arguments)


def is_production(arguments: Sequence[str]) -> bool:
    """Answer whether secrets must come from the environment alone."""
    return any(
        "settings.prod" in word for word in (os.environ["DJANGO_SETTINGS_MODULE"], *arguments)
    )


def needs_servers(arguments: Sequence[str]) -> bool:
    """Answer whether the command may touch the database, the cache or the queue."""
    if len(arguments) < 2 or "--help" in arguments or "-h" in arguments:  # noqa: PLR2004
        return False
    return not arguments[1].startswith("-") and arguments[1] not in OFFLINE


def execute(arguments: Sequence[str]) -> None:
    """Hand over to Django; incomplete settings become one sentence and exit code 1."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(list(arguments))
    except ImproperlyConfigured as error:
        sys.exit(f"{error} / The settings are incomplete.")


if __name__ == "__main__":
    main(sys.argv)
