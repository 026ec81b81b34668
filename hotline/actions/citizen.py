"""What a citizen may do with a ticket of their own after it was registered."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from core.accounts.models import User
from core.audit.actions import record
from core.errors import InvalidError
from core.errors import gettext_noop as _
from hotline.actions import promises
from hotline.actions.handling import TicketClosedError, terminate_orders
from hotline.machines import TICKETS
from hotline.models import Note, NoteKind, Supplement, Ticket
from hotline.policies import check_can_triage
from hotline.rules.intake import clean_text
from hotline.states import FINAL_TICKET_STATES

SUPPLEMENT_MAX = 2_000


@transaction.atomic
def add_supplement(*, ticket: Ticket, text: str, by: User | None, at: datetime) -> Supplement:
    """Add new facts; whoever works on the matter hears of it at once.

    The caller proved to be the citizen, by account or by number and query code.
    """
    text = clean_text(text)
    if not text:
        raise InvalidError(fields={"text": [_("请写下要补充的情况。")]})
    if len(text) > SUPPLEMENT_MAX:
        raise InvalidError(
            fields={"text": [gettext("最多 %(most)d 个字。") % {"most": SUPPLEMENT_MAX}]}
        )
    ticket = TICKETS.lock(by=None, pk=ticket.pk, related=("region",))
    if ticket.state in FINAL_TICKET_STATES:
        raise TicketClosedError(_("这张工单已经办结，请重新提交诉求。"))
    supplement = Supplement.objects.create(ticket=ticket, text=text, by=by, at=at)
    TICKETS.announce(ticket, "supplemented", at=at)
    record(
        action="ticket.supplement", by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no
    )
    return supplement


@transaction.atomic
def withdraw_ticket(*, ticket: Ticket, reason: str, by: User | None, at: datetime) -> Ticket:
    """Take the demand back; open orders end, no clock runs on."""
    ticket = TICKETS.lock(by=None, pk=ticket.pk, related=("region",))
    TICKETS.fire(ticket, "withdraw", by=by, at=at, reason=clean_text(reason))
    terminate_orders(ticket=ticket, at=at)
    promises.stop_all(subject_type=promises.TICKET, subject_id=ticket.pk, at=at, by=by)
    record(action="ticket.withdraw", by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no)
    return ticket


@transaction.atomic
def add_internal_note(*, ticket_no: str, text: str, by: User, at: datetime) -> Note:
    """Leave a remark for colleagues at the hotline's desks."""
    check_can_triage(by)
    text = clean_text(text)
    if not text:
        raise InvalidError(fields={"text": [_("请填写备注。")]})
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    note = Note.objects.create(ticket=ticket, kind=NoteKind.INTERNAL, text=text, by=by, at=at)
    TICKETS.announce(ticket, "noted", at=at)
    return note
