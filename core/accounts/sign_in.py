"""One door: whoever wants the admin site signs in where rates, lock-out and factors apply."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin


def close_side_doors() -> None:
    """Let the admin site's own sign-in form lead to the common one; called once when ready."""
    admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # allauth's documented way
