"""Earlier tickets that may be about the same, for staff with their rights and for citizens.

A few rare tokens of the text find at most CANDIDATES newest rows by the token index; only those
are compared. Which tokens are common, PostgreSQL's own statistics of the column say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from core.accounts.models import User
from core.personal_data.masking import redact
from core.process_cache import ProcessCache
from core.regions.models import Region
from core.regions.queries import resolve
from core.search.folding import fold
from hotline.models import Ticket
from hotline.queries.categories import FRESH_SECONDS, category_tree
from hotline.queries.visibility import tickets_visible_to
from hotline.rules.similar import Asked, Candidate, asked, choose_tokens, likeness
from hotline.states import MatterKind, TicketState

CANDIDATES = 100
SHOWN_TO_STAFF = 10
SHOWN_TO_PUBLIC = 3
LOOK_BACK = timedelta(days=180)
REMEMBERED_SECONDS = 600
_COMMON = """
SELECT most_common_elems::text::text[], most_common_elem_freqs
  FROM pg_stats
 WHERE schemaname = current_schema() AND tablename = 'hotline_ticket'
   AND attname = 'search_tokens'
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier ticket, how alike it is (0 to 1) and why.

    For citizens ``no`` is empty, the title is redacted and ``received_at`` is only a day.
    """

    no: str
    title: str
    state: str
    received_at: datetime
    score: float
    reasons: tuple[str, ...]
    place: str = ""

    @property
    def state_text(self) -> str:
        """Return the state in words."""
        return str(TicketState(self.state).label)


def similar_to_ticket(
    *, ticket: Ticket, user: User | None, limit: int = SHOWN_TO_STAFF
) -> list[Similar]:
    """Return earlier and later tickets like this one that the user may see, best first.

    Rights are part of the query, so a 举报 or a confidential ticket appears only to those who
    work on it or at the desks of its region.
    """
    matter = asked(
        title=ticket.title,
        content=ticket.content,
        address=ticket.address,
        region_path=ticket.region.path,
        category=ticket.category.code if ticket.category else "",
        day=timezone.localdate(ticket.received_at),
        vocabulary=_vocabulary.get(),
    )
    rows = tickets_visible_to(user).exclude(pk=ticket.pk)
    around = (ticket.received_at - LOOK_BACK, ticket.received_at + LOOK_BACK)
    return _ranked(matter, rows.filter(received_at__range=around))[:limit]


def similar_to_text(
    *, title: str, content: str, region: str, address: str, user: User
) -> list[Similar]:
    """Return tickets like what is being typed, as far as this user may see them."""
    matter = _asked_now(title, content, region, address)
    rows = tickets_visible_to(user).filter(received_at__gte=timezone.now() - LOOK_BACK)
    return _ranked(matter, rows)[:SHOWN_TO_STAFF]


def similar_public(*, text: str, region: str = "", address: str = "") -> list[Similar]:
    """Return matters that others already raised and agreed to publish, without any number.

    Never a 举报 nor a confidential one; personal data is taken out of the titles. With a known
    region only its district is looked at.
    """
    matter = _asked_now(text[:30], text, region, address)
    rows = Ticket.objects.filter(
        publishable=True, confidential=False, received_at__gte=timezone.now() - LOOK_BACK
    ).exclude(kind=MatterKind.REPORT)
    if matter.region_path:
        rows = rows.filter(region__path__startswith=_district_of(matter.region_path))
    return [_published(found) for found in _ranked(matter, rows)[:SHOWN_TO_PUBLIC]]


def _published(found: Similar) -> Similar:
    day = timezone.localtime(found.received_at).replace(hour=0, minute=0, second=0, microsecond=0)
    return Similar(
        no="",
        title=redact(found.title),
        state=found.state,
        received_at=day,
        score=found.score,
        reasons=found.reasons,
        place=found.place,
    )


def _asked_now(title: str, content: str, region: str, address: str) -> Asked:
    known: Region | None = resolve(region) if region.isascii() and region.isdigit() else None
    return asked(
        title=title,
        content=content,
        address=address,
        region_path=known.path if known else "",
        category="",
        day=timezone.localdate(),
        vocabulary=_vocabulary.get(),
    )


def _district_of(path: str) -> str:
    """Return the path of the district (the second level) that holds a region."""
    return "/".join(path.split("/")[:2]) + "/" if path.count("/") > 1 else path


def _ranked(matter: Asked, rows: QuerySet[Ticket]) -> list[Similar]:
    tokens = choose_tokens(matter, _frequencies.get())
    if not tokens:
        return []
    found = (
        rows.filter(search_tokens__overlap=tokens)
        .select_related("region", "category")
        .only(
            *("no", "title", "state", "received_at", "search_tokens"),
            *("region__path", "region__full_name", "category__code"),
        )
        .order_by("-received_at", "-id")[:CANDIDATES]
    )
    ranked = [similar for row in found if (similar := _compared(matter, row))]
    return sorted(ranked, key=lambda similar: -similar.score)


def _compared(matter: Asked, row: Ticket) -> Similar | None:
    like = likeness(
        matter,
        Candidate(
            title=row.title,
            tokens=row.search_tokens,
            region_path=row.region.path,
            category=row.category.code if row.category else "",
            day=timezone.localdate(row.received_at),
        ),
    )
    if like is None:
        return None
    return Similar(
        no=row.no,
        title=row.title,
        state=row.state,
        received_at=row.received_at,
        score=like.score,
        reasons=like.reasons,
        place=row.region.full_name,
    )


def _load_vocabulary() -> tuple[str, ...]:
    words = (fold(word) for row in category_tree().values() for word in row.keywords)
    return tuple(sorted({word for word in words if len(word) > 1}))


_vocabulary = ProcessCache(_load_vocabulary, seconds=FRESH_SECONDS)


def _load_frequencies() -> Mapping[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(_COMMON)
        row = cursor.fetchone()
    if row is None or row[0] is None:
        return {}
    return dict(zip(row[0], row[1], strict=False))


_frequencies = ProcessCache(_load_frequencies, seconds=REMEMBERED_SECONDS)


def warm() -> None:
    """Read what is remembered in the process, so that the next question need not."""
    _vocabulary.get()
    _frequencies.get()
