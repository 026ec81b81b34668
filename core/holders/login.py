"""Signing in takes the browser's unfinished work along.

Rooms that keep such work register how they hand it over; this room knows none of them.
"""

from typing import Any, Protocol

from django.http import HttpRequest

from core.accounts.models import User
from core.holders.cookies import holder_of


class Adopter(Protocol):
    """Hands everything of a holder to a person; returns how much it was."""

    def __call__(self, *, holder: str, by: User) -> int:
        """Move the rows."""
        ...


_adopters: list[Adopter] = []


def adopt_with(adopter: Adopter) -> None:
    """Register a room's way of handing over; called from ``AppConfig.ready``."""
    if adopter not in _adopters:
        _adopters.append(adopter)


def adopt_on_login(
    sender: object, *, request: HttpRequest | None = None, user: User, **_future: Any
) -> None:
    """Hand the browser's work to the person; connected to ``user_logged_in``."""
    holder = holder_of(request) if request is not None else ""
    if not holder:
        return
    for adopt in _adopters:
        adopt(holder=holder, by=user)
