"""承办单: the matter before one unit, as 主办 or 协办."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from core.personal_data.register import classify
from hotline.states import ORDER_TRANSITIONS, UNDATED, OrderRole, OrderState


def _moves(name: str) -> Any:
    """Declare a transition from the table in states.py; the gate alone calls it."""
    rule = ORDER_TRANSITIONS[name]
    return transition(field="state", source=sorted(rule.sources), target=rule.target)


class HandlingOrder(models.Model):
    """One unit's task. The deadline is written on it at dispatch (接诉即办工作条例 art. 13)."""

    no = models.CharField(_("承办单编号"), max_length=32, unique=True)
    ticket = models.ForeignKey("hotline.Ticket", on_delete=models.PROTECT, related_name="orders")
    matter = models.ForeignKey("hotline.Matter", on_delete=models.PROTECT, related_name="orders")
    unit = models.ForeignKey(
        "core.Organisation", verbose_name=_("承办单位"), on_delete=models.PROTECT, related_name="+"
    )
    role = models.CharField(_("主办/协办"), max_length=10, choices=OrderRole)
    instruction = models.CharField(_("派单说明"), max_length=1000, blank=True)
    state = FSMField(_("状态"), choices=OrderState.choices, default=OrderState.ISSUED)
    version = models.PositiveIntegerField(default=0)
    handler = models.ForeignKey(
        "core.User",
        verbose_name=_("承办人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    answer = models.TextField(_("办理结果"), blank=True)
    answered_by = models.ForeignKey(
        "core.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_by = models.ForeignKey(
        "core.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField(_("派单时间"))
    due_at = models.DateTimeField(_("办理期限"), null=True, blank=True)
    queue_due_at = models.GeneratedField(
        expression=Coalesce("due_at", Value(UNDATED, output_field=models.DateTimeField())),
        output_field=models.DateTimeField(),
        db_persist=True,
        null=False,
    )
    signed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    first_contact_at = models.DateTimeField(_("首次联系"), null=True, blank=True)
    answered_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    approved_at = models.DateTimeField(_("审批时间"), null=True, blank=True)

    data_classes = classify(
        internal="id no ticket matter unit role instruction state version handler answered_by"
        " issued_by issued_at due_at queue_due_at signed_at first_contact_at answered_at"
        " approved_at",
        personal="answer",
    )

    class Meta:
        verbose_name = _("承办单")
        verbose_name_plural = _("承办单")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=OrderState.values), name="order_state_known"
            ),
            models.UniqueConstraint(
                fields=["matter"],
                condition=Q(role=OrderRole.LEAD) & ~Q(state=OrderState.TERMINATED),
                name="order_one_lead_per_matter",
            ),
            models.UniqueConstraint(
                fields=["matter", "unit"],
                condition=~Q(state=OrderState.TERMINATED),
                name="order_unit_once_per_matter",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[OrderState.ANSWERED, OrderState.APPROVED]) | ~Q(answer=""),
                name="order_answered_has_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "state", "queue_due_at", "id"], name="order_unit_queue_idx"
            ),
        ]

    def __str__(self) -> str:
        return self.no

    @_moves("sign")
    def sign(self, *, at: datetime, handler: Any) -> None:
        """The unit takes it."""
        self.signed_at, self.handler = at, handler

    @_moves("record_first_contact")
    def record_first_contact(self, *, at: datetime) -> None:
        """The handler has spoken with the citizen."""
        self.first_contact_at = at

    @_moves("submit_answer")
    def submit_answer(self, *, at: datetime, answer: str, answered_by: Any) -> None:
        """The answer waits for the head of the unit."""
        self.answer, self.answered_at, self.answered_by = answer, at, answered_by

    @_moves("approve")
    def approve(self, *, at: datetime) -> None:
        """The head of the unit agrees."""
        self.approved_at = at

    @_moves("send_back")
    def send_back(self, *, at: datetime) -> None:
        """The head of the unit wants it better."""

    @_moves("redo")
    def redo(self, *, at: datetime, due_at: datetime | None) -> None:
        """A new round, ordered by an auditor."""
        self.issued_at, self.due_at = at, due_at
        self.signed_at = self.first_contact_at = self.answered_at = self.approved_at = None

    @_moves("terminate")
    def terminate(self, *, at: datetime) -> None:
        """No more to do here."""
