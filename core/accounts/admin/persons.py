"""Identities: masked, found by the whole phone number alone, revealed only with a reason."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.models import Person
from core.accounts.queries import persons_with_phone
from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, Doing, ReasonForm
from core.administration.rights import RoleModelAdmin
from core.identifiers.rules import InvalidIdentifier, normalise_phone
from core.personal_data.actions import reveal
from core.personal_data.masking import mask_id_no, mask_name, mask_phone

SECURITY = frozenset({Role.SECURITY_ADMIN})
FIELDS = (("name", _("姓名")), ("phone", _("手机号")), ("id_no", _("身份证号")))


class RevealForm(ReasonForm):
    """Which field, and why."""

    field = forms.ChoiceField(label=_("查看哪一项"), choices=FIELDS)
    field_order = ("field", "reason")


def _reveal(doing: Doing) -> HttpResponse:
    """Show one field in the answer itself: it is in no address, message or session."""
    field = doing.data["field"]
    value = reveal(
        subject=doing.subject, field=field, by=doing.by, reason=doing.reason, at=doing.at
    )
    context = {
        **admin.site.each_context(doing.request),
        "title": _("个人信息明文"),
        "opts": Person._meta,  # noqa: SLF001  # Django's public API
        "label": dict(FIELDS)[field],
        "value": value,
        "back_url": reverse("admin:core_person_change", args=[doing.subject.pk]),
    }
    return TemplateResponse(doing.request, "admin/revealed.html", context)


@admin.register(Person)
class PersonAdmin(RoleModelAdmin):
    """Read by the security administrator of the whole city."""

    room, place, icon = rooms.PEOPLE, 40, "fingerprint"
    viewers = SECURITY
    fields = (
        "masked_name",
        "masked_phone",
        "masked_id_no",
        "user",
        "verified_at",
        "verified_by",
        "created_at",
    )
    list_display = ("id", "masked_name", "masked_phone", "masked_id_no", "user", "verified_at")
    list_select_related = ("user",)
    search_fields = ("id",)
    search_help_text = _("输入完整手机号或固定电话查找；加密内容不能模糊查询")
    ordering = ("-id",)
    sortable_by = ()
    deeds = (
        Deed(
            name="reveal",
            title=_("查看明文"),
            roles=SECURITY,
            run=_reveal,
            form=RevealForm,
            consequence=lambda _person: [_("您的姓名、时间、查看的项目和理由会写入审计记录。")],
            icon="visibility",
            dangerous=True,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Person], search_term: str
    ) -> tuple[QuerySet[Person], bool]:
        """Find by the blind index of a whole number, or nothing."""
        if not search_term:
            return queryset, False
        try:
            normalise_phone(search_term)
        except InvalidIdentifier:
            return queryset.none(), False
        return queryset.filter(pk__in=persons_with_phone(search_term).values("pk")), False

    @admin.display(description=_("姓名"))
    def masked_name(self, person: Person) -> str:
        """Show the surname."""
        return mask_name(person.name)

    @admin.display(description=_("手机号"))
    def masked_phone(self, person: Person) -> str:
        """Show the ends of the number."""
        return mask_phone(person.phone)

    @admin.display(description=_("身份证号"))
    def masked_id_no(self, person: Person) -> str:
        """Show the ends of the number."""
        return mask_id_no(person.id_no)
