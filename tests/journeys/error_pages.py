"""The site's addresses, and one for each error that no plain address leads to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from config import urls
from core.http import views

handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404
handler429, handler500 = urls.handler429, urls.handler500


def bad_request(request: HttpRequest) -> HttpResponse:
    """Answer 400."""
    return views.bad_request(request, Exception())


def forged(request: HttpRequest) -> HttpResponse:
    """Answer as to a form without its CSRF token."""
    return render(request, "403_csrf.html", status=403)


urlpatterns = [
    *urls.urlpatterns,
    path("errors/400/", bad_request, name="error_400"),
    path("errors/403-csrf/", forged, name="error_403_csrf"),
    path("errors/429/", views.too_many, name="error_429"),
    path("errors/500/", views.server_error, name="error_500"),
]
