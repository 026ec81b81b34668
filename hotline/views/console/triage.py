"""受理结果 and 派单."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import Organisation
from core.clocks.queries import NoPolicyError, find_policy
from core.transitions.actions import StaleVersionError
from hotline.actions import triage
from hotline.forms.console import DispatchForm, TriageForm
from hotline.models import Ticket
from hotline.queries.directory import list_handling_units
from hotline.queries.tickets import TicketFile, get_ticket_file, list_earlier
from hotline.states import (
    CHANNEL_REQUIRED,
    EMERGENCY_CHANNELS,
    ClockKind,
    TriageOutcome,
)
from hotline.views.console.edge import attempt
from hotline.views.console.files import ticket_context
from hotline.views.console.rows import ticket_row
from hotline.views.console.tickets import TicketView

OUTCOME_HINTS = {
    TriageOutcome.TRANSFERRED: gettext_lazy("危及人身、财产安全的，立即转接，保留记录。"),
    TriageOutcome.ANSWERED: gettext_lazy("咨询能当场答清的，直接答复并办结。"),
    TriageOutcome.REDIRECTED: gettext_lazy(
        "应当或已经通过诉讼、仲裁、复议、信访等途径的，告知途径。"
    ),
    TriageOutcome.LINKED: gettext_lazy(
        "同一事项正在办理或已办结，又没有新情况的，告知进展或结果。"
    ),
    TriageOutcome.EXPLAINED_SECRET: gettext_lazy(
        "涉及国家秘密、商业秘密、个人隐私的，说明不能办理的原因。"
    ),
    TriageOutcome.GUIDED: gettext_lazy("不属政府职责的，告知可以找谁。"),
    TriageOutcome.EXPLAINED_UNLAWFUL: gettext_lazy("诉求违法或违背公序良俗的，劝导并说明。"),
    TriageOutcome.ABUSE: gettext_lazy("恶意扰乱秩序的，警告并记录，必要时移送公安机关。"),
}


class TicketFormView(TicketView):
    """A form on one ticket: a stale version is said on the form, and nothing typed is lost."""

    template = ""

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Render the form beside its ticket."""
        context = ticket_context(file, user=self.user, at=self.at)
        context |= {"form": form, "base": [], **more}
        return self.page(self.template, context, status=status)

    def show_again(self, no: str, form: Any, *, is_stale: bool, **more: Any) -> HttpResponse:
        """Show the form with its errors, or with the news that the ticket has changed."""
        file = get_ticket_file(no=no, user=self.user)
        if is_stale:
            form.data = form.data.copy()
            form.data["version"] = str(file.ticket.version)
        latest = file.log[-1] if file.log else None
        status = 409 if is_stale else 400
        return self.show(file, form, status=status, is_stale=is_stale, latest=latest, **more)


