"""分类处理 and 派单: what becomes of a registered ticket."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from core.accounts.models import Organisation, User
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.numbering.rules import order_number
from core.regions.queries import resolve
from core.transitions.actions import REASON_MAX
from hotline.actions import promises
from hotline.machines import ORDERS, TICKETS
from hotline.models import HandlingOrder, Reply, Ticket
from hotline.policies import can_fire_ticket, check_can_fire_ticket
from hotline.queries.categories import resolve_category
from hotline.queries.visibility import tickets_visible_to
from hotline.rules.intake import ADDRESS_MAX, CONTENT_MAX, TITLE_MAX, clean_line, clean_text
from hotline.states import (
    CHANNEL_REQUIRED,
    EMERGENCY_CHANNELS,
    OUTCOME_TRANSITION,
    ClockKind,
    LegalChannel,
    MatterKind,
    OrderRole,
    TicketState,
    TriageOutcome,
    Urgency,
)

INSTRUCTION_MAX = 1_000
REVISABLE_TEXTS = {
    "title": (clean_line, TITLE_MAX),
    "content": (clean_text, CONTENT_MAX),
    "address": (clean_line, ADDRESS_MAX),
}


class AccusedUnitError(InvalidError):
    """A report or complaint must not reach the unit it accuses (信访工作条例 art. 30)."""

    code = "accused_unit"
    message = _("不能把投诉举报件派给被投诉举报的单位。")


class NotClaimedError(DomainError):
    """There is nobody who could give it back."""

    code = "not_claimed"
    message = _("这张工单还没有人受理。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The decision on one ticket that does not go to a unit."""

    outcome: str
    reason: str
    channel: str = ""
    linked_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Who handles the matter: one 主办, any number of 协办, by organisation code."""

    lead: str
    assists: tuple[str, ...] = ()
    instruction: str = ""


@transaction.atomic
def claim_ticket(
    *, ticket_no: str, by: User, at: datetime, expected_version: int | None = None
) -> Ticket:
    """Take a waiting ticket; of many who try, exactly one wins, the others get 409.

    Who has it already, and may have it, keeps it: a second click changes nothing.
    """
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    if ticket.claimed_by_id == by.pk and can_fire_ticket(by, ticket, "claim"):
        return ticket
    if ticket.claimed_by_id is not None:
        check_can_fire_ticket(by, ticket, "claim")  # "taken by a colleague" says more than "stale"
    return TICKETS.fire(ticket, "claim", by=by, at=at, expected_version=expected_version, agent=by)


@transaction.atomic
def release_ticket(
    *, ticket_no: str, by: User, at: datetime, expected_version: int | None = None
) -> Ticket:
    """Give a claimed ticket back to the queue. Raises NotClaimedError when nobody has it."""
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    if ticket.state == TicketState.REGISTERED and ticket.claimed_by_id is None:
        check_can_fire_ticket(by, ticket, "release")
        raise NotClaimedError
    return TICKETS.fire(ticket, "release", by=by, at=at, expected_version=expected_version)


@transaction.atomic
def revise_ticket(
    *,
    ticket_no: str,
    changes: dict[str, Any],
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> Ticket:
    """Correct what was registered: title, content, address, kind, category, region, urgency,
    confidential, accused_unit (codes where rows are meant).

    A changed kind, urgency or region runs the answer clock anew from the day of registration.
    """
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region", "category"))
    values = _checked_changes(changes)
    before = {name: _plain(getattr(ticket, name)) for name in values}
    TICKETS.fire(
        ticket,
        "revise",
        by=by,
        at=at,
        expected_version=expected_version,
        data={"fields": sorted(values)},
        changes=values,
    )
    if {"kind", "urgency", "region"} & {n for n in values if before[n] != _plain(values[n])}:
        promises.restart_answer_clock(ticket=ticket, at=ticket.registered_at, by=by)
        ticket.save(update_fields=["answer_due_at"])
    record(
        action="ticket.revise",
        by=by,
        at=at,
        subject_type=TICKETS.name,
        subject_id=ticket.no,
        data={"fields": sorted(values)},
    )
    return ticket


def _plain(value: Any) -> Any:
    return getattr(value, "pk", value)


def _checked_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """Turn codes into rows and clean texts; raises InvalidError naming each bad field."""
    if not changes:
        raise InvalidError(_("没有要更正的内容。"))
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, raw in changes.items():
        value, problem = _checked_change(name, raw)
        values[name] = value
        if problem:
            errors[name] = [problem]
    if errors:
        raise InvalidError(fields=errors)
    return values


def _checked_change(name: str, raw: Any) -> tuple[Any, str]:
    if name in REVISABLE_TEXTS:
        clean, limit = REVISABLE_TEXTS[name]
        text = clean(str(raw))
        if name != "address" and not text:
            return text, _("不能为空。")
        too_long = gettext("最多 %(most)d 个字。") % {"most": limit}
        return text, too_long if len(text) > limit else ""
    if name == "kind":
        return raw, "" if raw in MatterKind.values else _("诉求类型不在可选范围内。")
    if name == "urgency":
        return raw, "" if raw in Urgency.values else _("紧急程度不在可选范围内。")
    if name == "confidential":
        return bool(raw), ""
    return _checked_reference(name, raw)


def _checked_reference(name: str, raw: Any) -> tuple[Any, str]:
    if name == "region":
        region = resolve(str(raw))
        return region, "" if region else _("没有这个区域。")
    if name == "category":
        category = resolve_category(str(raw)) if raw else None
        return category, _("没有这个分类。") if raw and category is None else ""
    if name == "accused_unit":
        unit = Organisation.objects.filter(code=raw, is_active=True).first() if raw else None
        return unit, _("没有这个单位。") if raw and unit is None else ""
    return None, _("这个字段不能修改。")


@transaction.atomic
def triage_ticket(
    *,
    ticket_no: str,
    triage: Triage,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> Ticket:
    """Close a ticket with one of the eight outcomes that are not 派单, and tell the citizen why.

    ``reason`` is written for the citizen. Outcomes that point elsewhere need the right channel;
    linking needs the earlier ticket's number.
    """
    triage = replace(triage, reason=clean_text(triage.reason))
    _check_triage(triage)
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    transition = OUTCOME_TRANSITION[TriageOutcome(triage.outcome)]
    check_can_fire_ticket(by, ticket, transition)
    arguments: dict[str, Any] = {"outcome": triage.outcome, "channel": triage.channel}
    if triage.outcome == TriageOutcome.LINKED:
        arguments["linked_to"] = _earlier_ticket(triage.linked_no, ticket, by)
    TICKETS.fire(
        ticket,
        transition,
        by=by,
        at=at,
        expected_version=expected_version,
        reason=triage.reason,
        data={"outcome": triage.outcome, "channel": triage.channel},
        **arguments,
    )
    promises.stop_all(subject_type=promises.TICKET, subject_id=ticket.pk, at=at, by=by)
    Reply.objects.create(ticket=ticket, text=triage.reason, by=by, at=at)
    _record(ticket, f"ticket.triage.{triage.outcome}", by=by, at=at)
    return ticket


def _check_triage(triage: Triage) -> None:
    errors: dict[str, list[str]] = {}
    if triage.outcome not in TriageOutcome.values or triage.outcome == TriageOutcome.DISPATCHED:
        raise InvalidError(fields={"outcome": [_("请选择一种受理结果。")]})
    if not triage.reason.strip():
        errors["reason"] = [_("请写明理由，这段话会告知市民。")]
    elif len(triage.reason) > REASON_MAX:
        errors["reason"] = [gettext("理由最多 %(most)d 个字。") % {"most": REASON_MAX}]
    if triage.outcome in CHANNEL_REQUIRED and triage.channel not in LegalChannel.values:
        errors["channel"] = [_("请选择应当告知市民的途径。")]
    emergency = triage.channel in EMERGENCY_CHANNELS
    if triage.outcome == TriageOutcome.TRANSFERRED and triage.channel and not emergency:
        errors["channel"] = [_("转接只能选择 110、119、120 或 122。")]
    if triage.outcome == TriageOutcome.LINKED and not triage.linked_no.strip():
        errors["linked_no"] = [_("请填写原工单编号。")]
    if errors:
        raise InvalidError(fields=errors)


def _earlier_ticket(no: str, ticket: Ticket, by: User) -> Ticket:
    earlier = tickets_visible_to(by).filter(no=no.strip()).exclude(pk=ticket.pk).first()
    if earlier is None:
        raise InvalidError(fields={"linked_no": [_("没有找到这个工单编号。")]})
    return earlier


@transaction.atomic
def dispatch_ticket(
    *,
    ticket_no: str,
    dispatch: Dispatch,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> Ticket:
    """Send the matter to one 主办 and any 协办; each order carries the deadline of that moment."""
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region", "accused_unit"))
    check_can_fire_ticket(by, ticket, "dispatch")
    units = _units(dispatch, ticket)
    TICKETS.fire(
        ticket,
        "dispatch",
        by=by,
        at=at,
        expected_version=expected_version,
        data={"lead": dispatch.lead, "assists": list(dispatch.assists)},
    )
    for index, unit in enumerate(units):
        role = OrderRole.ASSIST if index else OrderRole.LEAD
        _issue_order(ticket, unit, role, index, instruction=dispatch.instruction, by=by, at=at)
    _record(ticket, "ticket.dispatch", by=by, at=at)
    return ticket


def _units(dispatch: Dispatch, ticket: Ticket) -> list[Organisation]:
    """Return 主办 first, then 协办; raises InvalidError for unknown, doubled or accused units."""
    codes = [dispatch.lead, *dispatch.assists]
    found = {
        unit.code: unit for unit in Organisation.objects.filter(code__in=codes, is_active=True)
    }
    if dispatch.lead not in found:
        raise InvalidError(fields={"lead": [_("请选择一个主办单位。")]})
    if any(code not in found for code in dispatch.assists):
        raise InvalidError(fields={"assists": [_("协办单位中有不存在或已停用的单位。")]})
    if len(set(codes)) != len(codes):
        raise InvalidError(fields={"assists": [_("同一单位不能既主办又协办，也不能重复。")]})
    if len(dispatch.instruction) > INSTRUCTION_MAX:
        problem = gettext("派单说明最多 %(most)d 个字。") % {"most": INSTRUCTION_MAX}
        raise InvalidError(fields={"instruction": [problem]})
    units = [found[code] for code in codes]
    _check_accused(ticket, units)
    return units


def _check_accused(ticket: Ticket, units: list[Organisation]) -> None:
    accused = ticket.accused_unit
    if accused is None or ticket.kind not in {MatterKind.REPORT, MatterKind.COMPLAINT}:
        return
    if any(unit.path.startswith(accused.path) for unit in units):
        raise AccusedUnitError(fields={"lead": [AccusedUnitError.message]})


def _issue_order(
    ticket: Ticket,
    unit: Organisation,
    role: OrderRole,
    index: int,
    *,
    instruction: str,
    by: User,
    at: datetime,
) -> HandlingOrder:
    order = HandlingOrder.objects.create(
        no=order_number(ticket_no=ticket.no, index=index + 1),
        ticket=ticket,
        matter_id=ticket.matter_id,
        unit=unit,
        role=role,
        instruction=clean_text(instruction),
        issued_by=by,
        issued_at=at,
        due_at=ticket.answer_due_at,
    )
    promises.start_order_clock(order=order, kind=ClockKind.SIGN, at=at, by=by)
    ORDERS.announce(order, "issued", at=at)
    return order


@transaction.atomic
def reopen_triage(
    *, ticket_no: str, reason: str, by: User, at: datetime, expected_version: int | None = None
) -> Ticket:
    """Undo a wrong triage: the ticket waits again, its answer clock runs on from registration."""
    ticket = TICKETS.lock(by=by, no=ticket_no, related=("region",))
    TICKETS.fire(
        ticket,
        "reopen_triage",
        by=by,
        at=at,
        expected_version=expected_version,
        reason=clean_text(reason),
    )
    promises.restart_answer_clock(ticket=ticket, at=ticket.registered_at, by=by)
    ticket.save(update_fields=["answer_due_at"])
    _record(ticket, "ticket.reopen_triage", by=by, at=at)
    return ticket


def _record(ticket: Ticket, action: str, *, by: User, at: datetime) -> None:
    record(action=action, by=by, at=at, subject_type=TICKETS.name, subject_id=ticket.no)
