"""Cutting Chinese text into search tokens: overlapping pairs of characters, and Latin words."""

import re
import unicodedata

MAX_CHARACTERS = 2_000
_RUN = re.compile(r"[㐀-鿿豈-﫿]+|[a-z0-9]+")


def tokenise(text: str) -> set[str]:
    """Return the tokens of a text: each pair of neighbouring Chinese characters, each Latin word.

    Width and case are folded. Only the first MAX_CHARACTERS count, so that cost is bounded.
    """
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    tokens: set[str] = set()
    for run in _RUN.findall(folded):
        if run[0].isascii():
            tokens.add(run[:40])
        elif len(run) == 1:
            tokens.add(run)
        else:
            tokens.update(run[i : i + 2] for i in range(len(run) - 1))
    return tokens
