"""A person that the national identity system vouches for, and the account that belongs to it.

Only the ID number finds a person; an e-mail address or a phone number never does. An ID number
that nobody has verified proves nothing: whoever merely typed it loses it to its proven owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from core.accounts.models import Person, User
from core.accounts.queries import person_of, person_with_id_no
from core.audit.actions import record
from core.errors import DomainError
from core.errors import gettext_noop as _
from core.identifiers.rules import InvalidIdentifier, check_resident_id, normalise_phone
from core.personal_data import keys

CLAIMS = {"name": "name", "phone": "phone_number", "id_no": "id_number"}


class IdentityIncompleteError(DomainError):
    """The identity system did not say who this is."""

    code = "identity_incomplete"
    message = _("统一身份认证没有返回有效的姓名和身份证号，无法登录。请联系认证平台。")


class IdentityTakenError(DomainError):
    """The account and the ID number already belong to different people."""

    code = "identity_taken"
    message = _("该身份已绑定其他账号，或本账号已绑定其他人。请用原来的方式登录。")


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """What the identity system says; ``source`` names the system."""

    name: str
    phone: str
    id_no: str
    source: str


def read_claims(
    claims: Mapping[str, Any], *, names: Mapping[str, str], source: str, at: datetime
) -> VerifiedIdentity:
    """Map a provider's claims; ``names`` overrides the claim names in CLAIMS.

    Raises IdentityIncompleteError without a name or a valid ID number. A phone that is none is
    left out.
    """
    given = {field: _text(claims, names.get(field, claim)) for field, claim in CLAIMS.items()}
    try:
        id_no = check_resident_id(given["id_no"], on=timezone.localdate(at)).number
    except InvalidIdentifier as error:
        raise IdentityIncompleteError from error
    if not given["name"]:
        raise IdentityIncompleteError
    return VerifiedIdentity(given["name"], _phone(given["phone"]), id_no, source)


def account_of(identity: VerifiedIdentity) -> User | None:
    """Return the account whose verified person this is."""
    person = person_with_id_no(identity.id_no)
    proven = person is not None and person.verified_at is not None
    return person.user if person is not None and proven else None


def check_same_person(*, user: User, identity: VerifiedIdentity) -> None:
    """Raise IdentityTakenError when account and identity belong to different people."""
    owner = account_of(identity)
    person = person_of(user)
    other_id = person is not None and person.verified_at and person.id_no != identity.id_no
    if (owner is not None and owner.pk != user.pk) or other_id:
        raise IdentityTakenError


@transaction.atomic
def bind_identity(*, user: User, identity: VerifiedIdentity, at: datetime) -> Person:
    """Make the verified identity the account's person. Raises IdentityTakenError."""
    _wait_for_turn(identity)
    check_same_person(user=user, identity=identity)
    person = _adoptable(user, identity, at=at) or person_of(user) or Person()
    person.user = user
    person.name, person.id_no = identity.name, identity.id_no
    person.phone = identity.phone or person.phone
    person.verified_at, person.verified_by = at, identity.source
    person.save()
    record(action="person.verified", by=user, at=at, subject_type="person", subject_id=person.pk)
    return person


def _wait_for_turn(identity: VerifiedIdentity) -> None:
    """Let one transaction at a time bind this ID number; the next one sees what it did."""
    digest = keys.blind_index("identity_lock", identity.id_no)
    with connection.cursor() as cursor:
        number = int.from_bytes(digest[:8], "big", signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _adoptable(user: User, identity: VerifiedIdentity, *, at: datetime) -> Person | None:
    """Return the row that already carries this ID number, or take the number away from it."""
    row = person_with_id_no(identity.id_no)
    if row is None or row.user_id == user.pk:
        return row
    free = row.user_id is None and person_of(user) is None
    if free and (row.verified_at is not None or _same_phone(row.phone, identity.phone)):
        return row
    row.id_no, row.verified_at = "", None
    row.save(update_fields=["id_no", "id_no_index", "verified_at"])
    record(action="person.id_withdrawn", by=None, at=at, subject_type="person", subject_id=row.pk)
    return None


def _same_phone(one: str, other: str) -> bool:
    return bool(one) and bool(other) and _phone(one) == _phone(other)


def _phone(raw: str) -> str:
    try:
        return normalise_phone(raw) if raw else ""
    except InvalidIdentifier:
        return ""


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
