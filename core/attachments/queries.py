"""Reading attachments."""

from uuid import UUID

from django.db.models import Q, QuerySet

from core.accounts.models import User
from core.attachments.models import Attachment
from core.errors import NotFoundError


def unbound_of(*, user: User | None, holder: str) -> QuerySet[Attachment]:
    """Return the unbound uploads of this person and of this browser, and of nobody else."""
    owner = Q(pk=None)
    if user is not None:
        owner |= Q(uploaded_by=user)
    if holder:
        owner |= Q(uploaded_by=None, holder=holder)
    return Attachment.objects.filter(owner, subject_id=None)


def bindable_by(*, user: User | None, holder: str) -> QuerySet[Attachment]:
    """Return what may be bound: one's own, or without a holder whatever nobody signed in owns.

    The token itself opens an unnamed upload to a program that has no cookie.
    """
    if holder:
        return unbound_of(user=user, holder=holder)
    owner = Q(uploaded_by=None) if user is None else Q(uploaded_by=None) | Q(uploaded_by=user)
    return Attachment.objects.filter(owner, subject_id=None)


def list_for_subject(*, subject_type: str, subject_id: int) -> QuerySet[Attachment]:
    """Return a subject's attachments in the order they came; the caller has checked its rights."""
    rows = Attachment.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return rows.order_by("id")


def get_for_download(*, token: UUID, subject_type: str, subject_id: int) -> Attachment:
    """Return an attachment of a subject that the caller has proven to see; else NotFoundError.

    Naming the subject keeps a token of one matter from opening the file through another.
    """
    rows = list_for_subject(subject_type=subject_type, subject_id=subject_id)
    found = rows.filter(token=token).first()
    if found is None:
        raise NotFoundError
    return found
