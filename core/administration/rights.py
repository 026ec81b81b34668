"""The base of every page of rows: rights by role and region, writes through the domain.

Django's permission tables, ``is_staff`` and ``is_superuser`` open nothing here. A class names the
roles that see, add and change; rows outside the region scope of these roles do not exist for the
asker. Nothing is ever deleted: what is no longer used is taken out of use by a deed.
"""

from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from core.accounts.models import User
from core.accounts.queries import has_role
from core.accounts.reach import reaches_city, within_reach
from core.accounts.states import Role
from core.administration.deeds import Deed, DeedForm, DeedNotPossibleError, Doing
from core.administration.pagination import BoundedPaginator
from core.administration.rooms import Room
from core.errors import DomainError, ForbiddenError, NotFoundError
from core.personal_data.register import DataClass

NOBODY: frozenset[Role] = frozenset()
PER_PAGE = 50
_HIDDEN = frozenset({DataClass.PERSONAL, DataClass.SENSITIVE})


def acting_user(request: HttpRequest) -> User:
    """Return who is signed in; the site lets nobody else in."""
    return cast("User", request.user)


class RefusableForm(forms.ModelForm):  # type: ignore[type-arg]  # a form of any model
    """A form that shows what the domain refused, with everything typed still in it."""

    refusal: DomainError | None = None

    def clean(self) -> dict[str, Any] | None:
        """Attach the refusal of the attempt just made."""
        cleaned = super().clean()
        if self.refusal is not None:
            named = self.refusal.details.get("fields", {})
            for name, texts in named.items():
                for text in texts:
                    self.add_error(name if name in self.fields else None, gettext(str(text)))
            if not named:
                self.add_error(None, gettext(str(self.refusal.message)))
        return cleaned


class RoleModelAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Rows of one model for the roles named; see the module.

    ``region_lookups`` lead from a row to the path of its region; without one the rows are the
    whole city's. ``changeable`` narrows changing by the row's own state. ``room`` and ``place``
    are where the side bar shows them, ``shortcuts`` (title, icon, query) more links to the list.
    """

    form = RefusableForm
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    list_filter_sheet = False
    compressed_fields = True
    actions = None
    save_as = False
    view_on_site = False
    change_form_outer_before_template = "admin/deed_bar.html"
    list_before_template = "admin/deed_bar.html"

    viewers: frozenset[Role] = NOBODY
    adders: frozenset[Role] = NOBODY
    changers: frozenset[Role] = NOBODY
    region_lookups: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    room: Room | None = None
    place = 50
    icon = "list"
    shortcuts: tuple[tuple[Any, str, str], ...] = ()

    # Rights ------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model to whoever may see its rows."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let in the roles that see, add or change."""
        return self._may(request, self._readers(), obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let the adding roles add."""
        return self._may(request, self.adders, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the changing roles change what the row's state leaves open."""
        return self._may(request, self.changers, obj) and (obj is None or self.changeable(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nothing: history points at it."""
        return False

    def changeable(self, obj: Any) -> bool:
        """Tell whether this row may still be changed through its form."""
        return True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows that the asker's regions reach."""
        return self.reachable(request, self._readers())

    def reachable(self, request: HttpRequest, roles: frozenset[Role]) -> models.QuerySet[Any]:
        """Return the rows that these roles of the asker reach."""
        rows = super().get_queryset(request)
        return within_reach(
            rows, user=acting_user(request), roles=roles, lookups=self.region_lookups
        )

    def _readers(self) -> frozenset[Role]:
        return self.viewers | self.adders | self.changers

    def _may(self, request: HttpRequest, roles: frozenset[Role], obj: Any) -> bool:
        user = acting_user(request)
        if not has_role(user, *roles):
            return False
        if not self.region_lookups:
            return reaches_city(user, roles)
        if obj is None or not isinstance(obj, models.Model) or reaches_city(user, roles):
            return True
        return self.reachable(request, roles).filter(pk=obj.pk).exists()

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Absent and hidden are the same answer."""
        raise Http404

    # What is shown and asked -------------------------------------------------------------------

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the filters on the page only; else masked values could be guessed by filtering."""
        if self._is_hidden(lookup):
            return False
        offered = [getattr(entry, "parameter_name", entry) for entry in self.list_filter]
        if self.date_hierarchy:
            offered.append(self.date_hierarchy)
        return any(lookup == name or lookup.startswith(f"{name}__") for name in offered)

    def _is_hidden(self, lookup: str) -> bool:
        classes = getattr(self.model, "data_classes", {})
        return classes.get(lookup.partition("__")[0]) in _HIDDEN

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows that the asker may see."""
        related = self.admin_site._registry.get(db_field.related_model)  # noqa: SLF001  # Django has no other way
        if isinstance(related, RoleModelAdmin) and "queryset" not in kwargs:
            kwargs["queryset"] = related.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Say 请选择 where the theme says it in English."""
        if "choices" not in kwargs:
            kwargs["choices"] = db_field.get_choices(
                include_blank=db_field.blank or not db_field.has_default(),
                blank_choice=[("", _("请选择"))],
            )
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Take the links to add and change other rows off the field: one form, one deed."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        for name in ("can_add_related", "can_change_related", "can_view_related"):
            if hasattr(widget, name):
                setattr(widget, name, False)
        return field

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002  # Django's signature
        **kwargs: Any,
    ) -> Any:
        """Return the form, with the refusal of the attempt just made."""
        form = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the rows and the deeds that need none."""
        extra = {**(extra_context or {}), "deeds": self._deeds_for_list(request)}
        return cast("HttpResponse", super().changelist_view(request, extra))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the form; what the domain refuses is rolled back and said beside the field."""
        extra = {
            **(extra_context or {}),
            "deeds": self._deeds_for(request, object_id),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        try:
            answer = super().changeform_view(request, object_id, form_url, extra)
        except (ForbiddenError, NotFoundError):
            raise
        except DomainError as error:
            cast("Any", request).refusal = error
            answer = super().changeform_view(request, object_id, form_url, extra)
        return cast("HttpResponse", answer)

    # The trail is the audit administrator's, and Django's own log would be a second truth ---------

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the audit trail of the row; it refuses whoever is not the audit administrator."""
        if not has_role(acting_user(request), Role.AUDIT_ADMIN):
            raise PermissionDenied
        trail = reverse("admin:core_auditentry_changelist")
        asked = urlencode({"q": f"{self.opts.label_lower}:{object_id}", "period": "all"})
        return HttpResponseRedirect(f"{trail}?{asked}")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write nothing: the action did."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write nothing: the action did."""

    # Deeds -------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add one page for each deed."""
        pages = [
            path(
                f"do/{deed.name}/" if deed.on_list else f"<path:object_id>/do/{deed.name}/",
                self.admin_site.admin_view(partial(self.deed_view, deed=deed)),
                name=self._deed_route(deed),
            )
            for deed in self.deeds
        ]
        return [*pages, *super().get_urls()]

    def deed_view(
        self, request: HttpRequest, object_id: str | None = None, *, deed: Deed
    ) -> HttpResponse:
        """Ask, preview and do one deed."""
        if not self.may_do(request, deed):
            raise PermissionDenied
        subject = self._subject(request, deed, object_id)
        if not deed.allowed(acting_user(request), subject):
            raise PermissionDenied
        if not deed.fits(subject):
            raise DeedNotPossibleError
        if request.method != "POST":
            form = deed.form(initial=deed.initial(subject), deed_request=request, subject=subject)
            return self._deed_page(request, deed, subject, form)
        form = deed.form(request.POST, request.FILES, deed_request=request, subject=subject)
        if not form.is_valid():
            return self._deed_page(request, deed, subject, form)
        return self._do(request, deed, subject, form)

    def may_do(self, request: HttpRequest, deed: Deed) -> bool:
        """Tell whether one of the asker's roles may do this at all."""
        user = acting_user(request)
        if not has_role(user, *deed.roles):
            return False
        return bool(self.region_lookups) or reaches_city(user, deed.roles)

    def deed_done_url(self, subject: Any) -> str:
        """Return where to go after a deed."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _subject(self, request: HttpRequest, deed: Deed, object_id: str | None) -> Any:
        if deed.on_list:
            return None
        field = self.opts.pk
        try:
            key = field.to_python(object_id)
        except forms.ValidationError:
            raise Http404 from None
        subject = self.reachable(request, deed.roles).filter(pk=key).first()
        if subject is None:
            raise Http404
        return subject

    def _do(self, request: HttpRequest, deed: Deed, subject: Any, form: DeedForm) -> HttpResponse:
        doing = Doing(request, subject, form.cleaned_data, acting_user(request), timezone.now())
        try:
            if deed.preview is not None and request.POST.get("confirmed") != form.digest():
                shown = deed.preview(doing)
                return self._deed_page(request, deed, subject, form, preview=shown)
            with transaction.atomic():
                outcome = deed.run(doing)
        except (ForbiddenError, NotFoundError):
            raise
        except DomainError as error:
            form.take_refusal(error)
            return self._deed_page(request, deed, subject, form)
        if isinstance(outcome, HttpResponseBase):
            return cast("HttpResponse", outcome)
        messages.success(request, str(outcome))
        return HttpResponseRedirect(self.deed_done_url(subject))

    def _deed_page(
        self,
        request: HttpRequest,
        deed: Deed,
        subject: Any,
        form: DeedForm,
        *,
        preview: dict[str, Any] | None = None,
    ) -> HttpResponse:
        refused = bool(form.is_bound and form.errors)
        context = {
            **self.admin_site.each_context(request),
            **(preview or {}),
            "title": deed.title,
            "opts": self.opts,
            "deed": deed,
            "subject": subject,
            "form": form,
            "consequences": list(deed.consequence(subject)),
            "previewed_first": deed.preview is not None,
            "confirmed": form.digest() if preview is not None else "",
            "preview_template": deed.preview_template if preview is not None else "",
            "back_url": self._back_url(subject),
        }
        status = 422 if refused else 200
        return TemplateResponse(request, "admin/deed.html", context, status=status)

    def _back_url(self, subject: Any) -> str:
        route = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if subject is None:
            return reverse(f"{route}_changelist")
        return reverse(f"{route}_change", args=[subject.pk])

    def _deed_route(self, deed: Deed) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_do_{deed.name}"

    def _deeds_for_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [
            self._link(deed) for deed in self.deeds if deed.on_list and self.may_do(request, deed)
        ]

    def _deeds_for(self, request: HttpRequest, object_id: str | None) -> list[dict[str, Any]]:
        offered = [deed for deed in self.deeds if not deed.on_list and self.may_do(request, deed)]
        if object_id is None or not offered:
            return []
        subject = self.get_object(request, object_id)
        if subject is None:
            return []
        actor = acting_user(request)
        fitting = [deed for deed in offered if deed.fits(subject) and deed.allowed(actor, subject)]
        return [self._link(deed, subject.pk) for deed in fitting]

    def _link(self, deed: Deed, *args: Any) -> dict[str, Any]:
        url = reverse(f"admin:{self._deed_route(deed)}", args=args)
        return {"url": url, "title": deed.title, "icon": deed.icon, "dangerous": deed.dangerous}


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # unfold is untyped
    """Rows shown on another row's page; they have deeds of their own."""

    extra = 0
    can_delete = False
    hide_title = True
    tab = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to whoever sees the page."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Add nothing here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change nothing here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nothing."""
        return False
