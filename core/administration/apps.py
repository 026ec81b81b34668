"""The city's admin site in place of Django's."""

from django.contrib.admin.apps import AdminConfig


class CityAdminConfig(AdminConfig):
    """Has ``admin.site`` be the site that asks roles and regions."""

    default_site = "core.administration.site.CityAdminSite"
