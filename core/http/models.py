"""Idempotency: the first answer to a key is the answer to every repetition."""

from django.db import models

from core.personal_data.fields import EncryptedTextField
from core.personal_data.register import classify


class IdempotencyKey(models.Model):
    """One key of one caller with the digest of the body and, once done, the stored answer."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    body_digest = models.BinaryField(max_length=32)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    response = EncryptedTextField(max_length=100_000)
    created_at = models.DateTimeField(auto_now_add=True)

    data_classes = classify(
        internal="id scope key body_digest status_code created_at", personal="response"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age_idx")]

    def __str__(self) -> str:
        return f"{self.scope} {self.pk}"
