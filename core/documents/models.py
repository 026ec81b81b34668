"""Rendered documents: asked for on a page, made in a queue, kept with their digest."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class DocumentState(models.TextChoices):
    """How far the rendering is."""

    QUEUED = "queued", _("排队中")
    READY = "ready", _("已生成")
    FAILED = "failed", _("生成失败")


class Document(models.Model):
    """One PDF about one subject, readable by the one who asked for it."""

    token = models.UUIDField(unique=True)
    kind = models.CharField(_("类别"), max_length=40)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    requested_by = models.ForeignKey(
        "core.User",
        verbose_name=_("申请人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=DocumentState, default=DocumentState.QUEUED
    )
    file = models.FileField(upload_to="documents/%Y/%m/%d", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(_("失败原因"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    ready_at = models.DateTimeField(_("生成时间"), null=True, blank=True)

    data_classes = classify(
        internal="id token kind subject_type subject_id requested_by state sha256 error created_at"
        " ready_at",
        personal="file",
    )

    class Meta:
        verbose_name = _("文书")
        verbose_name_plural = _("文书")
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="document_subject_idx"),
            models.Index(
                fields=["-id"], condition=models.Q(state="failed"), name="document_failed_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
