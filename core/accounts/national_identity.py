"""The OpenID Connect client: what allauth's lacks is a nonce, and care with what it stores."""

import secrets
from typing import Any

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse

NONCE_BYTES = 24


class NationalIdentityProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth is untyped
    """OpenID Connect with PKCE, state and nonce.

    Claims stay in memory: allauth would keep the ID number in clear in ``extra_data``.
    """

    package = "allauth.socialaccount.providers.openid_connect"  # whose addresses are used

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> HttpResponse:
        """Send the browser to the identity system with a nonce that the state remembers."""
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        parameters = kwargs.pop("auth_params", None)
        wanted = {**(self.get_auth_params() if parameters is None else parameters), "nonce": nonce}
        response: HttpResponse = super().redirect(
            request, process, next_url, data, auth_params=wanted, nonce=nonce, **kwargs
        )
        return response

    def sociallogin_from_response(
        self, request: HttpRequest, response: dict[str, Any]
    ) -> SocialLogin:
        """Return the login with its claims beside it, none of which will be saved."""
        login = super().sociallogin_from_response(request, response)
        login.national_claims = {**response.get("id_token", {}), **response.get("userinfo", {})}
        login.subjects = {part.get("sub") for part in response.values() if "sub" in part}
        login.given_nonce = response.get("id_token", {}).get("nonce")
        login.account.extra_data = {"userinfo": {"sub": login.account.uid}}
        login.email_addresses = []
        return login


provider_classes = [NationalIdentityProvider]