class TriageTicket(TicketFormView):
    """Close a ticket with one of the eight outcomes that are not 派单."""

    template = "console/triage.html"

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show the outcomes."""
        file = get_ticket_file(no=no, user=self.user)
        initial = {
            "version": file.ticket.version,
            "linked_no": request.GET.get("linked_no", ""),
            "outcome": request.GET.get("outcome", ""),
        }
        return self.show(file, TriageForm(initial=initial))

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Decide."""
        form = TriageForm(request.POST)
        try:
            if attempt(form, lambda: self._triage(no, form)):
                return self.done(_("受理结果已记录，并会告知市民。"), "console:ticket", no)
        except StaleVersionError:
            return self.show_again(no, form, is_stale=True)
        return self.show_again(no, form, is_stale=False)

    def _triage(self, no: str, form: TriageForm) -> None:
        data = form.cleaned_data
        triage.triage_ticket(
            ticket_no=no,
            triage=triage.Triage(
                outcome=data["outcome"],
                reason=data["reason"],
                channel=data["channel"],
                linked_no=data["linked_no"],
            ),
            by=self.user,
            at=self.at,
            expected_version=data["version"],
        )

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Add the hints, the rules for the page's script, and the caller's earlier tickets."""
        earlier = list_earlier(ticket=file.ticket, user=self.user)
        more |= {
            "hints": OUTCOME_HINTS,
            "rules": outcome_rules(),
            "earlier": [ticket_row(row, me=self.user.pk, at=self.at) for row in earlier],
        }
        return super().show(file, form, status=status, **more)


def outcome_rules() -> dict[str, dict[str, Any]]:
    """Return which further fields each outcome asks for."""
    return {
        outcome.value: {
            "channel": outcome in CHANNEL_REQUIRED,
            "linked": outcome == TriageOutcome.LINKED,
            "channels": sorted(EMERGENCY_CHANNELS) if outcome == TriageOutcome.TRANSFERRED else [],
        }
        for outcome in TriageOutcome
    }


class DispatchTicket(TicketFormView):
    """Send a ticket to one 主办 and any 协办."""

    template = "console/dispatch.html"

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show the units, the proposal and the deadline that will be written on the orders."""
        file = get_ticket_file(no=no, user=self.user)
        proposal = proposed_unit(file.ticket)
        initial = {"version": file.ticket.version, "lead": proposal.code if proposal else ""}
        return self.show(file, DispatchForm(initial=initial))

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Send it."""
        form = DispatchForm(request.POST)
        try:
            if attempt(form, lambda: self._dispatch(no, form)):
                return self.done(_("已派单，承办单位现在就能看到。"), "console:ticket", no)
        except StaleVersionError:
            return self.show_again(no, form, is_stale=True)
        return self.show_again(no, form, is_stale=False)

    def _dispatch(self, no: str, form: DispatchForm) -> None:
        data = form.cleaned_data
        triage.dispatch_ticket(
            ticket_no=no,
            dispatch=triage.Dispatch(
                lead=data["lead"], assists=data["assists"], instruction=data["instruction"]
            ),
            by=self.user,
            at=self.at,
            expected_version=data["version"],
        )

    def show(self, file: TicketFile, form: Any, *, status: int = 200, **more: Any) -> HttpResponse:
        """Add the units and the length of the sign-off clock."""
        more |= {
            "units": list(unit_rows(file.ticket, form)),
            "proposal": proposed_unit(file.ticket),
            "sign_policy": sign_policy(file.ticket, self.at),
        }
        return super().show(file, form, status=status, **more)


def proposed_unit(ticket: Ticket) -> Organisation | None:
    """Return the unit that the category names, unless it is the accused one."""
    unit = ticket.category.default_unit if ticket.category else None
    accused = ticket.accused_unit
    if unit is None or (accused is not None and unit.path.startswith(accused.path)):
        return None
    return unit if unit.is_active else None


def unit_rows(ticket: Ticket, form: DispatchForm) -> list[dict[str, Any]]:
    """Return every unit for the picker; the accused one and what lies below it is left out."""
    units = list_handling_units().select_related("region")
    if ticket.accused_unit:
        units = units.exclude(Q(path__startswith=ticket.accused_unit.path))
    lead = form["lead"].value() or ""
    assists = form.clean_assists() if form.is_bound else ()
    proposal = proposed_unit(ticket)
    rows = [
        {
            "unit": unit,
            "is_lead": unit.code == lead,
            "is_assist": unit.code in assists,
            "is_proposed": proposal is not None and unit.pk == proposal.pk,
        }
        for unit in units
    ]
    return sorted(rows, key=lambda row: not (row["is_lead"] or row["is_assist"]))


def sign_policy(ticket: Ticket, at: Any) -> Any:
    """Return the policy of the sign-off clock, or None where the city has none."""
    try:
        return find_policy(
            clock_kind=ClockKind.SIGN,
            subject_kind=ticket.kind,
            urgency=ticket.urgency,
            region=ticket.region,
            on=at.date(),
        )
    except NoPolicyError:
        return None
