"""One admin site: who enters, which content policy its pages carry, and what is registered."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout as sign_out
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from core.accounts.queries import has_role
from core.accounts.states import ADMIN_ROLES
from core.administration.content_policy import ADMIN_POLICY
from core.administration.rights import RoleModelAdmin


class CityAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """The room of the three separated administrators (三员分立).

    A role in force opens it; ``is_staff`` and Django's permission tables do not. Pages of other
    packages are not registered: they ask those tables and would be a hole in the wall.
    """

    index_title = _("今天")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the pages that ask roles; every other page stays outside."""
        if admin_class is not None and issubclass(admin_class, RoleModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in whoever is one of the three administrators now."""
        return has_role(request.user, *ADMIN_ROLES)

    def admin_view(
        self,
        view: Callable[..., HttpResponse],
        cacheable: bool = False,  # noqa: FBT001, FBT002  # Django's signature
    ) -> Callable[..., HttpResponse]:
        """Guard a view: strangers sign in at the common door, other roles are refused."""
        guarded = super().admin_view(view, cacheable)

        def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise PermissionDenied
            response: HttpResponse = guarded(request, *args, **kwargs)
            response._csp_replace = ADMIN_POLICY  # type: ignore[attr-defined]  # noqa: SLF001  # django-csp's own mark
            response["Cache-Control"] = "no-store, private"
            return response

        return enter

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Leave the colours to the style sheet, so that no page carries an inline style."""
        context: dict[str, Any] = super().each_context(request)
        return {**context, "colors": None}

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Passwords change where rates and factors apply."""
        raise Http404

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: Any = None
    ) -> HttpResponse:
        """There is one first page."""
        return redirect("admin:index")

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The side bar shows everything: the theme's search over pages is not used."""
        raise Http404

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Sign out and go home."""
        if request.method == "POST":
            sign_out(request)
        return redirect("/")

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send whoever is in already to the first page; the common door sends the others here."""
        if not self.has_permission(request):
            raise PermissionDenied
        answer: HttpResponse = super().login(request, extra_context)
        return answer
