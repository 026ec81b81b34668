"""Uploaded files: kept once sniffed, bound to a subject when the form is sent."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class Attachment(models.Model):
    """One file. ``token`` opens it to the one who uploaded it until it is bound to a subject."""

    token = models.UUIDField(unique=True)
    file = models.FileField(upload_to="attachments/%Y/%m/%d")
    name = models.CharField(_("文件名"), max_length=200)
    content_type = models.CharField(_("类型"), max_length=100)
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(
        "core.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    holder = models.CharField(max_length=64, blank=True)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    data_classes = classify(
        internal="id token content_type size sha256 uploaded_by holder subject_type subject_id"
        " created_at",
        personal="file name",
    )

    class Meta:
        verbose_name = _("附件")
        verbose_name_plural = _("附件")
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="attachment_subject_idx"),
            models.Index(
                fields=["created_at"],
                condition=Q(subject_id__isnull=True),
                name="attachment_unbound_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"
