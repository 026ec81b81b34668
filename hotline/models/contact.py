"""来件: one arrival of a citizen's voice on one channel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.fields import BlindIndexField, EncryptedTextField
from core.personal_data.register import classify
from hotline.states import Source


class Contact(models.Model):
    """What arrived, in the caller's own words, with who called. (source, external_id) is once.

    The first contact of a ticket is its ``origin``; a later one that adds to a ticket says so in
    ``follows``. Caller data lives here alone, so that masking and key rotation have one place.
    """

    source = models.CharField(_("来源"), max_length=20, choices=Source)
    external_id = models.CharField(_("外部编号"), max_length=120, blank=True)
    source_number = models.CharField(_("被叫号码"), max_length=20, blank=True)
    follows = models.ForeignKey(
        "hotline.Ticket",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="follow_ups",
        db_index=False,
    )
    caller_name = EncryptedTextField(_("诉求人"), max_length=60)
    caller_phone = EncryptedTextField(_("联系电话"), max_length=40)
    caller_phone_index = BlindIndexField(
        source="caller_phone", purpose="phone", normalise="core.personal_data.canonical.phone"
    )
    caller_id_no = EncryptedTextField(_("身份证号"), max_length=18)
    caller_id_no_index = BlindIndexField(
        source="caller_id_no", purpose="id_no", normalise="core.personal_data.canonical.bare"
    )
    user = models.ForeignKey(
        "core.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contacts",
        db_index=False,
    )
    title = models.CharField(_("标题"), max_length=200)
    content = models.TextField(_("内容"))
    received_at = models.DateTimeField(_("收到时间"))
    registered_by = models.ForeignKey(
        "core.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    data_classes = classify(
        internal="id source external_id source_number follows received_at registered_by",
        personal="caller_name caller_phone caller_phone_index user title content",
        sensitive="caller_id_no caller_id_no_index",
    )

    class Meta:
        verbose_name = _("来件")
        verbose_name_plural = _("来件")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="contact_external_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["follows"], condition=Q(follows__isnull=False), name="contact_follows_idx"
            ),
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="contact_user_idx"),
            models.Index(
                fields=["registered_by"],
                condition=Q(registered_by__isnull=False),
                name="contact_registered_by_idx",
            ),
            models.Index(
                fields=["caller_phone_index", "-id"],
                condition=Q(caller_phone_index__isnull=False),
                name="contact_phone_idx",
            ),
            models.Index(
                fields=["caller_id_no_index"],
                condition=Q(caller_id_no_index__isnull=False),
                name="contact_id_no_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"
