"""The portal's search: a citizen's own tickets and the subjects that a matter may have."""

from dataclasses import dataclass, field

from core.accounts.models import User
from core.search.folding import fold
from core.search.queries import matches
from hotline.models import Category, Ticket
from hotline.queries.categories import category_tree
from hotline.queries.progress import list_own
from hotline.queries.suggestions import suggest_categories

QUERY_MAX = 80
MOST_SUBJECTS = 8
MOST_TICKETS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave; empty lists mean that nothing fits."""

    subjects: list[Category] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)


def find_for_citizen(*, query: str, user: User | None) -> Found:
    """Find subjects by keyword and name, and the signed-in person's own tickets by words."""
    words = " ".join(query.replace("\x00", " ").split())[:QUERY_MAX]
    if not words:
        return Found()
    return Found(subjects=_subjects(words), tickets=_tickets(words, user))


def _subjects(words: str) -> list[Category]:
    """Return leaves whose keywords the words hold, then those whose name or keyword holds them."""
    tree, folded = category_tree(), fold(words)
    codes = [found.code for found in suggest_categories(title=words, content="")]
    for row in tree.values():
        named = any(folded in fold(word) for word in (row.name, *row.keywords))
        if named and row.keywords and row.code not in codes:
            codes.append(row.code)
    return [tree[code] for code in codes if code in tree][:MOST_SUBJECTS]


def _tickets(words: str, user: User | None) -> list[Ticket]:
    if user is None:
        return []
    rows = matches(list_own(user=user), words)
    return list(rows.order_by("-received_at", "-id")[:MOST_TICKETS])
