"""One ticket: its page, and the deeds that need no form of their own."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.attachments.queries import get_for_download
from core.attachments.responses import download
from core.documents.actions import request_document
from core.personal_data.actions import reveal
from hotline.actions import citizen, triage
from hotline.forms.console import NoteForm, ReasonForm, RevealForm
from hotline.queries.tickets import TICKET, get_ticket, get_ticket_file
from hotline.views.console.edge import ConsoleView, attempt
from hotline.views.console.files import whole_ticket


class TicketView(ConsoleView):
    """A page around one ticket."""

    def ticket_page(self, no: str, *, status: int = 200, **forms: Any) -> HttpResponse:
        """Render the ticket with the forms as they were left."""
        file = get_ticket_file(no=no, user=self.user)
        context = whole_ticket(file, user=self.user, at=self.at)
        context["note_form"] = NoteForm()
        context["reopen_form"] = ReasonForm(initial={"version": file.ticket.version})
        return self.page("console/ticket.html", context | forms, status=status)

    @property
    def seen_version(self) -> int | None:
        """The version that the reader saw, from the form."""
        given = self.request.POST.get("version", "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None  # noqa: PLR2004  a column's width


class TicketPage(TicketView):
    """Everything about one ticket."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show it."""
        return self.ticket_page(no)


class Claim(TicketView):
    """Take a waiting ticket."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Exactly one of many who press wins; the others read who was faster."""
        triage.claim_ticket(
            ticket_no=no, by=self.user, at=self.at, expected_version=self.seen_version
        )
        return self.done(_("已由您受理。"), "console:ticket", no)


class Release(TicketView):
    """Give a ticket back."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Put it back into the queue."""
        triage.release_ticket(
            ticket_no=no, by=self.user, at=self.at, expected_version=self.seen_version
        )
        return self.done(_("已退回待受理队列。"), "console:ticket", no)


class AddNote(TicketView):
    """Leave a remark for colleagues."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Add it, or show what is wrong beside what was typed."""
        form = NoteForm(request.POST)
        if attempt(form, lambda: self._add(no, form)):
            return self.done(_("备注已保存。"), "console:ticket", no)
        return self.ticket_page(no, status=400, note_form=form)

    def _add(self, no: str, form: NoteForm) -> None:
        citizen.add_internal_note(
            ticket_no=no, text=form.cleaned_data["text"], by=self.user, at=self.at
        )


class Reopen(TicketView):
    """Undo a triage."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Let the ticket wait again, for a reason."""
        form = ReasonForm(request.POST)
        if attempt(form, lambda: self._reopen(no, form)):
            return self.done(_("已撤销受理结果，工单回到待受理。"), "console:ticket", no)
        return self.ticket_page(no, status=400, reopen_form=form)

    def _reopen(self, no: str, form: ReasonForm) -> None:
        triage.reopen_triage(
            ticket_no=no,
            reason=form.cleaned_data["reason"],
            by=self.user,
            at=self.at,
            expected_version=form.cleaned_data["version"],
        )


class Reveal(TicketView):
    """Show the caller in clear, for a reason that the trail keeps."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Return the caller card in clear; never stored in the page's history."""
        ticket = get_ticket(no=no, user=self.user)
        form = RevealForm(request.POST)
        clear: dict[str, str] = {}
        if not attempt(form, lambda: clear.update(self._reveal(ticket.origin, form))):
            context = {"ticket": ticket, "reveal_form": form}
            return render(request, "console/parts/reveal.html", context, status=422)
        response = render(request, "console/parts/revealed.html", {"clear": clear})
        response["Cache-Control"] = "no-store"
        return response

    def _reveal(self, contact: Any, form: RevealForm) -> dict[str, str]:
        fields = ("caller_name", "caller_phone", "caller_id_no")
        reason = form.cleaned_data["reason"]
        return {
            field: reveal(subject=contact, field=field, by=self.user, at=self.at, reason=reason)
            for field in fields
            if getattr(contact, field)
        }


class RequestRecord(TicketView):
    """Have the ticket's record made as a PDF."""

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Queue it and show where it will be."""
        ticket = get_ticket(no=no, user=self.user)
        document = request_document(
            kind="ticket_record",
            subject_type=TICKET,
            subject_id=ticket.pk,
            by=self.user,
            at=self.at,
        )
        return self.done(_("正在生成工单记录。"), "console:document", document.token)


class DownloadAttachment(TicketView):
    """Hand over one of the citizen's files."""

    def get(self, request: HttpRequest, no: str, token: UUID) -> HttpResponseBase:
        """Check the ticket first, then the file's binding to it."""
        ticket = get_ticket(no=no, user=self.user)
        return download(get_for_download(token=token, subject_type=TICKET, subject_id=ticket.pk))
