"""Canonical forms behind the blind indexes: lenient, so that odd input still finds itself."""

import unicodedata

from core.identifiers.rules import InvalidIdentifier, normalise_phone


def phone(raw: str) -> str:
    """Return the canonical number; what is no number is compared by its bare characters."""
    try:
        return normalise_phone(raw)
    except InvalidIdentifier:
        return bare(raw)


def bare(raw: str) -> str:
    """Return the text without width variants, blanks and case."""
    return "".join(unicodedata.normalize("NFKC", raw).split()).upper()
