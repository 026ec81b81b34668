"""Pages of the admin site for who acts."""

from core.accounts.admin import api_keys, memberships, organisations, persons, users

__all__ = ["api_keys", "memberships", "organisations", "persons", "users"]
