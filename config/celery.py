"""The Celery application: tasks are edges, their truth is in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("tongban")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "core.attachments",
        "core.audit",
        "core.clocks",
        "core.documents",
        "core.drafts",
        "core.http",
        "core.notifications",
        "hotline",
    ]
)
