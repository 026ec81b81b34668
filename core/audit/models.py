"""The audit trail: entries are appended in the deed's transaction, then sealed into a chain."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class Outcome(models.TextChoices):
    """How the deed ended."""

    DONE = "done", _("成功")
    REFUSED = "refused", _("拒绝")


class AuditEntry(models.Model):
    """Who did what to which object, when, from where and why. Never changed, never deleted.

    Kept at least six months (网络安全法 art. 21(3)). Holds references, not personal data.
    ``proof`` shows that the application wrote the row: it needs a key that the database lacks.
    """

    at = models.DateTimeField(_("时间"), db_index=True)
    actor = models.ForeignKey(
        "core.User",
        verbose_name=_("人员"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    action = models.CharField(_("动作"), max_length=60)
    outcome = models.CharField(_("结果"), max_length=10, choices=Outcome, default=Outcome.DONE)
    subject_type = models.CharField(_("对象类型"), max_length=40, blank=True)
    subject_id = models.CharField(_("对象"), max_length=60, blank=True)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    data = models.JSONField(_("明细"), default=dict, blank=True)
    address = models.CharField(_("来源地址"), max_length=45, blank=True)
    request_id = models.CharField(_("请求编号"), max_length=40, blank=True)
    proof = models.BinaryField(max_length=48)

    data_classes = classify(
        internal="id at actor action outcome subject_type subject_id reason data request_id proof",
        personal="address",
    )

    class Meta:
        verbose_name = _("审计记录")
        verbose_name_plural = _("审计记录")
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_subject_idx"),
            models.Index(fields=["actor", "-id"], name="audit_actor_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}:{self.subject_id}"


class AuditSeal(models.Model):
    """One link of the chain: digest = H(previous digest ‖ entry). ``entry_id`` has no foreign key,
    so that a removed entry leaves its seal behind as evidence."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    digest = models.BinaryField(max_length=32)

    data_classes = classify(internal="position entry_id digest")

    def __str__(self) -> str:
        return f"seal {self.position}"


class AuditHead(models.Model):
    """The end of the chain, authenticated with a key that the database does not hold."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    digest = models.BinaryField(max_length=32)
    mac = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    data_classes = classify(internal="id position digest mac sealed_at")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_head_single")]

    def __str__(self) -> str:
        return f"audit head {self.position}"
