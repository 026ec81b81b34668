"""Following a ticket: proof first, then where it stands and what its citizen may do."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.attachments.queries import get_for_download, list_for_subject
from core.attachments.responses import download
from core.errors import DomainError, InvalidError, NotFoundError
from core.http.throttles import ThrottledError, check_rate, wait_of
from core.personal_data.masking import mask_phone
from hotline.actions.citizen import add_supplement, withdraw_ticket
from hotline.actions.closing import Verdict, evaluate_ticket
from hotline.forms.portal import (
    EvaluateForm,
    LookupForm,
    PortalForm,
    SupplementForm,
    WithdrawForm,
)
from hotline.models import Ticket
from hotline.queries import progress
from hotline.rules.calendar_file import due_calendar
from hotline.rules.raising import SLUGS
from hotline.views.portal.edge import (
    UNPROCESSABLE,
    PortalView,
    actor_of,
    open_ticket,
    remember_proof,
)

NOT_FOUND = 404


class Lookup(PortalView):
    """``/track/``: number and proof."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for them."""
        number = progress.clean_number(request.GET.get("no", ""))
        return self._ask(LookupForm(initial={"ticket_no": number}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the ticket; what is wrong is never told apart."""
        number, proof = request.POST.get("ticket_no", ""), request.POST.get("proof", "")
        form = LookupForm(data={"ticket_no": number})
        try:
            check_rate(scope="anonymous_track", request=request)
            check_phone_rate(proof)
            ticket = progress.find_by_proof(ticket_no=number, proof=proof)
        except ThrottledError as error:
            form.blame({"": [str(error.message)]})
            return self._ask(form, status=error.status)
        except NotFoundError:
            form.blame({"": [_("编号和查询码（或电话）对不上，请核对后再试。")]})
            return self._ask(form, status=UNPROCESSABLE)
        remember_proof(request, ticket.no)
        return redirect("hotline:track_ticket", no=ticket.no)

    def _ask(self, form: LookupForm, *, status: int = 200) -> HttpResponse:
        return self.show("track/lookup.html", {"form": form}, status=status)


class TicketView(PortalView):
    """A page about one ticket. Who has not proven it sees the same as if there were none."""

    ticket: Ticket

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Open the ticket, or ask for proof."""
        number = str(kwargs.get("no", ""))
        try:
            self.ticket = open_ticket(request, number)
        except NotFoundError:
            form = LookupForm(initial={"ticket_no": progress.clean_number(number)})
            context = {"form": form, "is_unproven": True}
            return self.show("track/lookup.html", context, status=NOT_FOUND)
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> User | None:
        """Return the signed-in owner, or None for who proved it otherwise."""
        return actor_of(self.request, self.ticket)

    def told(self) -> progress.Progress:
        """Return where the ticket stands now."""
        return progress.progress_of(self.ticket, at=timezone.now())

    def back(self) -> HttpResponse:
        """Go to the ticket's page."""
        return redirect("hotline:track_ticket", no=self.ticket.no)


class Track(TicketView):
    """Where it stands."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show it."""
        told = self.told()
        context = {
            "ticket": self.ticket,
            "progress": told,
            "timeline": timeline(told),
            "masked_phone": mask_phone(self.ticket.origin.caller_phone),
            "attachments": list_for_subject(
                subject_type=progress.TICKET, subject_id=self.ticket.pk
            ),
        }
        return self.show("track/ticket.html", context)


class Raised(TicketView):
    """What a citizen keeps after raising a matter: number, code, and what comes next."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show it, as often as the session lasts."""
        context = {"ticket": self.ticket, "progress": self.told(), "slugs": SLUGS}
        return self.show("raise/done.html", context)


class Calendar(TicketView):
    """The promised day as a calendar file."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Return the file; without a promise there is none."""
        day = progress.last_day(self.ticket.answer_due_at)
        if day is None:
            raise NotFoundError
        body = due_calendar(
            number=self.ticket.no,
            day=day,
            at=self.ticket.registered_at,
            summary=_("12345 诉求答复期限"),
            description=_("诉求编号 %s。凭编号和查询码可以查看进度。") % self.ticket.no,
        )
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.ticket.no}.ics"'
        return response


class File(TicketView):
    """One of the citizen's own attachments."""

    def get(self, request: HttpRequest, no: str, token: Any) -> HttpResponseBase:
        """Hand it out as a download."""
        found = get_for_download(
            token=token, subject_type=progress.TICKET, subject_id=self.ticket.pk
        )
        return download(found)


class DeedView(TicketView):
    """A form with which the citizen does something to the ticket."""

    form_class: type[PortalForm]
    template: str
    allowed: str

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show the form, or the ticket when there is nothing to do any more."""
        told = self.told()
        if not getattr(told, self.allowed):
            messages.info(request, _("现在不能这样做了，请看最新进度。"))
            return self.back()
        return self._show(self.form_class(), told)

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Do it; a refusal is said beside the form, with everything kept."""
        form = self.form_class(data=request.POST)
        try:
            self.do(form)
        except InvalidError as error:
            form.blame_error(error)
            return self._show(form, self.told(), status=UNPROCESSABLE)
        except DomainError as error:
            messages.error(request, _(str(error.message)))
            return self.back()
        return self.done()

    def do(self, form: Any) -> None:
        """Call the domain."""
        raise NotImplementedError

    def done(self) -> HttpResponse:
        """Answer what was done."""
        return self.back()

    def _show(
        self, form: PortalForm, told: progress.Progress, *, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "ticket": self.ticket, "progress": told}
        return self.show(f"track/{self.template}", context, status=status)


class AddFacts(DeedView):
    """New facts."""

    form_class = SupplementForm
    template = "supplement.html"
    allowed = "can_supplement"

    def do(self, form: SupplementForm) -> None:
        """Add them."""
        add_supplement(
            ticket=self.ticket, text=form.data.get("text", ""), by=self.actor, at=timezone.now()
        )
        messages.success(self.request, _("已补充，办理人员会看到。"))


class Withdraw(DeedView):
    """The demand is taken back."""

    form_class = WithdrawForm
    template = "withdraw.html"
    allowed = "can_withdraw"

    def do(self, form: WithdrawForm) -> None:
        """Withdraw it."""
        withdraw_ticket(
            ticket=self.ticket,
            reason=form.reason_in_words(),
            by=self.actor,
            at=timezone.now(),
        )
        messages.success(self.request, _("已撤回，不再办理。需要时可以重新提交。"))


class Evaluate(DeedView):
    """Solved? Satisfied?"""

    form_class = EvaluateForm
    template = "evaluate.html"
    allowed = "can_evaluate"

    def do(self, form: EvaluateForm) -> None:
        """Give the verdict."""
        verdict = Verdict(
            solved=form.data.get("solved", ""),
            satisfaction=form.level,
            comment=form.data.get("comment", ""),
        )
        evaluate_ticket(ticket=self.ticket, verdict=verdict, by=self.actor, at=timezone.now())

    def done(self) -> HttpResponse:
        """Say thanks."""
        return redirect("hotline:thanks", no=self.ticket.no)


class Thanks(TicketView):
    """After the verdict."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Say thanks, and what follows from it."""
        if self.told().can_evaluate:
            return redirect("hotline:evaluate", no=no)
        return self.show("track/thanks.html", {"ticket": self.ticket, "progress": self.told()})


def check_phone_rate(proof: str) -> None:
    """Raise ThrottledError when one phone is tried too often, from wherever: its owner's tickets
    are not found by trying numbers."""
    digest = progress.phone_index(proof)
    if digest is not None and wait_of(scope="anonymous_track", caller=f"phone:{digest.hex()}"):
        raise ThrottledError


def timeline(told: progress.Progress) -> list[dict[str, Any]]:
    """Return the steps for the time line, and the next promise as its last entry."""
    items: list[dict[str, Any]] = [
        {"at": step.at, "title": step.title, "text": step.text, "kind": "done"}
        for step in told.steps
    ]
    if told.holder:
        held = _("现在由%s负责") % told.holder
        items.append({"title": told.state_text, "text": held, "kind": "now"})
    if told.next_promise:
        items.append({"title": told.next_promise, "kind": "next"})
    return items
