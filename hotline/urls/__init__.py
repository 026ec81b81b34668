"""The hotline's pages: the portal for citizens, the console for staff."""

from django.urls import include, path

urlpatterns = [
    path("", include("hotline.urls.portal")),
    path("console/", include("hotline.urls.console")),
]
