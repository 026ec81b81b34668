"""Words of the hotline as choices, and the two transition tables: who may move what from where.

Legal sources: 北京市接诉即办工作条例 art. 11 (triage), GB/T 39046 A.8 (satisfaction: 1 is best).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role


class MatterKind(models.TextChoices):
    """诉求类型: the nature of a demand, independent of its subject."""

    CONSULTATION = "consultation", _("咨询")
    HELP = "help", _("求助")
    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")
    SUGGESTION = "suggestion", _("建议")
    PRAISE = "praise", _("表扬")


class Source(models.TextChoices):
    """来源: the channel by which a contact arrived."""

    CALL = "call", _("电话")
    PORTAL = "portal", _("门户网站")
    WECHAT = "wechat", _("微信")
    APP = "app", _("市民 APP")
    MAYOR_MAILBOX = "mayor_mailbox", _("市长信箱")
    ONLINE_INQUIRY = "online_inquiry", _("网络问政")
    ONLINE_COMPLAINT = "online_complaint", _("网络投诉举报平台")
    PETITION = "petition", _("信访转送")
    GRID_WORKER = "grid_worker", _("网格员上报")
    BAD_RATING = "bad_rating", _("好差评差评")
    SENSOR = "sensor", _("物联感知")
    EMAIL = "email", _("电子邮件")


class Urgency(models.TextChoices):
    """紧急程度."""

    ORDINARY = "ordinary", _("一般")
    URGENT = "urgent", _("紧急")
    EMERGENCY = "emergency", _("特急")


class TicketState(models.TextChoices):
    """工单状态."""

    REGISTERED = "registered", _("待受理")
    ANSWERED = "answered", _("已直接答复")
    TRANSFERRED = "transferred", _("已转接紧急专线")
    REDIRECTED = "redirected", _("已告知法定途径")
    LINKED = "linked", _("已关联原工单")
    EXPLAINED = "explained", _("已解释说明")
    GUIDED = "guided", _("已引导其他渠道")
    ABUSE = "abuse", _("恶意扰乱，已记录")
    DISPATCHED = "dispatched", _("办理中")
    REPLIED = "replied", _("已答复")
    CALLBACK_DUE = "callback_due", _("待回访")
    REVIEW = "review", _("待审核")
    CLOSED = "closed", _("已办结")
    WITHDRAWN = "withdrawn", _("已撤回")


class OrderState(models.TextChoices):
    """承办单状态."""

    ISSUED = "issued", _("待签收")
    SIGNED = "signed", _("已签收")
    HANDLING = "handling", _("办理中")
    ANSWERED = "answered", _("待审批")
    APPROVED = "approved", _("已审批")
    TERMINATED = "terminated", _("已终止")


class OrderRole(models.TextChoices):
    """主办 or 协办."""

    LEAD = "lead", _("主办")
    ASSIST = "assist", _("协办")


class TriageOutcome(models.TextChoices):
    """The nine outcomes of triage (诉求分类处理)."""

    TRANSFERRED = "transferred", _("转接 110/119/120/122")
    ANSWERED = "answered", _("知识库直接答复")
    REDIRECTED = "redirected", _("告知法定途径")
    LINKED = "linked", _("重复诉求，关联原工单")
    EXPLAINED_SECRET = "explained_secret", _("涉密或涉隐私，解释说明")
    GUIDED = "guided", _("不属政府职责，引导市场或社会渠道")
    EXPLAINED_UNLAWFUL = "explained_unlawful", _("违法或违背公序良俗，劝导教育")
    ABUSE = "abuse", _("恶意扰乱秩序，警告并记录")
    DISPATCHED = "dispatched", _("派单办理")


class LegalChannel(models.TextChoices):
    """法定途径 and other right channels that a citizen is told about."""

    POLICE_110 = "110", _("110 公安")
    FIRE_119 = "119", _("119 消防")
    MEDICAL_120 = "120", _("120 急救")
    TRAFFIC_122 = "122", _("122 交通事故")
    LITIGATION = "litigation", _("诉讼")
    ARBITRATION = "arbitration", _("仲裁")
    DISCIPLINE = "discipline", _("纪检监察")
    RECONSIDERATION = "reconsideration", _("行政复议")
    DISCLOSURE = "disclosure", _("政府信息公开")
    PETITION = "petition", _("信访")
    MARKET = "market", _("市场或社会渠道")


class Solved(models.TextChoices):
    """ "Solved?" is asked apart from "satisfied?"."""

    YES = "yes", _("已解决")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("未解决")


class Satisfaction(models.IntegerChoices):
    """满意度, national code: 1 is best (GB/T 39046 A.8)."""

    VERY_SATISFIED = 1, _("非常满意")
    SATISFIED = 2, _("满意")
    FAIRLY_SATISFIED = 3, _("基本满意")
    DISSATISFIED = 4, _("不满意")
    VERY_DISSATISFIED = 5, _("非常不满意")


class CallbackResult(models.TextChoices):
    """How one call-back attempt ended."""

    REACHED = "reached", _("已接通并评价")
    NO_ANSWER = "no_answer", _("无人接听")
    BUSY = "busy", _("占线")
    WRONG_NUMBER = "wrong_number", _("号码有误")
    LATER = "later", _("约定再次回访")
    DECLINED = "declined", _("不愿评价")


class ClockKind(models.TextChoices):
    """The hotline's clocks."""

    ANSWER = "answer", _("答复时限")
    SIGN = "sign", _("签收时限")
    FIRST_CONTACT = "first_contact", _("首次联系时限")
    SELF_EVALUATION = "self_evaluation", _("自助评价期")
    CALLBACK = "callback", _("回访时限")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a transition table. No roles means that only the system fires it."""

    sources: frozenset[str]
    target: str
    roles: frozenset[Role]
    needs_reason: bool = False


def _rule(sources: tuple[str, ...], target: str, *roles: Role, needs_reason: bool = False) -> Rule:
    return Rule(frozenset(sources), target, frozenset(roles), needs_reason)


_T = TicketState
_TRIAGED = (
    _T.ANSWERED,
    _T.TRANSFERRED,
    _T.REDIRECTED,
    _T.LINKED,
    _T.EXPLAINED,
    _T.GUIDED,
    _T.ABUSE,
)
_TRIAGERS = (Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER)

TICKET_TRANSITIONS: dict[str, Rule] = {
    "claim": _rule((_T.REGISTERED,), _T.REGISTERED, *_TRIAGERS),
    "release": _rule((_T.REGISTERED,), _T.REGISTERED, *_TRIAGERS),
    "revise": _rule((_T.REGISTERED,), _T.REGISTERED, *_TRIAGERS),
    "answer_directly": _rule((_T.REGISTERED,), _T.ANSWERED, *_TRIAGERS, needs_reason=True),
    "transfer": _rule((_T.REGISTERED,), _T.TRANSFERRED, *_TRIAGERS, needs_reason=True),
    "redirect": _rule((_T.REGISTERED,), _T.REDIRECTED, *_TRIAGERS, needs_reason=True),
    "link": _rule((_T.REGISTERED,), _T.LINKED, *_TRIAGERS, needs_reason=True),
    "explain": _rule((_T.REGISTERED,), _T.EXPLAINED, *_TRIAGERS, needs_reason=True),
    "guide": _rule((_T.REGISTERED,), _T.GUIDED, *_TRIAGERS, needs_reason=True),
    "close_as_abuse": _rule((_T.REGISTERED,), _T.ABUSE, *_TRIAGERS, needs_reason=True),
    "dispatch": _rule((_T.REGISTERED,), _T.DISPATCHED, *_TRIAGERS),
    "reopen_triage": _rule(_TRIAGED, _T.REGISTERED, Role.SHIFT_LEAD, needs_reason=True),
    "reply": _rule((_T.DISPATCHED,), _T.REPLIED, Role.UNIT_HEAD),
    "demand_callback": _rule((_T.REPLIED,), _T.CALLBACK_DUE),
    "ask_review": _rule(
        (_T.REPLIED, _T.CALLBACK_DUE), _T.REVIEW, Role.CITIZEN, Role.AGENT, Role.SHIFT_LEAD
    ),
    "close": _rule(
        (_T.REPLIED, _T.CALLBACK_DUE), _T.CLOSED, Role.CITIZEN, Role.AGENT, Role.SHIFT_LEAD
    ),
    "close_after_review": _rule((_T.REVIEW,), _T.CLOSED, Role.AUDITOR, needs_reason=True),
    "redo": _rule((_T.REVIEW,), _T.DISPATCHED, Role.AUDITOR, needs_reason=True),
    "withdraw": _rule(
        (_T.REGISTERED, _T.DISPATCHED), _T.WITHDRAWN, Role.CITIZEN, needs_reason=True
    ),
}

_O = OrderState
_WORKING = (_O.SIGNED, _O.HANDLING)

ORDER_TRANSITIONS: dict[str, Rule] = {
    "sign": _rule((_O.ISSUED,), _O.SIGNED, Role.HANDLER, Role.UNIT_HEAD),
    "record_first_contact": _rule((_O.SIGNED,), _O.HANDLING, Role.HANDLER, Role.UNIT_HEAD),
    "submit_answer": _rule((_O.HANDLING,), _O.ANSWERED, Role.HANDLER, Role.UNIT_HEAD),
    "approve": _rule((_O.ANSWERED,), _O.APPROVED, Role.UNIT_HEAD),
    "send_back": _rule((_O.ANSWERED,), _O.HANDLING, Role.UNIT_HEAD, needs_reason=True),
    "redo": _rule((_O.APPROVED,), _O.ISSUED, Role.AUDITOR, needs_reason=True),
    "terminate": _rule((_O.ISSUED, *_WORKING, _O.ANSWERED), _O.TERMINATED, needs_reason=True),
}

HANDLING = frozenset({"sign", "record_first_contact", "submit_answer", "approve", "send_back"})
"""What a unit does on an order; who did any of it neither calls back nor reviews."""
ORDER_NAME = "hotline.order"
"""How orders are called in logs, events and the audit trail."""

UNDATED = datetime(9999, 12, 31, tzinfo=UTC)
"""Where what has no deadline stands in a queue ordered by deadlines: at its end."""

FINAL_TICKET_STATES = frozenset({*_TRIAGED, _T.CLOSED, _T.WITHDRAWN})
OPEN_TICKET_STATES = frozenset(set(TicketState) - FINAL_TICKET_STATES)
WAITING_ORDER_STATES = frozenset({_O.ISSUED, *_WORKING, _O.ANSWERED})

OUTCOME_TRANSITION: dict[TriageOutcome, str] = {
    TriageOutcome.TRANSFERRED: "transfer",
    TriageOutcome.ANSWERED: "answer_directly",
    TriageOutcome.REDIRECTED: "redirect",
    TriageOutcome.LINKED: "link",
    TriageOutcome.EXPLAINED_SECRET: "explain",
    TriageOutcome.GUIDED: "guide",
    TriageOutcome.EXPLAINED_UNLAWFUL: "explain",
    TriageOutcome.ABUSE: "close_as_abuse",
    TriageOutcome.DISPATCHED: "dispatch",
}
CHANNEL_REQUIRED = frozenset(
    {TriageOutcome.TRANSFERRED, TriageOutcome.REDIRECTED, TriageOutcome.GUIDED}
)
EMERGENCY_CHANNELS = frozenset(
    {
        LegalChannel.POLICE_110,
        LegalChannel.FIRE_119,
        LegalChannel.MEDICAL_120,
        LegalChannel.TRAFFIC_122,
    }
)

DIAGRAMS: dict[str, tuple[dict[str, Rule], type[models.TextChoices]]] = {
    "工单 Ticket": (TICKET_TRANSITIONS, TicketState),
    "承办单 HandlingOrder": (ORDER_TRANSITIONS, OrderState),
}
"""What ``manage.py draw_states`` draws."""
