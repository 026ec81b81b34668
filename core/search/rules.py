"""Cutting Chinese text into search tokens: characters, pairs of neighbours, and Latin words."""

import re
from itertools import pairwise

from core.search.folding import fold

MAX_CHARACTERS = 2_000
TOKEN_LENGTH = 40
_RUN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd]+|[a-z0-9]+")


def runs(text: str) -> list[str]:
    """Return the folded stretches of Chinese or of Latin letters and digits, in order.

    Only the first MAX_CHARACTERS count, so that cost is bounded.
    """
    return _RUN.findall(fold(text[:MAX_CHARACTERS]))


def tokenise(text: str) -> set[str]:
    """Return the tokens to store: each Chinese character, each pair of neighbours, each word."""
    tokens: set[str] = set()
    for run in runs(text):
        if run[0].isascii():
            tokens.add(run[:TOKEN_LENGTH])
        else:
            tokens.update(run)
            tokens.update(map("".join, pairwise(run)))
    return tokens


def tokens_of_run(run: str) -> list[str]:
    """Return the tokens that a row must have to match one stretch of a query.

    A word or a single character is itself; a longer Chinese stretch is its pairs.
    """
    if run[0].isascii():
        return [run[:TOKEN_LENGTH]]
    if len(run) == 1:
        return [run]
    return list(dict.fromkeys(map("".join, pairwise(run))))
