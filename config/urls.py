"""Every address of the city, room by room."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("api/v1/hotline/", include("hotline.api.urls")),
    path("", include("core.http.urls")),
    path("", include("core.attachments.urls")),
    path("", include("core.drafts.urls")),
    path("", include("core.documents.urls")),
    path("", include("hotline.urls")),
    path("accounts/", include("core.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("i18n/catalog.js", JavaScriptCatalog.as_view(), name="javascript-catalog"),
]
if getattr(settings, "DEV_PAGES", False):
    urlpatterns.append(
        path(
            "styleguide/",
            TemplateView.as_view(template_name="components/styleguide.html"),
            name="styleguide",
        )
    )

handler404 = "core.http.views.not_found"
handler403 = "core.http.views.forbidden"
handler400 = "core.http.views.bad_request"
handler429 = "core.http.views.too_many"
handler500 = "core.http.views.server_error"
