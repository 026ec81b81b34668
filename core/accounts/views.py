"""Where one arrives after signing in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.accounts.landing import landing_url


@login_required
def landing(request: HttpRequest) -> HttpResponse:
    """Go to the room of one's role."""
    return redirect(landing_url(request.user))
