"""Messages to people and how their delivery went."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.fields import EncryptedTextField
from core.personal_data.register import classify


class Channel(models.TextChoices):
    """By which way a message goes out."""

    IN_APP = "in_app", _("站内消息")
    SMS = "sms", _("短信")
    EMAIL = "email", _("电子邮件")


class DeliveryState(models.TextChoices):
    """Where a delivery stands; dead means that no more attempts are made."""

    QUEUED = "queued", _("待发送")
    SENT = "sent", _("已发送")
    DELIVERED = "delivered", _("已送达")
    DEAD = "dead", _("发送失败")


class Notification(models.Model):
    """One message to one recipient on one channel; ``collision_key`` keeps it from going twice."""

    collision_key = models.CharField(max_length=160, unique=True)
    template = models.CharField(_("模板"), max_length=60)
    channel = models.CharField(_("渠道"), max_length=10, choices=Channel)
    recipient = models.ForeignKey(
        "core.User",
        verbose_name=_("接收人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notifications",
    )
    address = EncryptedTextField(_("地址"), max_length=200)
    title = models.CharField(_("标题"), max_length=120)
    body = EncryptedTextField(_("正文"), max_length=2_000)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    link = models.CharField(max_length=200, blank=True)
    urgent = models.BooleanField(_("不受静默时段限制"), default=False)
    state = models.CharField(_("状态"), max_length=10, choices=DeliveryState)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    next_attempt_at = models.DateTimeField(_("下次尝试"), null=True, blank=True)
    last_error = models.CharField(_("最近错误"), max_length=300, blank=True)
    gateway_id = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(_("生成时间"), auto_now_add=True)
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    data_classes = classify(
        internal="id collision_key template channel recipient subject_type subject_id link urgent"
        " state attempts next_attempt_at last_error gateway_id created_at sent_at read_at title",
        personal="address body",
    )

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state="queued"),
                name="notification_queue_idx",
            ),
            models.Index(fields=["-id"], condition=Q(state="dead"), name="notification_dead_idx"),
            models.Index(fields=["recipient", "-id"], name="notification_recipient_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.channel} {self.pk}"
