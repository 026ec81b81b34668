"""What a deed of the kernel touches in the apps above it; each app tells for its own rows."""

from collections.abc import Callable
from typing import Any

Teller = Callable[[Any], str]
_tellers: dict[str, list[Teller]] = {}


def tell(deed: str, teller: Teller) -> None:
    """Have a sentence added to the confirmation page of a deed; told once however often."""
    tellers = _tellers.setdefault(deed, [])
    if teller not in tellers:
        tellers.append(teller)


def sentences(deed: str, subject: Any) -> list[str]:
    """Return what the apps say about doing this to a row."""
    return [text for teller in _tellers.get(deed, []) if (text := teller(subject))]
