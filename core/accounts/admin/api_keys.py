"""Keys for machines: shown once, revoked at once."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.actions import issue_api_key, revoke_api_key
from core.accounts.models import ApiKey, Membership, User
from core.accounts.reach import reaches_city, within_reach
from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, DeedForm, Doing
from core.administration.rights import RoleModelAdmin, acting_user
from core.http.scopes import Scope

SECURITY = frozenset({Role.SECURITY_ADMIN})


def users_within(actor: User) -> QuerySet[User]:
    """Return the active accounts that the security administrator reaches."""
    rows = User.objects.filter(is_active=True)
    if reaches_city(actor, SECURITY):
        return rows
    held = within_reach(
        Membership.objects.filter(user=OuterRef("pk")),
        user=actor,
        roles=SECURITY,
        lookups=("region__path",),
    )
    return rows.filter(Exists(held))


class IssueForm(DeedForm):
    """For whom, for what, how far and how long."""

    username = forms.CharField(
        label=_("所属账号"), max_length=150, help_text=_("密钥以该账号的角色和区域行事。")
    )
    label = forms.CharField(label=_("用途"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("权限范围"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateField(
        label=_("到期日"),
        required=False,
        help_text=_("建议不超过一年；到期当日零时失效。"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_username(self) -> User:
        """Find the account among those in reach; absent and hidden are the same answer."""
        rows = users_within(acting_user(self.request))
        user = rows.filter(username=self.cleaned_data["username"]).first()
        if user is None:
            raise forms.ValidationError(_("没有这个账号，或不在您的管理范围内。"))
        if user.pk == acting_user(self.request).pk:
            raise forms.ValidationError(_("不能给自己签发密钥，请由另一位安全管理员办理。"))
        return user

    def clean_expires_at(self) -> Any:
        """A key ends in the future."""
        day = self.cleaned_data["expires_at"]
        if day and day <= timezone.localdate():
            raise forms.ValidationError(_("到期日必须晚于今天。"))
        return day


def _issue(doing: Doing) -> HttpResponse:
    """Issue the key and show it in the answer itself: it is in no address, message or session."""
    day = doing.data["expires_at"]
    midnight = datetime.combine(day, time.min) if day else None
    issued = issue_api_key(
        user=doing.data["username"],
        label=doing.data["label"],
        scopes=doing.data["scopes"],
        expires_at=timezone.make_aware(midnight) if midnight else None,
        by=doing.by,
        at=doing.at,
    )
    context = {
        **admin.site.each_context(doing.request),
        "title": _("密钥已签发"),
        "opts": ApiKey._meta,  # noqa: SLF001  # Django's public API
        "issued": issued,
        "back_url": reverse("admin:core_apikey_changelist"),
    }
    return TemplateResponse(doing.request, "admin/key_issued.html", context)


def _revoke(doing: Doing) -> Any:
    revoke_api_key(key=doing.subject, by=doing.by, at=doing.at)
    return _("密钥已吊销。")


@admin.register(ApiKey)
class ApiKeyAdmin(RoleModelAdmin):
    """Issued and revoked by the security administrator; the secret is nowhere to be seen."""

    room, place, icon = rooms.PEOPLE, 50, "key"
    viewers = SECURITY
    region_lookups = ("user__memberships__region__path",)
    fields = ("prefix", "user", "label", "scope_names", "created_at", "expires_at", "revoked_at")
    list_display = ("prefix", "user", "label", "scope_names", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username")
    search_help_text = _("按密钥前缀或用户名查找")
    ordering = ("-id",)
    sortable_by = ()
    deeds = (
        Deed(
            name="issue",
            title=_("签发密钥"),
            roles=SECURITY,
            run=_issue,
            form=IssueForm,
            consequence=lambda _subject: [
                _("密钥只在签发后的页面显示一次，系统只保存摘要，丢失只能重新签发。")
            ],
            icon="key",
            on_list=True,
        ),
        Deed(
            name="revoke",
            title=_("吊销密钥"),
            roles=SECURITY,
            run=_revoke,
            consequence=lambda key: [
                _("使用“%(label)s”的系统将在五秒内被拒绝访问，且不能恢复。") % {"label": key.label}
            ],
            fits=lambda key: key.revoked_at is None,
            icon="key_off",
            dangerous=True,
        ),
    )

    def reachable(self, request: HttpRequest, roles: frozenset[Role]) -> QuerySet[ApiKey]:
        """Return the keys of accounts in reach, suspended ones included, each once."""
        actor = acting_user(request)
        rows: QuerySet[ApiKey] = ApiKey.objects.select_related("user")
        if reaches_city(actor, roles):
            return rows
        held = within_reach(
            Membership.objects.filter(user=OuterRef("user")),
            user=actor,
            roles=roles,
            lookups=("region__path",),
        )
        return rows.filter(Exists(held))

    @admin.display(description=_("权限范围"))
    def scope_names(self, key: ApiKey) -> str:
        """Name the scopes."""
        return str(_("、")).join(str(Scope(scope).label) for scope in key.scopes)
