"""Full-text search inside the query that already knows what the caller may see."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from core.search.rules import runs, tokens_of_run
from core.search.synonyms import alternatives

MAX_QUERY = 100
MAX_RUNS = 8
M = TypeVar("M", bound=Model)


def matches(queryset: QuerySet[M], q: str, *, field: str = "search_tokens") -> QuerySet[M]:
    """Narrow the rows to those that contain every word of ``q``, or another word for the same.

    Rights stay where they are: in ``queryset``. Order stays the caller's: newest first, so that
    a page is a page and nothing is counted. A blank ``q`` narrows nothing; a ``q`` without a
    letter, digit or Chinese character finds nothing. Pairs of characters are compared, not
    positions: 占道经营 also finds a text that holds 占道, 道经 and 经营 apart from one another.
    """
    if not q.strip():
        return queryset
    words = list(dict.fromkeys(runs(q[:MAX_QUERY])))[:MAX_RUNS]
    if not words:
        return queryset.none()
    for word in words:
        queryset = queryset.filter(_any_of(word, field))
    return queryset


def _any_of(word: str, field: str) -> Q:
    condition = Q()
    for variant in alternatives(word):
        condition |= Q(**{f"{field}__contains": tokens_of_run(variant)})
    return condition
