"""登记来电: the matter is written down while the caller speaks."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hotline.actions.intake import register_contact
from hotline.forms.console import PhoneDeskForm, category_choices, unit_choices
from hotline.models import Ticket
from hotline.queries.categories import category_tree
from hotline.queries.directory import list_handling_units
from hotline.queries.queues import TRIAGE_ROLES
from hotline.queries.suggestions import suggest
from hotline.queries.tickets import list_by_phone
from hotline.rules.intake import NewContact
from hotline.states import Source
from hotline.views.console.drafts import DraftPlace
from hotline.views.console.edge import ConsoleView, attempt
from hotline.views.console.revise import region_options
from hotline.views.console.rows import ticket_row

FORM = "phone-desk"
NEXT_STEPS = {
    "triage": "console:triage",
    "dispatch": "console:dispatch",
    "open": "console:ticket",
}


class PhoneDeskStart(ConsoleView):
    """A new call."""

    roles = TRIAGE_ROLES

    def get(self, request: HttpRequest) -> HttpResponse:
        """Give the call a key: its draft is kept under it, and it registers once."""
        return redirect("console:phone_desk", uuid4())


class PhoneDesk(ConsoleView):
    """One call."""

    roles = TRIAGE_ROLES

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Show what was typed so far."""
        place = DraftPlace(FORM, str(key), self.user)
        return self._show(key, phone_form(initial=place.load()))

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Register it; the same call sent twice is one ticket."""
        form = phone_form(request.POST)
        made: list[Ticket] = []
        if not attempt(form, lambda: made.append(self._register(key, form))):
            return self._show(key, form, status=400)
        DraftPlace(FORM, str(key), self.user).forget()
        ticket = made[0]
        messages.success(request, _("已登记，工单编号 %s。") % ticket.no)
        step = NEXT_STEPS.get(request.POST.get("then", ""), "console:ticket")
        return redirect(step, ticket.no)

    def _register(self, key: UUID, form: PhoneDeskForm) -> Ticket:
        new = NewContact(source=Source.CALL, external_id=f"desk-{key}", **form.cleaned_data)
        ticket, _is_new = register_contact(new=new, by=self.user, at=self.at)
        return ticket

    def _show(self, key: UUID, form: PhoneDeskForm, *, status: int = 200) -> HttpResponse:
        phone = str(form["caller_phone"].value() or "")
        context = {
            "form": form,
            "key": key,
            "draft_url": DraftPlace(FORM, str(key), self.user).url,
            **caller_context(self, phone),
        }
        return self.page("console/phone_desk.html", context, current="phone", status=status)


class CallerLookup(ConsoleView):
    """The caller's earlier tickets, as soon as the number is typed."""

    roles = TRIAGE_ROLES

    def post(self, request: HttpRequest) -> HttpResponse:
        """Look by blind index; the number travels in the body, so that no log has it."""
        context = caller_context(self, request.POST.get("caller_phone", "")[:40])
        return render(request, "console/parts/caller_history.html", context)


class Suggestions(ConsoleView):
    """Categories for what is being typed: by keywords, and said so."""

    roles = TRIAGE_ROLES

    def post(self, request: HttpRequest) -> HttpResponse:
        """Propose; write nothing."""
        found = suggest(
            title=request.POST.get("title", "")[:200],
            content=request.POST.get("content", "")[:2000],
            region=request.POST.get("region", "")[:12],
            address=request.POST.get("address", "")[:200],
            user=self.user,
        )
        return render(request, "console/parts/suggestions.html", {"found": found})


def phone_form(*args: Any, **kwargs: Any) -> PhoneDeskForm:
    """Return the form with its choices."""
    return PhoneDeskForm(
        *args,
        categories=category_choices(category_tree().values()),
        regions=region_options(),
        units=unit_choices(list_handling_units()),
        **kwargs,
    )


def caller_context(view: ConsoleView, phone: str) -> dict[str, Any]:
    """Return the earlier tickets of a number."""
    found = list_by_phone(phone=phone, user=view.user)
    return {
        "phone_given": bool(phone.strip()),
        "earlier": [ticket_row(row, me=view.user.pk, at=view.at) for row in found],
    }
