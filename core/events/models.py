"""The durable sequence of what happened, and who has read how far."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.personal_data.register import classify


class Event(models.Model):
    """One thing that happened, written in the transaction that made it happen (outbox).

    ``position`` is given after the commit by a single writer, so readers that ask for
    "after N" never skip a row that commits late. ``scopes`` name who may hear of it.
    """

    position = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=60)
    scopes = ArrayField(models.CharField(max_length=80))
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    subject_no = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    data_classes = classify(
        internal="id position kind scopes subject_type subject_id subject_no version data at"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=Q(position__isnull=True), name="event_pending_idx"
            ),
            models.Index(fields=["subject_type", "subject_id"], name="event_subject_idx"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["position"],
                condition=Q(position__isnull=False),
                name="event_position_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_no}"


class Subscription(models.Model):
    """How far one subscriber has read; it moves in the transaction of the handled batch."""

    name = models.CharField(max_length=60, unique=True)
    position = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    data_classes = classify(internal="id name position updated_at")

    def __str__(self) -> str:
        return f"{self.name} @ {self.position}"
