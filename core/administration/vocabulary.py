"""Words that the apps above the kernel give to codes which the kernel only stores."""

from collections.abc import Iterable, Mapping
from typing import Any

_words: dict[str, dict[str, Any]] = {}


def name(topic: str, words: Iterable[tuple[str, Any]]) -> None:
    """Give the words of a topic, such as ``clock_kind``; given again they replace."""
    _words.setdefault(topic, {}).update(dict(words))


def choices(topic: str) -> list[tuple[str, Any]]:
    """Return code and word of a topic, in the order given."""
    return list(_words.get(topic, {}).items())


def word(topic: str, code: str) -> str:
    """Return the word of a code, or the code."""
    words: Mapping[str, Any] = _words.get(topic, {})
    return str(words.get(code, code))
