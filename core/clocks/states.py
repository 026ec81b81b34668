"""The words of the clock engine: what a clock counts, how it stands, what can happen to it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Unit(TextChoices):
    """What a clock counts. Minutes and hours run day and night; the day units stop at midnight."""

    MINUTES = "minutes", _("分钟")
    HOURS = "hours", _("小时")
    CALENDAR_DAYS = "calendar_days", _("日")
    WORKING_DAYS = "working_days", _("个工作日")


class ClockState(TextChoices):
    """How a clock stands. The ledger gives the first three; ``fired`` is set when it falls due."""

    RUNNING = "running", _("计时中")
    SUSPENDED = "suspended", _("已暂停")
    STOPPED = "stopped", _("已停止")
    FIRED = "fired", _("已到期")


class LedgerAction(TextChoices):
    """One kind of line in the ledger of a clock."""

    START = "start", _("起算")
    SUSPEND = "suspend", _("暂停")
    RESUME = "resume", _("恢复")
    EXTEND = "extend", _("延长")
    STOP = "stop", _("停止")
    RECOMPUTE = "recompute", _("重新计算")


DAY_UNITS = frozenset({Unit.CALENDAR_DAYS, Unit.WORKING_DAYS})
OPEN_STATES = frozenset({ClockState.RUNNING, ClockState.SUSPENDED})
