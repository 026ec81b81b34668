"""What drf-spectacular cannot see by itself. Imported by ``core.apps`` when Django is ready."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  its metaclass is untyped
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
