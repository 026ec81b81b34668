"""What citizens are told by message."""

import pytest

from core.events.models import Event
from core.notifications.models import Notification
from hotline import notices
from tests.factories.core import EPOCH
from tests.factories.hotline import ticket


@pytest.mark.django_db
class TestTell:
    def test_names_the_last_day_in_time_not_the_midnight_after_it(self) -> None:
        ticket(at=EPOCH)

        notices.tell(list(Event.objects.filter(kind="hotline.ticket.registered")))

        body = Notification.objects.get(channel="sms").body
        assert "2026年11月25日（周三）" in body
        assert "11月26日" not in body
