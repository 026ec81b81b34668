"""工单 and 事项: a citizen's demand, and the matter that several demands may share."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.personal_data.fields import EncryptedTextField
from core.personal_data.register import classify
from core.search.fields import SearchTokensField
from hotline.states import (
    TICKET_TRANSITIONS,
    UNDATED,
    LegalChannel,
    MatterKind,
    TicketState,
    TriageOutcome,
    Urgency,
)


class Matter(models.Model):
    """事项: what is handled. Most matters have one ticket; merged ones have several."""

    created_at = models.DateTimeField()

    data_classes = classify(internal="id created_at")

    class Meta:
        verbose_name = _("事项")
        verbose_name_plural = _("事项")

    def __str__(self) -> str:
        return f"matter {self.pk}"


def _moves(name: str) -> Any:
    """Declare a transition from the table in states.py; the gate alone calls it."""
    rule = TICKET_TRANSITIONS[name]
    return transition(field="state", source=sorted(rule.sources), target=rule.target)


class Ticket(models.Model):
    """工单: one citizen's demand with its own number, query code, secrecy, reply and evaluation."""

    no = models.CharField(_("工单编号"), max_length=24)
    query_code = EncryptedTextField(_("查询码"), max_length=16)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="tickets")
    origin = models.OneToOneField(
        "hotline.Contact", on_delete=models.PROTECT, related_name="ticket"
    )
    citizen = models.ForeignKey(
        "core.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,
    )
    kind = models.CharField(_("诉求类型"), max_length=20, choices=MatterKind)
    category = models.ForeignKey(
        "hotline.Category",
        verbose_name=_("分类"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    title = models.CharField(_("标题"), max_length=200)
    content = models.TextField(_("内容"))
    region = models.ForeignKey(
        "core.Region",
        verbose_name=_("事发区域"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    address = models.CharField(_("事发地址"), max_length=200, blank=True)
    lng = models.DecimalField(_("经度"), max_digits=9, decimal_places=6, null=True, blank=True)
    lat = models.DecimalField(_("纬度"), max_digits=8, decimal_places=6, null=True, blank=True)
    urgency = models.CharField(
        _("紧急程度"), max_length=12, choices=Urgency, default=Urgency.ORDINARY
    )
    confidential = models.BooleanField(_("要求保密"), default=False)
    publishable = models.BooleanField(_("同意公开"), default=False)

    state = FSMField(_("状态"), choices=TicketState.choices, default=TicketState.REGISTERED)
    version = models.PositiveIntegerField(default=0)
    claimed_by = models.ForeignKey(
        "core.User",
        verbose_name=_("受理人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    triage_outcome = models.CharField(
        _("受理结果"), max_length=20, choices=TriageOutcome, blank=True
    )
    triage_channel = models.CharField(
        _("告知途径"), max_length=20, choices=LegalChannel, blank=True
    )
    linked_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="linked_tickets",
        db_index=False,
    )
    rounds = models.PositiveSmallIntegerField(_("派单轮次"), default=0)
    accused_unit = models.ForeignKey(
        "core.Organisation",
        verbose_name=_("被投诉举报单位"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    search_tokens = SearchTokensField(sources=("title", "content", "address"))
    priority = models.GeneratedField(
        expression=Case(
            When(urgency=Urgency.EMERGENCY, then=Value(0)),
            When(urgency=Urgency.URGENT, then=Value(1)),
            default=Value(2),
        ),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
        null=False,
    )
    queue_due_at = models.GeneratedField(
        expression=Coalesce("answer_due_at", Value(UNDATED, output_field=models.DateTimeField())),
        output_field=models.DateTimeField(),
        db_persist=True,
        null=False,
    )

    received_at = models.DateTimeField(_("收到时间"))
    registered_at = models.DateTimeField(_("登记时间"))
    answer_due_at = models.DateTimeField(_("答复期限"), null=True, blank=True)
    dispatched_at = models.DateTimeField(_("派单时间"), null=True, blank=True)
    replied_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)

    data_classes = classify(
        internal="id no matter origin kind category region urgency confidential publishable state"
        " version claimed_by triage_outcome triage_channel linked_to accused_unit rounds"
        " received_at registered_at priority queue_due_at answer_due_at dispatched_at"
        " replied_at closed_at",
        personal="query_code citizen title content address lng lat search_tokens",
    )

    class Meta:
        verbose_name = _("工单")
        verbose_name_plural = _("工单")
        constraints = [
            models.UniqueConstraint(fields=["no"], name="ticket_no_once"),
            models.CheckConstraint(
                condition=Q(state__in=TicketState.values), name="ticket_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=TicketState.LINKED) | Q(linked_to__isnull=False),
                name="ticket_linked_has_target",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[TicketState.TRANSFERRED, TicketState.REDIRECTED])
                | ~Q(triage_channel=""),
                name="ticket_right_channel_told",
            ),
            models.CheckConstraint(
                condition=Q(lng__isnull=True, lat__isnull=True)
                | Q(lng__range=(73, 136), lat__range=(3, 54)),
                name="ticket_point_in_china",
            ),
        ]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="ticket_received_idx"),
            models.Index(fields=["state", "-received_at", "-id"], name="ticket_state_idx"),
            models.Index(
                fields=["state", "queue_due_at", "id"],
                condition=Q(state__in=[TicketState.REGISTERED, TicketState.DISPATCHED]),
                name="ticket_due_idx",
            ),
            models.Index(
                fields=["priority", "received_at", "id"],
                condition=Q(state=TicketState.REGISTERED),
                name="ticket_waiting_idx",
            ),
            models.Index(fields=["category", "-received_at"], name="ticket_category_idx"),
            models.Index(fields=["region", "-received_at"], name="ticket_region_idx"),
            models.Index(
                fields=["citizen", "-id"],
                condition=Q(citizen__isnull=False),
                name="ticket_citizen_idx",
            ),
            models.Index(
                fields=["claimed_by", "state"],
                condition=Q(claimed_by__isnull=False),
                name="ticket_claimed_idx",
            ),
            models.Index(
                fields=["linked_to"],
                condition=Q(linked_to__isnull=False),
                name="ticket_linked_idx",
            ),
            models.Index(
                fields=["accused_unit"],
                condition=Q(accused_unit__isnull=False),
                name="ticket_accused_idx",
            ),
            GinIndex(fields=["search_tokens"], name="ticket_search_idx"),
        ]

    def __str__(self) -> str:
        return self.no

    @_moves("claim")
    def claim(self, *, at: datetime, agent: Any) -> None:
        """One agent takes it."""
        self.claimed_by = agent

    @_moves("release")
    def release(self, *, at: datetime) -> None:
        """The agent gives it back to the queue."""
        self.claimed_by = None

    @_moves("revise")
    def revise(self, *, at: datetime, changes: dict[str, Any]) -> None:
        """Correct what was registered."""
        for name, value in changes.items():
            setattr(self, name, value)

    @_moves("answer_directly")
    def answer_directly(self, *, at: datetime, outcome: str, channel: str = "") -> None:
        """Close with an answer on the spot."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("transfer")
    def transfer(self, *, at: datetime, outcome: str, channel: str) -> None:
        """Hand over to an emergency line."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("redirect")
    def redirect(self, *, at: datetime, outcome: str, channel: str) -> None:
        """Tell the legal channel."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("link")
    def link(self, *, at: datetime, outcome: str, linked_to: "Ticket", channel: str = "") -> None:
        """Point to the earlier ticket of the same matter."""
        self.linked_to = linked_to
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("explain")
    def explain(self, *, at: datetime, outcome: str, channel: str = "") -> None:
        """Explain why it cannot be taken up."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("guide")
    def guide(self, *, at: datetime, outcome: str, channel: str) -> None:
        """Show the market or social channel."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("close_as_abuse")
    def close_as_abuse(self, *, at: datetime, outcome: str, channel: str = "") -> None:
        """Record malicious disturbance."""
        self._triage(at=at, outcome=outcome, channel=channel)

    @_moves("dispatch")
    def dispatch(self, *, at: datetime) -> None:
        """Go to the units."""
        self.triage_outcome = TriageOutcome.DISPATCHED
        self.dispatched_at = at
        self.rounds += 1

    @_moves("reopen_triage")
    def reopen_triage(self, *, at: datetime) -> None:
        """Undo a triage that was wrong."""
        self.triage_outcome, self.triage_channel = "", ""
        self.linked_to, self.closed_at = None, None

    @_moves("reply")
    def reply(self, *, at: datetime) -> None:
        """The answer goes to the citizen."""
        self.replied_at = at

    @_moves("demand_callback")
    def demand_callback(self, *, at: datetime) -> None:
        """Nobody evaluated by themselves: a person calls back."""

    @_moves("ask_review")
    def ask_review(self, *, at: datetime) -> None:
        """The citizen is not satisfied: an auditor decides."""

    @_moves("close")
    def close(self, *, at: datetime) -> None:
        """The loop is closed."""
        self.closed_at = at

    @_moves("close_after_review")
    def close_after_review(self, *, at: datetime) -> None:
        """The auditor found the handling lawful and complete."""
        self.closed_at = at

    @_moves("redo")
    def redo(self, *, at: datetime) -> None:
        """The auditor sends it to the units again."""
        self.rounds += 1
        self.replied_at = None

    @_moves("withdraw")
    def withdraw(self, *, at: datetime) -> None:
        """The citizen takes the demand back."""
        self.closed_at = at

    def _triage(self, *, at: datetime, outcome: str, channel: str) -> None:
        self.triage_outcome, self.triage_channel = outcome, channel
        self.closed_at = at
