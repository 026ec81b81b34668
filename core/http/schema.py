"""What drf-spectacular cannot see by itself. Imported by ``core.apps`` when Django is ready."""

from http.client import responses
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse

from core.http.errors import ErrorSerializer


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass is untyped
    """Bearer keys."""

    target_class = "core.http.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Describe the header."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "tb_<prefix>_<secret>",
            "description": "由 manage.py issue_api_key 签发，仅显示一次。",
        }


def problems(*codes: int) -> dict[int, OpenApiResponse]:
    """Document the errors that an operation may answer with; all have the same shape."""
    return {
        code: OpenApiResponse(ErrorSerializer, description=responses.get(code, ""))
        for code in codes
    }


def install() -> None:
    """Make the extensions of this module known; importing it does, this says so."""
