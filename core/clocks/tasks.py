"""The scheduler's beat, off the request path."""

from celery import shared_task
from django.utils import timezone

from core.clocks import actions

LIMIT = 200


@shared_task
def fire_due_clocks(**_future: object) -> int:
    """Fire everything that is due; any number of these may run at once."""
    total = 0
    while True:
        fired = actions.pop_due(at=timezone.now(), limit=LIMIT)
        total += fired
        if fired < LIMIT:
            return total


@shared_task
def recompute_provisional(**_future: object) -> int:
    """Recompute what waits for a holiday notice; return how many deadlines moved."""
    return len(actions.recompute_provisional(at=timezone.now()).moved)


@shared_task
def recompute_open(**_future: object) -> int:
    """Recompute every open clock in days; return how many deadlines moved."""
    return len(actions.recompute_open(at=timezone.now()).moved)


def ask_for_recompute(_at: object) -> None:
    """Have a worker recompute the open clocks: the calendar is another one."""
    recompute_open.delay()
