"""Checking the whole chain off the request path, with the result itself on the record."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from core.accounts.models import User
from core.audit.actions import record
from core.audit.models import AuditEntry, Outcome
from core.audit.queries import find_flaws

CHECKED = "audit.checked"
MOST_FLAWS = 1_000


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The result of one check: how many flaws (at most MOST_FLAWS) of which kinds."""

    at: datetime
    flaws: int
    kinds: dict[str, int]


def check_chain(*, by: User | None, at: datetime) -> ChainCheck:
    """Walk the chain and write down what was found."""
    kinds = Counter(flaw.kind for flaw in islice(find_flaws(), MOST_FLAWS))
    result = ChainCheck(at, kinds.total(), dict(kinds))
    record(
        action=CHECKED,
        by=by,
        at=at,
        subject_type="audit",
        subject_id="chain",
        outcome=Outcome.REFUSED if result.flaws else Outcome.DONE,
        data={"flaws": result.flaws, "kinds": result.kinds},
    )
    return result


def last_check() -> ChainCheck | None:
    """Return the latest result on the record."""
    rows = AuditEntry.objects.filter(subject_type="audit", subject_id="chain", action=CHECKED)
    entry = rows.order_by("-id").first()
    if entry is None:
        return None
    return ChainCheck(entry.at, entry.data.get("flaws", 0), entry.data.get("kinds", {}))
