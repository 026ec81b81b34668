"""Checking the chain: what was changed, removed, inserted or put in another order."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count

from core.audit.chain import GENESIS, head_mac, is_genuine, link
from core.audit.models import AuditEntry, AuditHead, AuditSeal

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Flaw:
    """One place where the trail is not what was sealed."""

    kind: str
    position: int
    entry_id: int


def find_flaws() -> Iterator[Flaw]:
    """Walk the whole chain and yield every flaw.

    Kinds: ``altered`` (entry differs from its seal), ``deleted`` (seal without entry),
    ``reordered`` (positions do not follow each other), ``inserted`` (a row that the application
    did not write, or a copy of one, sealed or not), ``truncated`` and ``forged_head`` (the end of
    the chain is not the authenticated one). What was cut off together with its own authentic
    head, restored from before, shows only against a tail noted elsewhere.
    """
    expected, last = 0, GENESIS
    for seal, entry in _sealed():
        expected += 1
        if seal.position != expected:
            yield Flaw("reordered", seal.position, seal.entry_id)
            expected = seal.position
        if entry is None:
            yield Flaw("deleted", seal.position, seal.entry_id)
        elif link(last, entry) != bytes(seal.digest):
            yield Flaw("altered", seal.position, seal.entry_id)
        elif not is_genuine(entry):
            yield Flaw("inserted", seal.position, seal.entry_id)
        last = bytes(seal.digest)
    yield from _head_flaws(expected, last)
    yield from _unsealed_flaws()
    yield from _copies()


def _sealed() -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    after = 0
    while True:
        seals = list(AuditSeal.objects.filter(position__gt=after).order_by("position")[:CHUNK])
        if not seals:
            return
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            yield seal, entries.get(seal.entry_id)
        after = seals[-1].position


def _head_flaws(position: int, last: bytes) -> Iterator[Flaw]:
    head = AuditHead.objects.first()
    if head is None:
        if position:
            yield Flaw("truncated", position, 0)
        return
    if not hmac.compare_digest(bytes(head.mac), head_mac(head.position, bytes(head.digest))):
        yield Flaw("forged_head", head.position, 0)
    if head.position != position or bytes(head.digest) != last:
        yield Flaw("truncated", position, 0)


def _unsealed_flaws() -> Iterator[Flaw]:
    unsealed = AuditEntry.objects.raw(
        "SELECT e.* FROM core_auditentry AS e WHERE NOT EXISTS"
        " (SELECT 1 FROM core_auditseal AS s WHERE s.entry_id = e.id) ORDER BY e.id"
    )
    for entry in unsealed.iterator():
        if not is_genuine(entry):
            yield Flaw("inserted", 0, entry.pk)


def _copies() -> Iterator[Flaw]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM core_auditentry GROUP BY proof HAVING count(*) > 1 ORDER BY 1"
        )
        copied = [row[0] for row in cursor.fetchall()]
    for entry_id in copied:
        yield Flaw("inserted", 0, entry_id)


def count_by_action(*, since: datetime) -> dict[str, int]:
    """Return how often each action happened; for the audit administrator's page."""
    rows = AuditEntry.objects.filter(at__gte=since).values("action").annotate(n=Count("id"))
    return {row["action"]: row["n"] for row in rows.order_by("action")}
