"""How allauth behaves in this city."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Signing in."""


class NationalIdentityAdapter(DefaultSocialAccountAdapter):
    """Signing in with the national identity."""
