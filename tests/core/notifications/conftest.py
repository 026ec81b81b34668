"""A gateway that answers, and a template to send."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.notifications import templates
from core.notifications.actions import notify
from core.notifications.models import Channel, Notification
from tests.fakes import FakeSmsGateway

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
TEMPLATE = templates.Template(
    key="tests.progress", title="进展 {no}", body="您的诉求 {no} 已有进展：{link}"
)


@pytest.fixture(autouse=True)
def _templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_templates", {})
    templates.register(TEMPLATE)


@pytest.fixture
def gateway(settings: Any) -> Iterator[FakeSmsGateway]:
    """An SMS gateway on a free port, chosen by the settings."""
    with FakeSmsGateway().running() as running:
        settings.SMS_GATEWAY_URL = running.url
        settings.SMS_GATEWAY_KEY = running.key
        yield running


def queue(**changes: Any) -> Notification:
    """Queue one SMS and return its row."""
    given: dict[str, Any] = {
        "template": "tests.progress",
        "channel": Channel.SMS,
        "address": "13900008000",
        "context": {"no": "R-1", "link": "https://city.example/track/"},
        "collision_key": "tests:1",
        "at": NOON,
    }
    notify(**{**given, **changes})
    return Notification.objects.get(collision_key={**given, **changes}["collision_key"])
