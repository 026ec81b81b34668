"""Folding a text so that different spellings of one word meet: width, case, 繁體 and 简体.

The traditional characters come from OpenCC's character dictionary, read once when first needed.
Phrases are not looked at: a search may take two words for one, never one word for two.
"""

import unicodedata
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """Map each traditional character to its first simplified form."""
    lines = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8")
    table: dict[int, str] = {}
    for line in lines.splitlines():
        traditional, _tab, forms = line.partition("\t")
        simplified = forms.split(" ")[0].strip()
        if len(traditional) == len(simplified) == 1 and traditional != simplified:
            table[ord(traditional)] = simplified
    return table


@lru_cache(maxsize=1)
def _traditional() -> frozenset[str]:
    return frozenset(map(chr, _simplified()))


def fold(text: str) -> str:
    """Return the text in half width, lower case and simplified characters."""
    plain = unicodedata.normalize("NFKC", text).lower()
    if _traditional().isdisjoint(plain):  # nearly always, and far cheaper than translating
        return plain
    return plain.translate(_simplified())
