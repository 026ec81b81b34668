"""承办单: what a unit does with its part of a matter."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.transitions.actions import StaleVersionError
from hotline import policies
from hotline.actions import handling
from hotline.forms.console import (
    AnswerForm,
    ConsoleForm,
    FirstContactForm,
    ProgressForm,
    ReasonForm,
)
from hotline.models import HandlingOrder, NoteKind
from hotline.queries.history import history_of
from hotline.queries.tickets import TicketFile, get_order, get_ticket_file
from hotline.states import OrderRole, OrderState
from hotline.views.console.drafts import DraftPlace
from hotline.views.console.edge import attempt
from hotline.views.console.files import ORDER_DEEDS, order_card, replies_as_notes, ticket_context
from hotline.views.console.tickets import TicketView

ANSWER_DRAFT = "order-answer"
SETTLED = frozenset({OrderState.APPROVED, OrderState.TERMINATED})


class OrderView(TicketView):
    """A page around one order. Forms that failed come back as they were left."""

    def order_page(self, no: str, *, status: int = 200, **forms: Any) -> HttpResponse:
        """Render the order with its ticket."""
        order = get_order(no=no, user=self.user)
        file = get_ticket_file(no=order.ticket.no, user=self.user)
        context = ticket_context(file, user=self.user, at=self.at)
        context |= order_context(self, file, order) | forms
        return self.page("console/order.html", context, status=status)

    def carry_out(
        self, no: str, name: str, form: ConsoleForm, deed: Callable[[], Any], said: str
    ) -> HttpResponse:
        """Do one deed with a form; a stale version shows the news and keeps the words."""
        try:
            if attempt(form, deed):
                return self.done(said, "console:order", no)
        except StaleVersionError:
            return self._stale(no, name, form)
        return self.order_page(no, status=400, **{name: form})

    def _stale(self, no: str, name: str, form: ConsoleForm) -> HttpResponse:
        order = get_order(no=no, user=self.user)
        form.data = {**form.data, "version": str(order.version)}
        return self.order_page(no, status=409, is_stale=True, **{name: form})


def order_context(view: OrderView, file: TicketFile, order: HandlingOrder) -> dict[str, Any]:
    """Return what the order's page shows beside the ticket."""
    version = {"version": order.version}
    place = DraftPlace(ANSWER_DRAFT, order.no, view.user)
    answer = {"answer": order.answer, **place.load(), **version}
    return {
        "order": order,
        "card": order_card(file, order, view.at),
        "others": [order_card(file, row, view.at) for row in file.orders if row.pk != order.pk],
        "may": {name: policies.can_fire_order(view.user, order, name) for name in ORDER_DEEDS},
        "may_note": may_note(view, order),
        "pending_assists": pending_assists(file, order),
        "notes": order_notes(file, order, view.user.pk),
        "replies": replies_as_notes(file.replies),
        "history": history_of(file),
        "contact_form": FirstContactForm(initial=version),
        "progress_form": ProgressForm(),
        "answer_form": AnswerForm(initial=answer),
        "answer_draft_url": place.url,
        "back_form": ReasonForm(initial=version),
    }


def may_note(view: OrderView, order: HandlingOrder) -> bool:
    """Tell whether a progress note can be added now."""
    working = order.state in {OrderState.SIGNED, OrderState.HANDLING}
    return working and policies.can_work_on_order(view.user, order)


def pending_assists(file: TicketFile, order: HandlingOrder) -> list[str]:
    """Return the 协办 units that the 主办 still waits for."""
    if order.role != OrderRole.LEAD:
        return []
    return [
        str(row.unit)
        for row in file.orders
        if row.role == OrderRole.ASSIST and row.state not in SETTLED
    ]


def order_notes(file: TicketFile, order: HandlingOrder, me: int) -> list[dict[str, Any]]:
    """Return the notes of one order for the conversation component."""
    return [
        {
            "who": f"{note.by.get_full_name()} · {note.get_kind_display()}",
            "at": note.at,
            "text": note.text,
            "mine": note.by_id == me,
            "official": note.kind == NoteKind.SEND_BACK,
        }
        for note in file.notes
        if note.order_id == order.pk
    ]


class OrderPage(OrderView):
    """Everything about one order."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show it."""
        return self.order_page(no)


class Sign(OrderView):
    """Take the order for the unit."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Sign; the signer becomes the handler."""
        handling.sign_order(
            order_no=no, by=self.user, at=self.at, expected_version=self.seen_version
        )
        return self.done(_("已签收，由您承办。请尽快联系市民。"), "console:order", no)


class FirstContact(OrderView):
    """Note the first conversation with the citizen."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Record it."""
        form = FirstContactForm(request.POST)
        return self.carry_out(
            no,
            "contact_form",
            form,
            lambda: handling.record_first_contact(
                order_no=no,
                text=form.cleaned_data["text"],
                by=self.user,
                at=self.at,
                expected_version=form.cleaned_data["version"],
            ),
            _("首次联系已记录。"),
        )


class Progress(OrderView):
    """Note a step on the way."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Record it."""
        form = ProgressForm(request.POST)
        return self.carry_out(
            no,
            "progress_form",
            form,
            lambda: handling.add_progress(
                order_no=no, text=form.cleaned_data["text"], by=self.user, at=self.at
            ),
            _("办理进展已记录。"),
        )


class Answer(OrderView):
    """Put the answer before the head of the unit."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Submit it."""
        form = AnswerForm(request.POST)
        return self.carry_out(
            no, "answer_form", form, lambda: self._submit(no, form), _("答复已提交，等待审批。")
        )

    def _submit(self, no: str, form: AnswerForm) -> None:
        handling.submit_answer(
            order_no=no,
            answer=form.cleaned_data["answer"],
            by=self.user,
            at=self.at,
            expected_version=form.cleaned_data["version"],
        )
        DraftPlace(ANSWER_DRAFT, no, self.user).forget()


class Approve(OrderView):
    """Approve the answer."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """The 主办's answer goes to the citizen, a 协办's to the 主办."""
        order = handling.approve_order(
            order_no=no, by=self.user, at=self.at, expected_version=self.seen_version
        )
        is_lead = order.role == OrderRole.LEAD
        said = _("已审批，答复已告知市民。") if is_lead else _("已审批，答复已交主办单位。")
        return self.done(said, "console:order", no)


class SendBack(OrderView):
    """Return the answer to the handler."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Send it back with what is missing."""
        form = ReasonForm(request.POST)
        return self.carry_out(
            no,
            "back_form",
            form,
            lambda: handling.send_back_order(
                order_no=no,
                reason=form.cleaned_data["reason"],
                by=self.user,
                at=self.at,
                expected_version=form.cleaned_data["version"],
            ),
            _("已退回承办人修改。"),
        )
