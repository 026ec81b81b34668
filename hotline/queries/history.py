"""The history of a ticket in plain words: every step, by whom, when and why."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.transitions.models import TransitionLog
from hotline.models import CallbackAttempt, Evaluation, Note, NoteKind, Supplement, Ticket
from hotline.queries.tickets import ORDER, TicketFile
from hotline.states import LegalChannel, TriageOutcome

TICKET_WORDS: dict[str, str | Promise] = {
    "claim": gettext_lazy("开始受理"),
    "release": gettext_lazy("退回待受理"),
    "revise": gettext_lazy("修改登记内容"),
    "answer_directly": gettext_lazy("直接答复"),
    "transfer": gettext_lazy("转接紧急专线"),
    "redirect": gettext_lazy("告知法定途径"),
    "link": gettext_lazy("关联原工单"),
    "explain": gettext_lazy("解释说明"),
    "guide": gettext_lazy("引导其他渠道"),
    "close_as_abuse": gettext_lazy("按恶意扰乱记录"),
    "dispatch": gettext_lazy("派单"),
    "reopen_triage": gettext_lazy("撤销受理结果，重新受理"),
    "reply": gettext_lazy("答复送达市民"),
    "demand_callback": gettext_lazy("自助评价期满，转人工回访"),
    "ask_review": gettext_lazy("市民不满意，转审核"),
    "close": gettext_lazy("办结"),
    "close_after_review": gettext_lazy("审核后办结"),
    "redo": gettext_lazy("审核后要求重办"),
    "withdraw": gettext_lazy("市民撤回"),
}
ORDER_WORDS: dict[str, str | Promise] = {
    "sign": gettext_lazy("签收"),
    "record_first_contact": gettext_lazy("首次联系市民"),
    "submit_answer": gettext_lazy("提交答复，等待审批"),
    "approve": gettext_lazy("审批通过"),
    "send_back": gettext_lazy("退回修改"),
    "redo": gettext_lazy("重新办理"),
    "terminate": gettext_lazy("终止办理"),
}
FIELD_WORDS: dict[str, str | Promise] = {
    "title": gettext_lazy("标题"),
    "content": gettext_lazy("内容"),
    "address": gettext_lazy("详细地址"),
    "kind": gettext_lazy("诉求类型"),
    "category": gettext_lazy("分类"),
    "region": gettext_lazy("事发区域"),
    "urgency": gettext_lazy("紧急程度"),
    "confidential": gettext_lazy("保密要求"),
    "accused_unit": gettext_lazy("被投诉举报单位"),
}
_QUIET_NOTES = {NoteKind.FIRST_CONTACT, NoteKind.SEND_BACK}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the history."""

    at: datetime
    title: str
    text: str = ""
    who: str = ""
    kind: str = "done"


def history_of(file: TicketFile) -> list[Item]:
    """Return every step of a ticket, oldest first."""
    items = [_arrival(file.ticket)]
    items += [_step(file, line) for line in file.log]
    items += [_supplement(row) for row in file.supplements]
    items += [_note(row) for row in file.notes if row.kind not in _QUIET_NOTES]
    items += [_attempt(row) for row in file.callbacks]
    items += [_verdict(row) for row in file.evaluations]
    return sorted(items, key=lambda item: item.at)


def _name(user: User | None) -> str:
    return user.get_full_name() if user else ""


def _arrival(ticket: Ticket) -> Item:
    source = ticket.origin.get_source_display()
    return Item(ticket.registered_at, _("登记工单（来源：%s）") % source)


def _step(file: TicketFile, line: TransitionLog) -> Item:
    if line.subject_type == ORDER:
        order = file.orders_by_id.get(line.subject_id)
        words = ORDER_WORDS.get(line.transition, line.transition)
        if order:
            values = {"unit": order.unit, "role": order.get_role_display(), "step": words}
            words = _("%(unit)s（%(role)s）%(step)s") % values
        return Item(line.at, str(words), _order_text(file, line), _name(line.by))
    words = str(TICKET_WORDS.get(line.transition, line.transition))
    return Item(line.at, words, _ticket_text(file, line), _actor(line))


def _actor(line: TransitionLog) -> str:
    if line.by is not None:
        return line.by.get_full_name()
    return _("系统") if line.transition == "demand_callback" else _("市民")


def _order_text(file: TicketFile, line: TransitionLog) -> str:
    if line.transition != "record_first_contact":
        return line.reason
    told = [
        note.text
        for note in file.notes
        if note.order_id == line.subject_id
        and note.kind == NoteKind.FIRST_CONTACT
        and note.at == line.at
    ]
    return "\n".join(told)


def _ticket_text(file: TicketFile, line: TransitionLog) -> str:
    parts = []
    if line.transition == "revise":
        names = [str(FIELD_WORDS.get(name, name)) for name in line.data.get("fields", [])]
        parts.append(_("改动：%s") % _("、").join(names))
    if line.transition == "dispatch":
        units = [f"{order.get_role_display()} {order.unit}" for order in file.orders]
        parts.append(_("；").join(units))
    if line.data.get("outcome") in TriageOutcome.values:
        parts.append(str(TriageOutcome(line.data["outcome"]).label))
    if line.data.get("channel") in LegalChannel.values:
        parts.append(_("途径：%s") % LegalChannel(line.data["channel"]).label)
    if line.reason:
        parts.append(line.reason)
    return "\n".join(parts)


def _supplement(row: Supplement) -> Item:
    return Item(row.at, _("市民补充情况"), row.text, _("市民"))


def _note(row: Note) -> Item:
    unit = f"{row.order.unit} " if row.order else ""
    return Item(row.at, f"{unit}{row.get_kind_display()}", row.text, _name(row.by))


def _attempt(row: CallbackAttempt) -> Item:
    return Item(row.at, _("回访：%s") % row.get_result_display(), row.note, _name(row.by))


def _verdict(row: Evaluation) -> Item:
    words = f"{row.get_solved_display()} · {row.get_satisfaction_display()}"
    return Item(
        row.at, _("市民评价（%s）") % row.get_channel_display(), _joined(words, row.comment)
    )


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
