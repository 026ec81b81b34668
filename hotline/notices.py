"""What is said to whom: messages to citizens and units, made from events after the commit."""

from collections.abc import Sequence

from django.conf import settings

from core.accounts.models import User
from core.events.models import Event
from core.notifications.actions import notify
from core.notifications.models import Channel
from core.notifications.templates import Template, register
from hotline.models import Ticket
from hotline.queries.progress import last_day

TEMPLATES = {
    "hotline.ticket.registered": Template(
        key="hotline.ticket.registered",
        title="诉求已登记",
        body="您的诉求已登记，编号 {no}，查询码 {code}。我们将在 {due} 前答复。查询：{link}",
    ),
    "hotline.ticket.dispatch": Template(
        key="hotline.ticket.dispatch",
        title="诉求已交办",
        body="您的诉求（编号 {no}）已交承办单位办理，{due} 前答复您。",
    ),
    "hotline.ticket.reply": Template(
        key="hotline.ticket.reply",
        title="诉求已答复",
        body="您的诉求（编号 {no}）已有答复，请登录查看并评价：{link}",
    ),
    "hotline.ticket.redo": Template(
        key="hotline.ticket.redo",
        title="诉求重新办理",
        body="您的诉求（编号 {no}）已安排重新办理，{due} 前再次答复您。",
    ),
    "hotline.ticket.close": Template(
        key="hotline.ticket.close",
        title="诉求已办结",
        body="您的诉求（编号 {no}）已办结，感谢您的反映。",
    ),
    "hotline.ticket.triaged": Template(
        key="hotline.ticket.triaged",
        title="诉求已处理",
        body="您的诉求（编号 {no}）已有处理结果，请查看：{link}",
    ),
}
for _template in TEMPLATES.values():
    register(_template)
_TRIAGED = {
    f"hotline.ticket.{name}"
    for name in (
        "answer_directly",
        "transfer",
        "redirect",
        "link",
        "explain",
        "guide",
        "close_after_review",
    )
}


def tell(events: Sequence[Event]) -> None:
    """Queue the citizen's messages for a batch of events; handled again, nothing goes twice."""
    wanted = [event for event in events if template_for(event.kind)]
    tickets = Ticket.objects.select_related("origin", "citizen").in_bulk(
        {event.subject_id for event in wanted}
    )
    for event in wanted:
        ticket = tickets.get(event.subject_id)
        if ticket is not None:
            _tell_citizen(ticket, event)


def template_for(kind: str) -> str:
    """Return the template for an event kind, or nothing when the citizen need not hear of it."""
    if kind in _TRIAGED:
        return "hotline.ticket.triaged"
    return kind if kind in TEMPLATES else ""


def _tell_citizen(ticket: Ticket, event: Event) -> None:
    if ticket.citizen is not None:
        _queue(ticket, event, Channel.IN_APP, recipient=ticket.citizen)
    if ticket.origin.caller_phone:
        _queue(ticket, event, Channel.SMS, address=ticket.origin.caller_phone)


def _queue(
    ticket: Ticket,
    event: Event,
    channel: Channel,
    *,
    recipient: User | None = None,
    address: str = "",
) -> None:
    notify(
        template=template_for(event.kind),
        channel=channel,
        recipient=recipient,
        address=address,
        context=_context(ticket),
        collision_key=f"{event.kind}:{ticket.pk}:{event.version}:{channel}",
        subject_type="hotline.ticket",
        subject_id=ticket.pk,
        link=f"/track/{ticket.no}/",
        at=event.at,
    )


def _context(ticket: Ticket) -> dict[str, str]:
    from core.templatetags.ui import zh_date  # the one place that knows how dates are written

    return {
        "no": ticket.no,
        "code": ticket.query_code,
        "due": zh_date(last_day(ticket.answer_due_at)) or "办理期限",
        "link": f"{settings.PUBLIC_URL}/track/",
    }
