"""Accounts: opened by the system administrator, kept by the security administrator."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.accounts import custody
from core.accounts.actions import create_staff_user, grant_membership
from core.accounts.models import Membership, Organisation, User
from core.accounts.reach import reaches_city, within_reach
from core.accounts.second_factor import KINDS
from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, DeedForm, Doing, ReasonForm
from core.administration.rights import ReadOnlyInline, RoleModelAdmin, acting_user
from core.personal_data.masking import mask_name
from core.regions.models import Region
from core.regions.queries import valid_on

SECURITY = frozenset({Role.SECURITY_ADMIN})
SYSTEM = frozenset({Role.SYSTEM_ADMIN})


class GrantForm(DeedForm):
    """What an appointment says."""

    role = forms.ChoiceField(label=_("角色"))
    organisation = forms.ModelChoiceField(label=_("机构"), queryset=Organisation.objects.none())
    region = forms.ModelChoiceField(label=_("区域范围"), queryset=Region.objects.none())
    starts_at = forms.DateTimeField(
        label=_("生效时间"),
        required=False,
        help_text=_("不填为立即生效。"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label=_("失效时间"),
        required=False,
        help_text=_("不填为长期有效。"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = acting_user(self.request)
        self.fields["role"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("请选择")),
            *(choice for choice in Role.choices if choice[0] != Role.CITIZEN),
        ]
        units = Organisation.objects.filter(is_active=True).order_by("path")
        places = Region.objects.filter(valid_on(timezone.localdate())).defer("boundary")
        self.fields["organisation"].queryset = within_reach(  # type: ignore[attr-defined]  # a ModelChoiceField
            units, user=user, roles=SECURITY, lookups=("region__path",)
        )
        self.fields["region"].queryset = within_reach(  # type: ignore[attr-defined]  # a ModelChoiceField
            places.order_by("path"), user=user, roles=SECURITY, lookups=("path",)
        )

    def clean(self) -> dict[str, Any]:
        """An appointment ends after it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        starts, ends = cleaned.get("starts_at") or timezone.now(), cleaned.get("ends_at")
        if ends and ends <= starts:
            self.add_error("ends_at", _("失效时间必须晚于生效时间，也必须晚于现在。"))
        return cleaned


