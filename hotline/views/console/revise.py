"""Correcting what was registered; two editors at once compare and merge."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.regions.queries import UnknownRegionError, picker_tree, resolve
from core.transitions.actions import StaleVersionError
from hotline.actions.triage import revise_ticket
from hotline.forms.console import (
    Choices,
    ReviseForm,
    category_choices,
    region_choices,
    unit_choices,
)
from hotline.models import Ticket
from hotline.queries.categories import category_tree
from hotline.queries.directory import list_handling_units
from hotline.queries.tickets import TicketFile, get_ticket_file
from hotline.rules.revision import Merge, Parts, changed, marked, merge
from hotline.views.console.edge import attempt
from hotline.views.console.files import ticket_context
from hotline.views.console.tickets import TicketView

FIELDS = (
    "title",
    "content",
    "kind",
    "category",
    "region",
    "address",
    "urgency",
    "accused_unit",
    "confidential",
)
YES = "1"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that somebody else changed, for the comparison."""

    field: Any
    is_conflict: bool
    theirs: str
    mine: str
    parts_theirs: Parts
    parts_mine: Parts
    raw_theirs: str


class Revise(TicketView):
    """The form for corrections."""

    def get(self, request: HttpRequest, no: str) -> HttpResponse:
        """Show the form as the ticket stands."""
        file = get_ticket_file(no=no, user=self.user)
        base = plain_facts(file.ticket)
        form = self._form(initial={**form_values(base), "version": file.ticket.version})
        return self._show(file, form, base=base)

    def post(self, request: HttpRequest, no: str) -> HttpResponse:
        """Save what the editor changed; if somebody else saved meanwhile, compare first."""
        form = self._form(request.POST)
        base = {name: request.POST.get(f"base_{name}", "") for name in FIELDS}
        try:
            if attempt(form, lambda: self._save(no, form, base)):
                return self.done(_("修改已保存。"), "console:ticket", no)
        except StaleVersionError:
            return self._compare(no, base)
        return self._show(get_ticket_file(no=no, user=self.user), form, base=base, status=400)

    def _save(self, no: str, form: ReviseForm, base: dict[str, str]) -> None:
        revise_ticket(
            ticket_no=no,
            changes=dict(changed(base=base, mine=plain_values(form.cleaned_data))),
            by=self.user,
            at=self.at,
            expected_version=form.cleaned_data["version"],
        )

    def _compare(self, no: str, base: dict[str, str]) -> HttpResponse:
        """Show their change beside mine; the form goes on with both, on the new version."""
        file = get_ticket_file(no=no, user=self.user)
        theirs = plain_facts(file.ticket)
        mine = {name: self.request.POST.get(name, "") for name in FIELDS}
        mine["confidential"] = YES if self.request.POST.get("confidential") else ""
        merges = merge(base=base, theirs=theirs, mine=mine)
        values = form_values({one.name: one.value for one in merges})
        form = self._form(initial={**values, "version": file.ticket.version})
        differences = [difference(form, one) for one in merges if one.is_conflict or one.is_theirs]
        return self._show(
            file,
            form,
            base=theirs,
            status=409,
            is_stale=True,
            differences=differences,
            latest=file.log[-1] if file.log else None,
        )

    def _form(self, *args: Any, **kwargs: Any) -> ReviseForm:
        return ReviseForm(
            *args,
            categories=category_choices(category_tree().values()),
            regions=region_options(),
            units=unit_choices(list_handling_units()),
            **kwargs,
        )

    def _show(
        self,
        file: TicketFile,
        form: ReviseForm,
        *,
        base: dict[str, str],
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        context = ticket_context(file, user=self.user, at=self.at)
        context |= {"form": form, "base": base.items(), **more}
        return self.page("console/revise.html", context, status=status)


def plain_facts(ticket: Ticket) -> dict[str, str]:
    """Return the revisable facts as the form's texts."""
    return {
        "title": ticket.title,
        "content": ticket.content,
        "kind": ticket.kind,
        "category": ticket.category.code if ticket.category else "",
        "region": ticket.region.code,
        "address": ticket.address,
        "urgency": ticket.urgency,
        "accused_unit": ticket.accused_unit.code if ticket.accused_unit else "",
        "confidential": YES if ticket.confidential else "",
    }


def plain_values(cleaned: dict[str, Any]) -> dict[str, str]:
    """Return a valid form's values as texts with the line ends of the database."""
    values = {name: str(cleaned[name]).replace("\r\n", "\n") for name in FIELDS}
    values["confidential"] = YES if cleaned["confidential"] else ""
    return values


def form_values(plain: dict[str, str]) -> dict[str, Any]:
    """Return texts as a form's initial values."""
    return {**plain, "confidential": bool(plain["confidential"])}


def difference(form: ReviseForm, one: Merge) -> Difference:
    """Return one field's two versions, in the words of the form."""
    field = form[one.name]
    theirs, mine = _words(field, one.theirs), _words(field, one.mine)
    parts_theirs, parts_mine = marked(theirs, mine)
    return Difference(
        field, one.is_conflict, theirs, mine, parts_theirs, parts_mine, raw_theirs=one.theirs
    )


def _words(field: Any, value: str) -> str:
    if field.name == "confidential":
        return _("要求保密") if value else _("不要求保密")
    choices = dict(_flat(getattr(field.field, "choices", [])))
    return str(choices.get(value, value)) or _("（空）")


def _flat(choices: Any) -> Choices:
    flat: Choices = []
    for value, label in choices:
        flat += label if isinstance(label, list | tuple) else [(value, label)]
    return flat


def region_options() -> Choices:
    """Return the region picker of the city."""
    city = settings.CITY_REGION
    try:
        tree = picker_tree(root=city)
    except UnknownRegionError:
        return []
    region = resolve(city)
    return region_choices(tree, city, region.name if region else settings.CITY_NAME)
