"""Legal clocks: the policy that gives them their length, the clock, and its ledger."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.clocks.states import ClockState, LedgerAction, Unit
from core.personal_data.register import classify


class ClockPolicy(models.Model):
    """How long a clock of one kind runs, for a region, a type and an urgency, from a date on.

    Empty region, ``subject_kind`` or ``urgency`` mean "any". A later policy never moves a clock
    that is already running. ``source`` names the decree, or says that it is only a default.
    """

    clock_kind = models.CharField(_("时钟"), max_length=40)
    subject_kind = models.CharField(_("诉求类型"), max_length=40, blank=True)
    urgency = models.CharField(_("紧急程度"), max_length=20, blank=True)
    region = models.ForeignKey(
        "core.Region", verbose_name=_("区域"), null=True, blank=True, on_delete=models.PROTECT
    )
    amount = models.PositiveIntegerField(_("时长"))
    unit = models.CharField(_("单位"), max_length=20, choices=Unit)
    effective_date = models.DateField(_("施行日期"))
    source = models.CharField(_("依据"), max_length=300)

    data_classes = classify(
        public="id clock_kind subject_kind urgency region amount unit effective_date source"
    )

    class Meta:
        verbose_name = _("时限政策")
        verbose_name_plural = _("时限政策")
        constraints = [
            models.UniqueConstraint(
                fields=["clock_kind", "subject_kind", "urgency", "region", "effective_date"],
                name="clock_policy_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="clock_policy_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_kind} {self.subject_kind} {self.amount} {self.unit}"


class Clock(models.Model):
    """One running promise on one subject. ``due_at`` is derived from the ledger and stored."""

    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    kind = models.CharField(_("时钟"), max_length=40)
    unit = models.CharField(_("单位"), max_length=20, choices=Unit)
    amount = models.PositiveIntegerField(_("时长"))
    policy = models.ForeignKey(ClockPolicy, null=True, blank=True, on_delete=models.PROTECT)
    region = models.ForeignKey("core.Region", null=True, blank=True, on_delete=models.PROTECT)
    state = models.CharField(_("状态"), max_length=12, choices=ClockState)
    started_at = models.DateTimeField(_("起算"))
    due_at = models.DateTimeField(_("到期"), null=True, blank=True)
    provisional = models.BooleanField(_("暂定"), default=False)
    fired_at = models.DateTimeField(_("到期处理"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("停止"), null=True, blank=True)

    data_classes = classify(
        internal="id subject_type subject_id kind unit amount policy region state started_at"
        " due_at provisional fired_at stopped_at"
    )

    class Meta:
        verbose_name = _("时钟")
        verbose_name_plural = _("时钟")
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="running"),
                name="clock_running_due_idx",
            ),
            models.Index(fields=["subject_type", "subject_id"], name="clock_subject_idx"),
            models.Index(
                fields=["id"],
                condition=Q(provisional=True, state__in=["running", "suspended"]),
                name="clock_provisional_idx",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "kind"],
                condition=Q(state__in=["running", "suspended"]),
                name="clock_one_open_per_kind",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | ~Q(state="running"),
                name="clock_running_has_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type}:{self.subject_id}"


class ClockEntry(models.Model):
    """One line of the ledger; lines are only ever added."""

    clock = models.ForeignKey(
        Clock,
        verbose_name=_("时钟"),
        on_delete=models.PROTECT,
        related_name="entries",
        db_index=False,
    )
    number = models.PositiveIntegerField(_("序号"))
    action = models.CharField(_("动作"), max_length=12, choices=LedgerAction)
    amount = models.PositiveIntegerField(_("时长"), null=True, blank=True)
    at = models.DateTimeField(_("时间"))
    by = models.ForeignKey(
        "core.User", verbose_name=_("人员"), null=True, blank=True, on_delete=models.PROTECT
    )
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    due_at = models.DateTimeField(_("到期"), null=True, blank=True)

    data_classes = classify(internal="id clock number action amount at by reason due_at")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "number"], name="clock_entry_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}.{self.number} {self.action}"
