"""Statements that come again and again: PostgreSQL parses each once per connection."""

from typing import Any, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """Return a cursor whose statements are prepared at their first use.

    Values are bound by the server: one statement at a time, and its types strictly. Write the text
    with ``%s`` for each value and no other percent sign.
    """
    cursor: CursorWrapper = cast("Any", connection).prepared_cursor()
    return cursor
