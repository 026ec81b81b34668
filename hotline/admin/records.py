"""Tickets, handling orders and contacts: read only, masked, by region.

Free text (title, content, answer) is the citizen's and may name anybody: it is not shown here. Who
works on a case reads it in the console.
"""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration.rights import RoleModelAdmin
from core.clocks.wording import deadline_text
from core.personal_data.masking import mask_address, mask_id_no, mask_name, mask_phone
from hotline.admin import rooms
from hotline.models import Contact, HandlingOrder, Ticket
from hotline.queries.tickets import phone_digest

READERS = frozenset({Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN})
_NUMBER = re.compile(r"^[A-Za-z0-9-]{4,32}$")


@admin.register(Ticket)
class TicketAdmin(RoleModelAdmin):
    """What happened to a ticket, without what it says."""

    room, place, icon = rooms.HOTLINE, 10, "confirmation_number"
    viewers = READERS
    region_lookups = ("region__path",)
    fields = (
        "no",
        "state",
        "kind",
        "category",
        "region",
        "masked_place",
        "urgency",
        "confidential",
        "publishable",
        "claimed_by",
        "triage_outcome",
        "triage_channel",
        "rounds",
        "received_at",
        "registered_at",
        "answer_due",
        "dispatched_at",
        "replied_at",
        "closed_at",
        "size",
    )
    list_display = (
        "no",
        "state",
        "kind",
        "category",
        "region",
        "urgency",
        "received_at",
        "answer_due",
    )
    list_filter = ("state", "kind", "urgency")
    list_select_related = ("category", "region")
    search_fields = ("no",)
    search_help_text = _("输入完整工单编号或完整联系电话查找")
    ordering = ("-received_at", "-id")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Read of the text only where it is measured."""
        rows: QuerySet[Ticket] = super().get_queryset(request)
        return rows.defer("content", "search_tokens", "query_code", "region__boundary")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        """Find by the whole number, or by the blind index of a whole phone number."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(no=term.upper()) if _NUMBER.match(term) else Q(pk__in=[])
        digest = phone_digest(term)
        if digest is not None:
            found |= Q(origin__caller_phone_index=digest)
        return queryset.filter(found), False

    @admin.display(description=_("答复期限"))
    def answer_due(self, ticket: Ticket) -> str:
        """Write the end of a day as its 24:00."""
        return deadline_text(ticket.answer_due_at and timezone.localtime(ticket.answer_due_at))

    @admin.display(description=_("事发地点（已脱敏）"))
    def masked_place(self, ticket: Ticket) -> str:
        """Show the address down to the street."""
        return mask_address(ticket.address)

    @admin.display(description=_("诉求内容"))
    def size(self, ticket: Ticket) -> Any:
        """Say how much was written, not what."""
        return _("%(n)s 字，属个人信息，请有权限的经办人在工作台查看") % {"n": len(ticket.content)}


@admin.register(HandlingOrder)
class HandlingOrderAdmin(RoleModelAdmin):
    """What happened to an order."""

    room, place, icon = rooms.HOTLINE, 20, "assignment"
    viewers = READERS
    region_lookups = ("ticket__region__path",)
    fields = (
        "no",
        "ticket_no",
        "unit",
        "role",
        "state",
        "handler",
        "issuer",
        "issued_at",
        "due",
        "signed_at",
        "first_contact_at",
        "answered_at",
        "approved_at",
    )
    list_display = ("no", "ticket_no", "unit", "role", "state", "issued_at", "due")
    list_filter = ("state", "role")
    list_select_related = ("ticket", "unit")
    search_fields = ("no",)
    search_help_text = _("输入完整承办单编号查找")
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[HandlingOrder]:
        """Leave out the texts."""
        rows: QuerySet[HandlingOrder] = super().get_queryset(request)
        return rows.defer("answer", "ticket__content", "ticket__search_tokens")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[HandlingOrder], search_term: str
    ) -> tuple[QuerySet[HandlingOrder], bool]:
        """Find by the whole number."""
        term = search_term.strip()
        return (queryset.filter(no=term.upper()) if term else queryset), False

    @admin.display(description=_("办理期限"))
    def due(self, order: HandlingOrder) -> str:
        """Write the end of a day as its 24:00."""
        return deadline_text(order.due_at and timezone.localtime(order.due_at))

    @admin.display(description=_("工单"))
    def ticket_no(self, order: HandlingOrder) -> str:
        """Lead to the ticket."""
        url = reverse("admin:hotline_ticket_change", args=[order.ticket_id])
        return format_html('<a href="{}">{}</a>', url, order.ticket)

    @admin.display(description=_("派单人"))
    def issuer(self, order: HandlingOrder) -> Any:
        """Name who dispatched it."""
        return order.issued_by


@admin.register(Contact)
class ContactAdmin(RoleModelAdmin):
    """By which way somebody's voice came in."""

    room, place, icon = rooms.HOTLINE, 30, "call"
    viewers = READERS
    region_lookups = ("ticket__region__path", "follows__region__path")
    fields = (
        "source",
        "external_id",
        "masked_name",
        "masked_phone",
        "masked_id_no",
        "received_at",
        "registrar",
        "followed",
    )
    list_display = ("id", "source", "masked_name", "masked_phone", "masked_id_no", "received_at")
    list_filter = ("source",)
    search_fields = ("id",)
    search_help_text = _("输入完整联系电话查找；加密内容不能模糊查询")
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        """Leave out the text."""
        rows: QuerySet[Contact] = super().get_queryset(request)
        return rows.defer("content")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """Find by the blind index of a whole phone number, or nothing."""
        if not search_term:
            return queryset, False
        digest = phone_digest(search_term)
        if digest is None:
            return queryset.none(), False
        return queryset.filter(caller_phone_index=digest), False

    @admin.display(description=_("诉求人"))
    def masked_name(self, contact: Contact) -> str:
        """Show the surname."""
        return mask_name(contact.caller_name)

    @admin.display(description=_("联系电话"))
    def masked_phone(self, contact: Contact) -> str:
        """Show the ends of the number."""
        return mask_phone(contact.caller_phone)

    @admin.display(description=_("身份证号"))
    def masked_id_no(self, contact: Contact) -> str:
        """Show the ends of the number."""
        return mask_id_no(contact.caller_id_no)

    @admin.display(description=_("登记人"))
    def registrar(self, contact: Contact) -> Any:
        """Name who typed it in."""
        return contact.registered_by

    @admin.display(description=_("补充到工单"))
    def followed(self, contact: Contact) -> Any:
        """Name the ticket that it adds to."""
        return contact.follows
