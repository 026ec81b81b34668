"""Reading messages."""

from django.db.models import QuerySet

from core.accounts.models import User
from core.notifications.models import Channel, DeliveryState, Notification


def list_inbox(*, user: User) -> QuerySet[Notification]:
    """Return the user's own in-app messages, newest first; a queued one is readable at once."""
    return Notification.objects.filter(recipient=user, channel=Channel.IN_APP).order_by("-id")


def has_unread(*, user: User) -> bool:
    """Tell whether the user has an in-app message not yet read."""
    return list_inbox(user=user).filter(read_at=None).exists()


def list_dead_letters() -> QuerySet[Notification]:
    """Return what was given up, newest first: somebody has to look at each."""
    return Notification.objects.filter(state=DeliveryState.DEAD).order_by("-id")
