"""What the hotline wants to hear: its clocks falling due, and its own events for notices."""

from datetime import datetime

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.clocks import registry
from core.clocks.models import Clock
from core.errors import ForbiddenError
from core.events import relay
from core.personal_data.actions import allow_reveal
from hotline import notices
from hotline.actions.closing import demand_callback
from hotline.actions.overdue import announce_overdue, move_deadline
from hotline.actions.promises import ORDER, TICKET
from hotline.models import Contact
from hotline.policies import sees_identity
from hotline.queries.visibility import tickets_visible_to
from hotline.states import ClockKind, MatterKind

DEEDS: dict[str, registry.Label] = {
    ClockKind.ANSWER: _("答复"),
    ClockKind.SIGN: _("签收"),
    ClockKind.FIRST_CONTACT: _("联系诉求人"),
    ClockKind.SELF_EVALUATION: _("自助评价"),
    ClockKind.CALLBACK: _("回访"),
}
"""What each clock promises, in the sentence that explains its due moment."""


def connect() -> None:
    """Register every handler; called once from ``AppConfig.ready``."""
    registry.register(TICKET, ClockKind.ANSWER, announce_overdue, moved=move_deadline)
    registry.register(TICKET, ClockKind.CALLBACK, announce_overdue)
    registry.register(TICKET, ClockKind.SELF_EVALUATION, _demand_callback)
    registry.register(ORDER, ClockKind.SIGN, announce_overdue)
    registry.register(ORDER, ClockKind.FIRST_CONTACT, announce_overdue)
    registry.name_clocks(deeds=DEEDS, subject_kinds=dict(MatterKind.choices))
    relay.subscribe("hotline.notices", notices.tell)
    allow_reveal(Contact, _check_reveal)


def _check_reveal(user: User, contact: Model, _field: str) -> None:
    """Let the caller be seen by whom the ticket's secrecy allows."""
    tickets = tickets_visible_to(user).filter(Q(origin=contact) | Q(follow_ups=contact))
    ticket = tickets.first()
    if ticket is None or not sees_identity(user, ticket):
        raise ForbiddenError


def _demand_callback(clock: Clock, at: datetime) -> None:
    demand_callback(ticket_id=clock.subject_id, at=at)
