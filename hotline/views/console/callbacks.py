"""回访 and 审核: the loop is closed by people who did not handle the matter."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.errors import ForbiddenError
from core.transitions.actions import StaleVersionError
from hotline.actions import closing
from hotline.actions.closing import Verdict
from hotline.forms.console import CallbackForm, ReasonForm, RevealForm
from hotline.models import Ticket
from hotline.policies import check_independent
from hotline.queries.history import history_of
from hotline.queries.tickets import TicketFile, get_ticket_file
from hotline.states import CallbackResult, TicketState
from hotline.views.console.edge import attempt
from hotline.views.console.files import order_card, replies_as_notes
from hotline.views.console.triage import TicketFormView


class ClosingView(TicketFormView):
    """What call-back and review both show: the answers given, and all that led to them."""

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Render the form beside the replies and the history."""
        more = {
            "replies": replies_as_notes(file.replies),
            "orders": [order_card(file, order, self.at) for order in file.orders],
            "history": history_of(file),
            "reveal_form": RevealForm(initial={"reason": _("回访核实")}),
            **more,
        }
        return super().show(file, form, status=status, **more)


class Callback(ClosingView):
    """One call-back attempt."""

    template = "console/callback.html"

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show whom to ask what."""
        file = get_ticket_file(no=no, user=self.user)
        return self.show(file, CallbackForm(initial={"version": file.ticket.version}))

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Record the attempt, and the verdict when somebody was reached."""
        form = CallbackForm(request.POST)
        made: list[Ticket] = []
        try:
            if attempt(form, lambda: made.append(self._record(no, form))):
                return self.done(said_after(made[0]), "console:ticket", no)
        except StaleVersionError:
            return self.show_again(no, form, is_stale=True)
        return self.show_again(no, form, is_stale=False)

    def _record(self, no: str, form: CallbackForm) -> Ticket:
        data = form.cleaned_data
        reached = data["result"] == CallbackResult.REACHED
        verdict = Verdict(
            solved=data["solved"], satisfaction=data["satisfaction"] or 0, comment=data["comment"]
        )
        return closing.record_callback(
            ticket_no=no,
            result=data["result"],
            note=data["note"],
            verdict=verdict if reached else None,
            next_at=data["next_at"],
            by=self.user,
            at=self.at,
            expected_version=data["version"],
        )

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Add the attempts of this round, and whether this reader may call at all."""
        this_round = [row for row in file.callbacks if row.round == file.ticket.rounds]
        more |= {"attempts": this_round, "four_eyes": is_barred(self, file)}
        return super().show(file, form, status=status, **more)


def is_barred(view: ClosingView, file: TicketFile) -> bool:
    """Tell whether the reader handled the matter and therefore may not close it."""
    try:
        check_independent(view.user, file.ticket)
    except ForbiddenError:
        return True
    return False


def said_after(ticket: Ticket) -> str:
    """Return what happened to the ticket by this attempt."""
    words = {
        TicketState.CLOSED: _("回访已记录，工单已办结。"),
        TicketState.REVIEW: _("回访已记录，市民不满意或没有解决，已转审核。"),
    }
    return words.get(TicketState(ticket.state), _("回访已记录。"))


class Review(ClosingView):
    """The auditor's decision on a ticket whose citizen is not satisfied."""

    template = "console/review.html"

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show the verdict with all that led to it."""
        file = get_ticket_file(no=no, user=self.user)
        return self.show(file, ReasonForm(initial={"version": file.ticket.version}))

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Close it, or order a redo; both for a reason."""
        form = ReasonForm(request.POST)
        redo = request.POST.get("decision") == "redo"
        deed = closing.order_redo if redo else closing.close_after_review
        said = _("已要求重办，承办单位会重新签收。") if redo else _("已办结，理由会告知市民。")
        try:
            if attempt(form, lambda: self._decide(no, form, deed)):
                return self.done(said, "console:ticket", no)
        except StaleVersionError:
            return self.show_again(no, form, is_stale=True)
        return self.show_again(no, form, is_stale=False)

    def _decide(self, no: str, form: ReasonForm, deed: Any) -> None:
        deed(
            ticket_no=no,
            reason=form.cleaned_data["reason"],
            by=self.user,
            at=self.at,
            expected_version=form.cleaned_data["version"],
        )

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Add the verdict of this round."""
        more |= {"evaluation": file.evaluations[-1] if file.evaluations else None}
        return super().show(file, form, status=status, **more)
