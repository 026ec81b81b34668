"""Check the audit trail from the first entry to the last."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit.models import AuditHead
from core.audit.queries import find_flaws
from core.audit.tasks import seal_audit

WORDS = {
    "altered": "记录被改动",
    "deleted": "记录被删除",
    "reordered": "顺序被改动",
    "inserted": "混入并非本系统写入的记录",
    "truncated": "链尾被截断或改动",
    "forged_head": "链头校验码不符",
}


class Command(BaseCommand):
    """Print every flaw and exit with 1, or say that the chain is whole."""

    help = "核验审计链：逐条重算，指出被改动、删除、插入或调换顺序的记录。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal what is pending, then walk the chain."""
        seal_audit()
        flaws = list(find_flaws())
        for flaw in flaws:
            self.stdout.write(f"第 {flaw.position} 环，记录 {flaw.entry_id}：{WORDS[flaw.kind]}")
        if flaws:
            raise CommandError(f"审计链有 {len(flaws)} 处异常。")
        head = AuditHead.objects.first()
        count = head.position if head else 0
        tail = bytes(head.digest).hex()[:16] if head else "-"
        self.stdout.write(f"审计链完整，共 {count} 条，链尾 {tail}。")
