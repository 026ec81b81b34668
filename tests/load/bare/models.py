"""Three tables and nothing else: the yardstick."""

from django.db import models


class BareTicket(models.Model):
    title = models.CharField(max_length=200)
    content = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"


class BareEvent(models.Model):
    ticket = models.ForeignKey(BareTicket, on_delete=models.CASCADE)
    kind = models.CharField(max_length=60)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"


class BareOutbox(models.Model):
    ticket = models.ForeignKey(BareTicket, on_delete=models.CASCADE)
    payload = models.JSONField()

    class Meta:
        app_label = "bare"
