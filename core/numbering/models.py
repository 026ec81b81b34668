"""Gap-free numbers: one row per series, moved inside the transaction that uses the number."""

from django.db import models

from core.personal_data.register import classify


class NumberSeries(models.Model):
    """The last number given in a series such as ``notice/ORG/2026``."""

    key = models.CharField(max_length=120, unique=True)
    last = models.PositiveIntegerField(default=0)

    data_classes = classify(internal="id key last")

    def __str__(self) -> str:
        return f"{self.key} {self.last}"
