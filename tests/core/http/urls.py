"""A small city of its own: the edge is tested without any app's pages."""

from typing import Any, NoReturn

from django.contrib import admin
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts.models import Organisation
from core.accounts.policies import check_has_role
from core.accounts.states import Role
from core.errors import DomainError, ForbiddenError, InvalidError, NotFoundError
from core.http.pagination import KeysetPagination
from core.http.permissions import PublicOrScope, RequiresScope
from core.http.schema import problems
from core.http.throttles import AnonymousThrottle, ScopedThrottle, check_rate
from core.transitions.actions import StaleVersionError

RAISED = {
    "domain": lambda: DomainError(hint="x"),
    "missing": NotFoundError,
    "forbidden": ForbiddenError,
    "invalid": lambda: InvalidError(fields={"title": ["太长"]}),
    "stale": lambda: StaleVersionError(expected=3, current=5),
    "http404": Http404,
    "denied": PermissionDenied,
    "suspicious": SuspiciousOperation,
    "bug": lambda: RuntimeError("secret inside 13912345678"),
    "throttled": lambda: exceptions.Throttled(wait=12.3),
    "teapot": lambda: exceptions.APIException("cannot", code="cannot"),
}


def fail(what: str) -> NoReturn:
    """Raise what is asked for."""
    error = RAISED[what]()
    raise error


def page(request: HttpRequest, what: str) -> HttpResponse:
    """Raise what is asked for, as a page would."""
    if what == "fine":
        mode = getattr(request, "reading_mode", "")
        return HttpResponse(f"fine {mode}")
    if what == "work":
        Organisation.objects.filter(pk=0).update(name="x")
        check_has_role(request.user, {Role.SHIFT_LEAD})
        return HttpResponse("worked")
    if what == "rated":
        check_rate(scope="suggest", request=request)
        return HttpResponse("rated")
    return fail(what)


async def page_async(request: HttpRequest, what: str) -> HttpResponse:
    """Do the same without a thread."""
    if what == "fine":
        return HttpResponse(f"fine {getattr(request, 'reading_mode', '')}")
    return fail(what)


class Caller(serializers.Serializer[Any]):
    """A nested input."""

    phone = serializers.CharField(max_length=11)


class Matter(serializers.Serializer[Any]):
    """An input with a nested and a listed field."""

    title = serializers.CharField(max_length=5)
    caller = Caller()
    files = serializers.ListField(child=serializers.IntegerField(), required=False)


class Raising(APIView):
    """Raises what is asked for, as an endpoint would."""

    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request, what: str) -> Response:
        return fail(what)


class Accepting(APIView):
    """Takes a matter from the public or a key with the scope."""

    permission_classes = [PublicOrScope("contacts:write")]
    throttle_classes = [AnonymousThrottle]
    throttle_scope = "anonymous_contact"

    @extend_schema(request=Matter, responses={201: Matter, **problems(400, 409, 429)})
    def post(self, request: Request) -> Response:
        given = Matter(data=request.data)
        given.is_valid(raise_exception=True)
        return Response({"by": str(request.user)}, status=201)


class Reading(APIView):
    """Needs a session or a key with the scope."""

    permission_classes = [RequiresScope("tickets:read")]
    throttle_classes = [ScopedThrottle]
    throttle_scope = "suggest"

    @extend_schema(responses={200: Caller, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        return Response({"by": str(request.user)})


class Listing(APIView):
    """Pages organisations by name."""

    permission_classes = []
    keyset_order = ("name", "-id")

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        pages = KeysetPagination()
        rows = pages.paginate_queryset(Organisation.objects.all(), request, view=self)
        return pages.get_paginated_response([row.name for row in rows])


urlpatterns = [
    path("", include("core.http.urls")),
    path("page/<str:what>/", page, name="page"),
    path("page-async/<str:what>/", page_async),
    path("console/", page, {"what": "fine"}),
    path("accounts/", include("core.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/raise/<str:what>/", Raising.as_view()),
    path("api/matters/", Accepting.as_view()),
    path("api/read/", Reading.as_view()),
    path("api/list/", Listing.as_view()),
    path("api/schema/", SpectacularAPIView.as_view()),
]
handler404 = "core.http.views.not_found"
handler403 = "core.http.views.forbidden"
handler400 = "core.http.views.bad_request"
handler429 = "core.http.views.too_many"
handler500 = "core.http.views.server_error"
