"""Which callers an endpoint listens to at all. Which rows they reach is for policies."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.accounts.models import ApiKey
from core.http.scopes import Scope


class RequiresScope(BasePermission):
    """A machine needs the scope on its key; a signed-in person is judged by policies.

    Used as an instance: ``permission_classes = [RequiresScope("tickets:read")]``. A scope that
    does not exist raises ValueError when the module is loaded.
    """

    def __init__(self, scope: str) -> None:
        self.scope = Scope(scope)

    def __call__(self) -> "RequiresScope":
        """Stand for itself where DRF expects a class."""
        return self

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the caller may use the endpoint."""
        if isinstance(request.auth, ApiKey):
            return self.scope in request.auth.scopes
        return bool(request.user and request.user.is_authenticated)


class PublicOrScope(RequiresScope):
    """Everybody may, also without an account; but a machine that shows a key needs the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the caller may use the endpoint."""
        if isinstance(request.auth, ApiKey):
            return self.scope in request.auth.scopes
        return True
