"""Writing the trail, and sealing it in batches so that no request waits for the chain."""

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from core.accounts.models import User
from core.audit.chain import GENESIS, head_mac, link, new_proof
from core.audit.models import AuditEntry, AuditHead, AuditSeal, Outcome
from core.inserts import save_new

SEALING_LOCK = 0x41554454
BATCH = 1_000


def record(
    *,
    action: str,
    by: User | None,
    at: datetime,
    subject_type: str = "",
    subject_id: object = "",
    outcome: Outcome = Outcome.DONE,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry in the running transaction. ``data`` holds no personal data."""
    context = structlog.contextvars.get_contextvars()
    entry = AuditEntry(
        at=at,
        actor_id=by.pk if by is not None and by.is_authenticated else None,
        action=action,
        outcome=outcome,
        subject_type=subject_type,
        subject_id=str(subject_id),
        reason=reason[:300],
        data=data or {},
        address=str(context.get("address", ""))[:45],
        request_id=str(context.get("request_id", ""))[:40],
    )
    entry.proof = new_proof(entry)
    save_new(entry)
    return entry


@transaction.atomic
def seal_pending(*, limit: int = BATCH) -> int:
    """Chain entries that have no seal yet, in the order of their ids; return how many.

    One sealer at a time. An entry that commits late is sealed behind younger ids: the chain
    follows the order of sealing, which each seal's position records.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALING_LOCK])
    head = AuditHead.objects.first()
    position, last = (head.position, bytes(head.digest)) if head else (0, GENESIS)
    seals = []
    for entry in unsealed(limit=limit):
        position += 1
        last = link(last, entry)
        seals.append(AuditSeal(position=position, entry_id=entry.pk, digest=last))
    if not seals:
        return 0
    AuditSeal.objects.bulk_create(seals)
    AuditHead.objects.update_or_create(
        id=1,
        defaults={
            "position": position,
            "digest": last,
            "mac": head_mac(position, last),
            "sealed_at": timezone.now(),
        },
    )
    return len(seals)


def unsealed(*, limit: int) -> list[AuditEntry]:
    """Return the oldest entries without a seal."""
    return list(
        AuditEntry.objects.raw(
            "SELECT e.* FROM core_auditentry AS e"
            " WHERE NOT EXISTS (SELECT 1 FROM core_auditseal AS s WHERE s.entry_id = e.id)"
            " ORDER BY e.id LIMIT %s",
            [limit],
        )
    )
