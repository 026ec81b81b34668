"""Sending the citizen's form: what was kept becomes one contact, exactly once."""

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from core.accounts.models import User
from core.attachments.actions import discard_upload, store_upload
from core.drafts.actions import save_draft
from core.errors import DomainError, InvalidError, NotFoundError
from core.errors import gettext_noop as _
from hotline.actions.intake import register_contact
from hotline.queries.raising import (
    FORM,
    drafts_of_matter,
    find_problems,
    merge_answers,
)
from hotline.rules.raising import EVIDENCE, attachments_of, contact_of

CREATED = 201


class NothingToSendError(DomainError):
    """The form was sent already, or nothing was filled in."""

    code = "nothing_to_send"
    message = _("没有可提交的内容：可能已经提交过了。")


def keep_page(
    *, page: str, fields: dict[str, Any], user: User | None, holder: str, at: datetime
) -> None:
    """Keep what was typed on one page, right or wrong.

    Raises DraftTooLargeError when that is more than a draft can hold.
    """
    save_draft(form=FORM, key=page, user=user, holder=holder, content={"fields": fields}, at=at)


@transaction.atomic
def add_upload(
    *, upload: "UploadedFile[bytes]", user: User | None, holder: str, at: datetime
) -> str:
    """Keep a file and note it among the answers; return its token. Raises UploadError."""
    kept = store_upload(upload=upload, by=user, holder=holder, at=at)
    note_upload(token=str(kept.token), user=user, holder=holder, at=at)
    return str(kept.token)


@transaction.atomic
def note_upload(*, token: str, user: User | None, holder: str, at: datetime) -> None:
    """Note an upload among the answers; two at the same moment are both noted."""
    tokens = _locked_tokens(user, holder)
    _keep_tokens([*tokens, token], user=user, holder=holder, at=at)


@transaction.atomic
def remove_upload(*, token: str, user: User | None, holder: str, at: datetime) -> None:
    """Take an upload back and off the answers; one that is gone already is only taken off."""
    tokens = [kept for kept in _locked_tokens(user, holder) if kept != token]
    _keep_tokens(tokens, user=user, holder=holder, at=at)
    try:
        discard_upload(token=token, by=user, holder=holder)
    except NotFoundError:
        return


def _locked_tokens(user: User | None, holder: str) -> list[str]:
    """Return the noted tokens; a rival waits here, also when there is no row to lock yet."""
    owner = f"{FORM}:{user.pk if user else holder}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [owner])
    drafts = drafts_of_matter(user=user, holder=holder).filter(key=EVIDENCE.slug)
    return attachments_of(merge_answers(drafts))


def _keep_tokens(tokens: list[str], *, user: User | None, holder: str, at: datetime) -> None:
    fields = {"attachments": tokens}
    keep_page(page=EVIDENCE.slug, fields=fields, user=user, holder=holder, at=at)


def forget_answers(*, user: User | None, holder: str) -> None:
    """Drop all that was typed; uploads go by themselves within a day."""
    drafts_of_matter(user=user, holder=holder).delete()


@transaction.atomic
def raise_matter(*, user: User | None, holder: str, at: datetime) -> tuple[int, dict[str, Any]]:
    """Register what was kept and drop the drafts, both or neither; return status and number.

    The drafts are locked first: of two windows that send the same form, one registers it and the
    other gets NothingToSendError. Raises InvalidError with the problems by input.
    """
    drafts = list(drafts_of_matter(user=user, holder=holder).select_for_update())
    if not drafts:
        raise NothingToSendError
    answers = merge_answers(drafts)
    problems = find_problems(answers=answers, user=user, holder=holder, at=at)
    if problems:
        raise InvalidError(fields=problems)
    ticket, _is_new = register_contact(new=contact_of(answers), by=None, citizen=user, at=at)
    forget_answers(user=user, holder=holder)
    return CREATED, {"ticket_no": ticket.no}
