"""Staff sign in with two factors where the city says so (``STAFF_MFA_REQUIRED``)."""

from base64 import b64decode, b64encode

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from core.accounts.models import User
from core.accounts.queries import staff_roles_of
from core.personal_data import keys

DUE = "second_factor_due"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Keeps the secrets of authenticators encrypted with the personal data keys."""

    def encrypt(self, text: str) -> str:
        """Encrypt a TOTP secret or the seed of recovery codes."""
        return b64encode(keys.encrypt(text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return keys.decrypt(b64decode(encrypted_text))


def is_missing(user: User) -> bool:
    """Tell whether this is a staff account that must have a second factor and has none."""
    if not settings.STAFF_MFA_REQUIRED or not staff_roles_of(user):
        return False
    return not Authenticator.objects.filter(user_id=user.pk, type__in=KINDS).exists()


def mark(session: SessionBase, user: User) -> None:
    """Remember in the session whether the second factor has to be set up first."""
    if is_missing(user):
        session[DUE] = True
    else:
        session.pop(DUE, None)


def encrypt_secrets_anew() -> int:
    """Encrypt every stored secret with the current key; return how many were changed."""
    changed = 0
    for authenticator in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        secrets = {
            name: authenticator.data[name]
            for name in ("secret", "seed")
            if name in authenticator.data
        }
        fresh = {name: _again(value) for name, value in secrets.items() if _is_old(value)}
        if fresh:
            authenticator.data = {**authenticator.data, **fresh}
            authenticator.save(update_fields=["data"])
            changed += 1
    return changed


def _is_old(value: str) -> bool:
    return keys.key_id_of(b64decode(value)) != keys.current_key_id()


def _again(value: str) -> str:
    adapter = SecondFactorAdapter()
    return adapter.encrypt(adapter.decrypt(value))