class NewUserForm(DeedForm):
    """A new account."""

    username = forms.CharField(label=_("用户名"), max_length=150)
    display_name = forms.CharField(label=_("姓名"), max_length=60)
    password = forms.CharField(
        label=_("初始密码"),
        help_text=_("至少 10 位；请当面交给本人，并请本人登录后修改。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _open(doing: Doing) -> Any:
    create_staff_user(
        username=doing.data["username"],
        display_name=doing.data["display_name"],
        password=doing.data["password"],
        by=doing.by,
        at=doing.at,
    )
    return _("账号已开通，尚无任何权限；请安全管理员授予任职。")


def _grant(doing: Doing) -> Any:
    grant_membership(
        user=doing.subject,
        role=Role(doing.data["role"]),
        organisation=doing.data["organisation"],
        region=doing.data["region"],
        starts_at=doing.data["starts_at"],
        ends_at=doing.data["ends_at"],
        by=doing.by,
        at=doing.at,
    )
    return _("已授予任职。")


def _suspend(doing: Doing) -> Any:
    custody.suspend_account(user=doing.subject, reason=doing.reason, by=doing.by, at=doing.at)
    return _("账号已停用。")


def _restore(doing: Doing) -> Any:
    custody.restore_account(user=doing.subject, reason=doing.reason, by=doing.by, at=doing.at)
    return _("账号已恢复。")


def _clear_factors(doing: Doing) -> Any:
    custody.clear_second_factors(user=doing.subject, reason=doing.reason, by=doing.by, at=doing.at)
    return _("两步验证已清除。")


def _what_suspending_means(user: User) -> list[Any]:
    held = Membership.objects.filter(user=user).exclude(ends_at__lte=timezone.now()).count()
    return [
        _("停用后该账号立即退出登录，不能再登录；名下的接口密钥同时失效。"),
        _("%(n)s 项任职保留，恢复账号后继续有效；正在办理的工作不会自动转给别人。") % {"n": held},
    ]


def _holds_all_of(actor: User, user: User) -> bool:
    """An account with appointments elsewhere is kept by those who reach them all, and not by
    its owner."""
    if actor.pk == user.pk:
        return False
    held = Membership.objects.filter(user=user).exclude(ends_at__lte=timezone.now())
    inside = within_reach(held, user=actor, roles=SECURITY, lookups=("region__path",))
    return not held.exclude(pk__in=inside.values("pk")).exists()


def _is_another(actor: User, user: User) -> bool:
    return actor.pk != user.pk


class MembershipInline(ReadOnlyInline):
    """The appointments of one account."""

    model = Membership
    fields = ("role", "organisation", "region", "starts_at", "ends_at", "manage")
    readonly_fields = fields
    verbose_name_plural = _("任职")

    @admin.display(description=_("办理"))
    def manage(self, row: Membership) -> str:
        """Lead to the appointment, where it can be taken back."""
        url = reverse("admin:core_membership_change", args=[row.pk])
        return format_html('<a class="act" href="{}">{}</a>', url, _("查看或收回"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Return the newest first, with all that is shown."""
        rows: QuerySet[Membership] = super().get_queryset(request)
        related = rows.select_related("organisation", "region").defer("region__boundary")
        within = within_reach(
            related,
            user=acting_user(request),
            roles=SECURITY | SYSTEM,
            lookups=("region__path",),
        )
        return within.order_by("-id")


@admin.register(User)
class UserAdmin(RoleModelAdmin):
    """Accounts of staff in one's region; the whole city's administrator sees every account."""

    room, place, icon = rooms.PEOPLE, 20, "group"
    viewers = SYSTEM | SECURITY
    region_lookups = ("memberships__region__path",)
    fields = ("account", "masked_name", "usable", "has_factor", "last_login", "date_joined")
    list_display = (
        "username",
        "masked_name",
        "roles_held",
        "is_active",
        "has_factor",
        "last_login",
    )
    list_filter = ("is_active",)
    search_fields = ("username",)
    search_help_text = _("按用户名查找")
    ordering = ("-id",)
    sortable_by = ()
    inlines = (MembershipInline,)
    deeds = (
        Deed(
            name="open",
            title=_("开通账号"),
            roles=SYSTEM,
            run=_open,
            form=NewUserForm,
            consequence=lambda _subject: [_("新账号没有任何权限，由安全管理员另行授予。")],
            icon="person_add",
            on_list=True,
        ),
        Deed(
            name="grant",
            title=_("授予任职"),
            roles=SECURITY,
            run=_grant,
            form=GrantForm,
            consequence=lambda _user: [
                _("任职生效后，该用户能看到并办理所选区域内属于这个角色的事项。"),
                _("不能给自己授权；系统、安全、审计三类管理员不能由同一人兼任。"),
            ],
            allowed=_is_another,
            icon="badge",
        ),
        Deed(
            name="clear-factors",
            title=_("重置两步验证"),
            roles=SECURITY,
            run=_clear_factors,
            form=ReasonForm,
            consequence=lambda _user: [
                _("清除后，本人下次登录只需密码，随后必须重新绑定。请先当面核实身份。")
            ],
            fits=lambda user: Authenticator.objects.filter(user_id=user.pk).exists(),
            allowed=_holds_all_of,
            icon="lock_reset",
            dangerous=True,
        ),
        Deed(
            name="suspend",
            title=_("停用账号"),
            roles=SECURITY,
            run=_suspend,
            form=ReasonForm,
            consequence=_what_suspending_means,
            fits=lambda user: user.is_active,
            allowed=_holds_all_of,
            icon="block",
            dangerous=True,
        ),
        Deed(
            name="restore",
            title=_("恢复账号"),
            roles=SECURITY,
            run=_restore,
            form=ReasonForm,
            consequence=lambda _user: [_("恢复后可以再次登录，保留的任职继续有效。")],
            fits=lambda user: not user.is_active,
            allowed=_holds_all_of,
            icon="check_circle",
        ),
    )

    def reachable(self, request: HttpRequest, roles: frozenset[Role]) -> QuerySet[User]:
        """Return the accounts with an appointment in one's region, each once."""
        factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=KINDS)
        rows: QuerySet[User] = User.objects.annotate(factor=Exists(factors))
        actor = acting_user(request)
        if reaches_city(actor, roles):
            return rows
        held = within_reach(
            Membership.objects.filter(user=OuterRef("pk")),
            user=actor,
            roles=roles,
            lookups=("region__path",),
        )
        return rows.filter(Exists(held))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Bring the appointments along for the list."""
        return self.reachable(request, self._readers()).prefetch_related("memberships")

    @admin.display(description=_("用户名"))
    def account(self, user: User) -> str:
        """Show the name signed in with."""
        return user.username

    @admin.display(description=_("可以登录"), boolean=True)
    def usable(self, user: User) -> bool:
        """Tell whether the account is in use."""
        return user.is_active

    @admin.display(description=_("姓名"))
    def masked_name(self, user: User) -> str:
        """Show enough of the name to know a colleague by."""
        return mask_name(user.display_name)

    @admin.display(description=_("角色"))
    def roles_held(self, user: User) -> str:
        """Name the roles in force."""
        now = timezone.now()
        held = {
            row.role
            for row in user.memberships.all()
            if (row.starts_at is None or row.starts_at <= now)
            and (row.ends_at is None or now < row.ends_at)
        }
        return str(_("、")).join(str(Role(role).label) for role in sorted(held)) or str(
            Role.CITIZEN.label
        )

    @admin.display(description=_("两步验证"), boolean=True)
    def has_factor(self, user: User) -> bool:
        """Tell whether a second factor is bound."""
        return bool(user.factor)  # type: ignore[attr-defined]  # annotated above

    def deed_done_url(self, subject: User | None) -> str:
        """Return to the account."""
        if subject is None:
            return super().deed_done_url(subject)
        return reverse("admin:core_user_change", args=[subject.pk])
