"""受理: a contact becomes a ticket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.accounts.models import Organisation, User
from core.attachments.actions import bind
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.inserts import save_new, together
from core.numbering.rules import query_code, ticket_number
from core.regions.models import Region
from core.regions.queries import resolve
from hotline.actions.promises import start_answer_clock
from hotline.machines import TICKETS
from hotline.models import Category, Contact, Matter, Ticket
from hotline.queries.categories import resolve_category
from hotline.rules.intake import NewContact, check_contact, clean_contact
from hotline.states import Source

CHANNEL_DIGITS = {
    Source.CALL: "1",
    Source.PORTAL: "2",
    Source.WECHAT: "3",
    Source.APP: "4",
    Source.MAYOR_MAILBOX: "5",
    Source.EMAIL: "5",
    Source.ONLINE_INQUIRY: "6",
    Source.ONLINE_COMPLAINT: "6",
    Source.PETITION: "7",
    Source.GRID_WORKER: "8",
    Source.BAD_RATING: "9",
    Source.SENSOR: "0",
}
_IDS = """
SELECT nextval('hotline_ticket_serial'),
       nextval(pg_get_serial_sequence('hotline_matter', 'id')),
       nextval(pg_get_serial_sequence('hotline_contact', 'id')),
       nextval(pg_get_serial_sequence('hotline_ticket', 'id')),
       nextval(pg_get_serial_sequence('core_clock', 'id'))
"""


class ExternalIdTakenError(DomainError):
    """Another sender has used this number of this source."""

    code = "external_id_taken"
    message = _("该来源的这个外部编号已由其他系统登记。")


@dataclass(frozen=True, slots=True)
class _Ids:
    """The ids of the rows to come, so that they can refer to each other and go in together."""

    serial: int
    matter: int
    contact: int
    ticket: int
    clock: int


@dataclass(frozen=True, slots=True)
class _Resolved:
    """The rows behind the codes of a contact."""

    region: Region
    category: Category | None
    accused_unit: Organisation | None


def register_contact(
    *, new: NewContact, by: User | None, at: datetime, citizen: User | None = None
) -> tuple[Ticket, bool]:
    """Take a contact and open its ticket; return it and whether it is new.

    The same (source, external_id) a second time, also at the same moment, returns the ticket of
    the first. The answer clock starts on the day of registration, which for a message that waited
    elsewhere is later than ``received_at``. ``by`` is the agent who writes for a caller;
    ``citizen`` the signed-in citizen.
    Raises InvalidError with every broken rule by field, or ExternalIdTakenError.
    """
    new = clean_contact(new)
    resolved = _validate(new, at)
    try:
        with transaction.atomic(savepoint=bool(new.external_id)):
            return _open_ticket(new, resolved, by=by, at=at, citizen=citizen), True
    except IntegrityError as error:
        return _earlier(new, error, by=by), False


def _earlier(new: NewContact, error: IntegrityError, *, by: User | None) -> Ticket:
    """Return the ticket of the contact that came first; any other broken constraint is raised.

    Its receipt opens it, so only who sent the first contact gets it back.
    """
    rows = Ticket.objects.select_related("origin", "region", "category")
    found = rows.filter(origin__source=new.source, origin__external_id=new.external_id).first()
    if not new.external_id or found is None:
        raise error
    if by is not None and found.origin.registered_by_id != by.pk:
        raise ExternalIdTakenError
    return found


def _validate(new: NewContact, at: datetime) -> _Resolved:
    errors = check_contact(new, at=at)
    region = resolve(new.region)
    if region is None:
        errors["region"] = [_("没有这个区域，请从列表中选择事发地。")]
    category = resolve_category(new.category) if new.category else None
    if new.category and category is None:
        errors["category"] = [_("没有这个分类，请从列表中选择。")]
    accused = None
    if new.accused_unit:
        accused = Organisation.objects.filter(code=new.accused_unit, is_active=True).first()
        if accused is None:
            errors["accused_unit"] = [_("没有这个单位。")]
    if errors or region is None:
        raise InvalidError(fields=errors)
    return _Resolved(region, category, accused)


def _open_ticket(
    new: NewContact,
    resolved: _Resolved,
    *,
    by: User | None,
    at: datetime,
    citizen: User | None,
) -> Ticket:
    ids = _next_ids()
    with together():
        contact = _contact(new, ids, by=by, citizen=citizen, at=at)
        save_new(contact)
        ticket = _ticket(new, resolved, ids, contact=contact, by=by, at=at)
        save_new(ticket.matter)
        save_new(ticket)
        TICKETS.announce(ticket, "registered", at=at)
        record(
            action="ticket.register",
            by=by or citizen,
            at=at,
            subject_type=TICKETS.name,
            subject_id=ticket.no,
        )
    if new.attachments:
        bind(
            tokens=new.attachments,
            subject_type=TICKETS.name,
            subject_id=ids.ticket,
            by=by or citizen,
        )
    return ticket


def _next_ids() -> _Ids:
    with connection.cursor() as cursor:
        cursor.execute(_IDS)
        return _Ids(*cursor.fetchone())


def _contact(
    new: NewContact, ids: _Ids, *, by: User | None, citizen: User | None, at: datetime
) -> Contact:
    return Contact(
        pk=ids.contact,
        source=new.source,
        external_id=new.external_id,
        caller_name=new.caller_name,
        caller_phone=new.caller_phone,
        caller_id_no=new.caller_id_no,
        user=citizen,
        title=new.title,
        content=new.content,
        received_at=new.received_at or at,
        registered_by=by,
    )


def _ticket(
    new: NewContact,
    resolved: _Resolved,
    ids: _Ids,
    *,
    contact: Contact,
    by: User | None,
    at: datetime,
) -> Ticket:
    """Start the answer clock and return the ticket that carries its due time."""
    clock = start_answer_clock(
        ticket_id=ids.ticket,
        kind=new.kind,
        urgency=new.urgency,
        region=resolved.region,
        at=at,
        by=by,
        clock_id=ids.clock,
    )
    return Ticket(
        pk=ids.ticket,
        no=_number(new, resolved.region, contact.received_at, ids.serial),
        query_code=query_code(),
        matter=Matter(pk=ids.matter, created_at=at),
        origin=contact,
        citizen=contact.user,
        received_at=contact.received_at,
        registered_at=at,
        answer_due_at=clock.due_at,
        **_facts(new, resolved),
    )


def _facts(new: NewContact, resolved: _Resolved) -> dict[str, Any]:
    return {
        "kind": new.kind,
        "category": resolved.category,
        "title": new.title,
        "content": new.content,
        "region": resolved.region,
        "address": new.address,
        "lng": new.lng,
        "lat": new.lat,
        "urgency": new.urgency,
        "confidential": new.confidential,
        "publishable": new.publishable,
        "accused_unit": resolved.accused_unit,
    }


def _number(new: NewContact, region: Region, received_at: datetime, serial: int) -> str:
    return ticket_number(
        region=region.code[:6],
        day=timezone.localdate(received_at),
        channel=CHANNEL_DIGITS[Source(new.source)],
        serial=serial,
    )
