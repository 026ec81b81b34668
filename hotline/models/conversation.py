"""What is said around a ticket: notes inside, supplements and replies with the citizen."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class NoteKind(models.TextChoices):
    """Who a note is for."""

    INTERNAL = "internal", _("内部备注")
    PROGRESS = "progress", _("办理进展")
    FIRST_CONTACT = "first_contact", _("首次联系")
    SEND_BACK = "send_back", _("退回意见")


class Note(models.Model):
    """A remark by staff on a ticket, or on one of its orders."""

    ticket = models.ForeignKey("hotline.Ticket", on_delete=models.PROTECT, related_name="notes")
    order = models.ForeignKey(
        "hotline.HandlingOrder",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notes",
    )
    kind = models.CharField(max_length=16, choices=NoteKind)
    text = models.TextField(_("内容"))
    by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    data_classes = classify(internal="id ticket order kind by at", personal="text")

    class Meta:
        verbose_name = _("备注")
        verbose_name_plural = _("备注")
        indexes = [models.Index(fields=["ticket", "id"], name="note_ticket_idx")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class Supplement(models.Model):
    """New facts that the citizen added after registration."""

    ticket = models.ForeignKey(
        "hotline.Ticket", on_delete=models.PROTECT, related_name="supplements"
    )
    text = models.TextField(_("补充内容"))
    by = models.ForeignKey(
        "core.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    data_classes = classify(internal="id ticket by at", personal="text")

    class Meta:
        verbose_name = _("补充说明")
        verbose_name_plural = _("补充说明")

    def __str__(self) -> str:
        return f"supplement {self.pk}"


class Reply(models.Model):
    """What the city told the citizen: a triage answer, or the approved answer of a round."""

    ticket = models.ForeignKey("hotline.Ticket", on_delete=models.PROTECT, related_name="replies")
    order = models.ForeignKey(
        "hotline.HandlingOrder", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    unit = models.ForeignKey(
        "core.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    round = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(_("答复内容"))
    by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    data_classes = classify(internal="id ticket order unit round by at", personal="text")

    class Meta:
        verbose_name = _("答复")
        verbose_name_plural = _("答复")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "round"],
                condition=Q(order__isnull=False),
                name="reply_once_per_round",
            )
        ]

    def __str__(self) -> str:
        return f"reply {self.pk}"
