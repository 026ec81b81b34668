"""What the beat starts, and how often."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django_celery_beat.models import (
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
)

from config.loaders.outcome import Loaded

ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Beat:
    """One periodic task: every so many seconds, or each hour at a minute, or daily at an hour.

    A run that no worker took up before ``expires`` seconds is dropped: the next one does its work.
    """

    name: str
    task: str
    seconds: int = 0
    minute: int = 0
    hour: str = "*"
    expires: int = 60


BEATS = (
    Beat("到期时限 fire due clocks", "core.clocks.tasks.fire_due_clocks", seconds=5),
    Beat("审计封存 seal audit", "core.audit.tasks.seal_audit", seconds=10),
    Beat(
        "审计链核验 check the audit chain",
        "core.audit.tasks.check_audit_chain",
        minute=10,
        hour="4",
        expires=3000,
    ),
    Beat(
        "消息发送 deliver notifications",
        "core.notifications.tasks.deliver_notifications",
        seconds=5,
    ),
    Beat(
        "清理未绑定附件 purge unbound attachments",
        "core.attachments.tasks.purge_unbound",
        minute=10,
        expires=3000,
    ),
    Beat(
        "清理过期草稿 purge drafts",
        "core.drafts.tasks.purge_drafts",
        minute=50,
        hour="3",
        expires=3000,
    ),
    Beat(
        "清理旧幂等键 forget old idempotency keys",
        "core.http.tasks.forget_old_keys",
        minute=40,
        hour="3",
        expires=3000,
    ),
    Beat(
        "补做排队文书 render queued documents",
        "core.documents.tasks.render_queued",
        seconds=30,
    ),
    Beat(
        "清理旧文书 purge documents",
        "core.documents.tasks.purge_documents",
        minute=30,
        hour="3",
        expires=3000,
    ),
    Beat(
        "暂定期限复核 recompute provisional clocks",
        "core.clocks.tasks.recompute_provisional",
        minute=20,
        expires=3000,
    ),
    Beat(
        "全部期限复核 recompute open clocks",
        "core.clocks.tasks.recompute_open",
        minute=40,
        hour="2",
        expires=3000,
    ),
)


@transaction.atomic
def load_schedule() -> Loaded:
    """Add the periodic tasks that are missing; an interval that the city changed stays."""
    names = [beat.name for beat in BEATS]
    present = set(PeriodicTask.objects.filter(name__in=names).values_list("name", flat=True))
    missing = [beat for beat in BEATS if beat.name not in present]
    PeriodicTask.objects.bulk_create(_periodic(beat) for beat in missing)
    if missing:
        PeriodicTasks.update_changed()
    return Loaded(_("定时任务"), len(missing), len(present))


def _periodic(beat: Beat) -> PeriodicTask:
    interval = crontab = None
    if beat.seconds:
        interval, _created = IntervalSchedule.objects.get_or_create(
            every=beat.seconds, period=IntervalSchedule.SECONDS
        )
    else:
        crontab, _created = CrontabSchedule.objects.get_or_create(
            minute=str(beat.minute),
            hour=beat.hour,
            day_of_week="*",
            day_of_month="*",
            month_of_year="*",
            timezone=ZONE,
        )
    return PeriodicTask(
        name=beat.name,
        task=beat.task,
        interval=interval,
        crontab=crontab,
        expire_seconds=beat.expires,
    )
