"""What the hotline wants to hear: its clocks falling due, and its own events for notices."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.clocks import registry
from core.clocks.models import Clock
from core.events import relay
from hotline import notices
from hotline.actions.closing import demand_callback
from hotline.actions.overdue import announce_overdue, move_deadline
from hotline.actions.promises import ORDER, TICKET
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


def _demand_callback(clock: Clock, at: datetime) -> None:
    demand_callback(ticket_id=clock.subject_id, at=at)
