"""What somebody was typing: kept encrypted until the form is sent, so that nothing is lost."""

from django.db import models
from django.db.models import Q

from core.personal_data.fields import EncryptedTextField
from core.personal_data.register import classify


class Draft(models.Model):
    """The unsent state of one form, owned by a user or else by the holder of a cookie."""

    form = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    user = models.ForeignKey("core.User", null=True, blank=True, on_delete=models.CASCADE)
    holder = models.CharField(max_length=64, blank=True)
    content = EncryptedTextField(max_length=200_000)
    updated_at = models.DateTimeField()

    data_classes = classify(internal="id form key user holder updated_at", personal="content")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["form", "key", "user", "holder"], nulls_distinct=False, name="draft_once"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, holder="") | Q(user__isnull=True) & ~Q(holder=""),
                name="draft_has_one_owner",
            ),
        ]
        indexes = [models.Index(fields=["updated_at"], name="draft_age_idx")]

    def __str__(self) -> str:
        return f"{self.form} {self.pk}"
