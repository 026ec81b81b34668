"""回访 and 评价: was it solved, and is the citizen satisfied? Two answers, never one."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify
from hotline.states import CallbackResult, Satisfaction, Solved


class CallbackAttempt(models.Model):
    """One try to reach the citizen after the answer."""

    ticket = models.ForeignKey("hotline.Ticket", on_delete=models.PROTECT, related_name="callbacks")
    round = models.PositiveSmallIntegerField()
    result = models.CharField(_("结果"), max_length=16, choices=CallbackResult)
    note = models.CharField(_("备注"), max_length=500, blank=True)
    next_at = models.DateTimeField(_("约定时间"), null=True, blank=True)
    by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    data_classes = classify(internal="id ticket round result next_at by at", personal="note")

    class Meta:
        verbose_name = _("回访记录")
        verbose_name_plural = _("回访记录")

    def __str__(self) -> str:
        return f"callback {self.pk}"


class EvaluationChannel(models.TextChoices):
    """How the evaluation was given."""

    ONLINE = "online", _("网上自评")
    CALL_BACK = "call_back", _("电话回访")


class Evaluation(models.Model):
    """The citizen's verdict on one round: at most one a round (一事一评)."""

    ticket = models.ForeignKey(
        "hotline.Ticket", on_delete=models.PROTECT, related_name="evaluations"
    )
    round = models.PositiveSmallIntegerField()
    solved = models.CharField(_("是否解决"), max_length=8, choices=Solved)
    satisfaction = models.PositiveSmallIntegerField(_("满意度"), choices=Satisfaction)
    comment = models.CharField(_("意见"), max_length=1000, blank=True)
    channel = models.CharField(_("方式"), max_length=10, choices=EvaluationChannel)
    by = models.ForeignKey(
        "core.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    data_classes = classify(
        internal="id ticket round solved satisfaction channel by at", personal="comment"
    )

    class Meta:
        verbose_name = _("评价")
        verbose_name_plural = _("评价")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "round"], name="evaluation_once_per_round"),
            models.CheckConstraint(
                condition=Q(satisfaction__range=(1, 5)), name="evaluation_five_levels"
            ),
        ]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"

    @property
    def is_bad(self) -> bool:
        """Tell whether an auditor has to look: dissatisfied, or not solved."""
        return self.satisfaction >= Satisfaction.DISSATISFIED or self.solved == Solved.NO
