"""What every state machine shares: state, version, and the log of what moved it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class TransitionLog(models.Model):
    """One fired transition. A version is reached once: the constraint makes races lose."""

    subject_type = models.CharField(_("对象类型"), max_length=40)
    subject_id = models.BigIntegerField(_("对象"))
    version = models.PositiveIntegerField(_("版本"))
    transition = models.CharField(_("动作"), max_length=40)
    source = models.CharField(_("原状态"), max_length=40)
    target = models.CharField(_("新状态"), max_length=40)
    by = models.ForeignKey(
        "core.User",
        verbose_name=_("人员"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("时间"))
    reason = models.CharField(_("理由"), max_length=1000, blank=True)
    data = models.JSONField(default=dict, blank=True)

    data_classes = classify(
        internal="id subject_type subject_id version transition source target by at data",
        personal="reason",
    )

    class Meta:
        verbose_name = _("流转记录")
        verbose_name_plural = _("流转记录")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "version"], name="transition_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id} v{self.version} {self.transition}"
