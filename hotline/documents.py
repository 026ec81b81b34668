"""工单记录: one ticket on paper, for the file. Personal data is masked on it."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.accounts.queries import has_role
from core.documents import renderers
from core.documents.record import Entry, Record, Section
from core.documents.renderers import Page, Renderer
from core.errors import NotFoundError
from core.personal_data.masking import mask_name, mask_phone, redact
from core.templatetags.ui import zh_date, zh_datetime
from hotline import policies
from hotline.models import HandlingOrder, Ticket
from hotline.queries.history import history_of
from hotline.queries.queues import CONSOLE_ROLES
from hotline.queries.tickets import TICKET, TicketFile, get_ticket_file
from hotline.queries.visibility import tickets_visible_to

KIND = "ticket_record"
Facts = tuple[tuple[str, str], ...]


def connect() -> None:
    """Register the hotline's kinds; called once from ``AppConfig.ready``."""
    renderers.register(Renderer(kind=KIND, subject_type=TICKET, check=check, build=build))


def check(user: User | None, subject_id: int) -> None:
    """Raise NotFoundError unless the person is staff and may see the ticket."""
    _ticket_no(user, subject_id)


def build(user: User | None, subject_id: int) -> Page:
    """Read the ticket as this person may see it."""
    no = _ticket_no(user, subject_id)
    if user is None:
        raise NotFoundError
    file = get_ticket_file(no=no, user=user)
    record = Record(
        organ=_("%s12345政务服务便民热线") % settings.CITY_NAME,
        title=_("工单记录"),
        number=no,
        date=zh_date(timezone.localdate()),
        sections=tuple(_sections(file, user)),
        note=_("本记录由系统按工单内容生成，个人信息已作遮盖处理。"),
    )
    return Page("documents/ticket_record.html", {"record": record})


def _ticket_no(user: User | None, subject_id: int) -> str:
    if user is None or not has_role(user, *CONSOLE_ROLES):
        raise NotFoundError
    no = tickets_visible_to(user).filter(pk=subject_id).values_list("no", flat=True).first()
    if no is None:
        raise NotFoundError
    return no


def _sections(file: TicketFile, user: User) -> list[Section]:
    ticket = file.ticket
    sections = [
        Section(_("登记内容"), facts=_facts(ticket) + _caller(ticket, user)),
        Section(_("市民反映"), paragraphs=_paragraphs(ticket.content)),
    ]
    if file.orders:
        facts = tuple((_order_name(row), row.get_state_display()) for row in file.orders)
        sections.append(Section(_("承办单位"), facts=facts))
    for reply in file.replies:
        heading = _("答复（%s）") % zh_datetime(reply.at)
        sections.append(Section(heading, paragraphs=_paragraphs(reply.text)))
    entries = tuple(
        Entry(zh_datetime(item.at), _joined(item.title, redact(item.text)), item.who)
        for item in history_of(file)
    )
    return [*sections, Section(_("办理经过"), entries=entries)]


def _facts(ticket: Ticket) -> Facts:
    return (
        (_("标题"), redact(ticket.title)),
        (_("诉求类型"), ticket.get_kind_display()),
        (_("分类"), str(ticket.category or "")),
        (_("紧急程度"), ticket.get_urgency_display()),
        (_("事发区域"), str(ticket.region)),
        (_("来源"), ticket.origin.get_source_display()),
        (_("收到时间"), zh_datetime(ticket.received_at)),
        (_("状态"), ticket.get_state_display()),
    )


def _caller(ticket: Ticket, user: User) -> Facts:
    """The caller, masked; left out for who may not even ask for it."""
    if not policies.sees_identity(user, ticket):
        return ()
    contact = ticket.origin
    return (
        (_("来电人"), mask_name(contact.caller_name)),
        (_("电话"), mask_phone(contact.caller_phone)),
    )


def _order_name(order: HandlingOrder) -> str:
    return f"{order.get_role_display()} {order.unit.name}"


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line for line in redact(text).splitlines() if line.strip())


def _joined(*parts: str) -> str:
    return "：".join(part for part in parts if part)
