"""Showing personal data in clear: one way, with a reason, written down either way.

Reading is processing (个人信息保护法 art. 4); whoever looks must be allowed and say why.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import models, transaction

from core.accounts.models import User
from core.audit import actions as audit
from core.audit.models import Outcome
from core.errors import DomainError, ForbiddenError, InvalidError
from core.errors import gettext_noop as _
from core.personal_data.masking import redact
from core.personal_data.register import DataClass

MIN_REASON = 4
PROTECTED = frozenset({DataClass.PERSONAL, DataClass.SENSITIVE})
Check = Callable[[User, models.Model, str], None]
_checks: dict[type[models.Model], Check] = {}


class RevealReasonError(InvalidError):
    """Nobody looks without saying why, in at least MIN_REASON characters."""

    code = "reason_required"
    message = _("请写明查看个人信息的理由，至少 4 个字。")


class NotPersonalError(InvalidError):
    """The field does not exist or holds no personal data."""

    code = "not_personal_data"
    message = _("该字段不是个人信息，无需申请查看。")


class RevealForbiddenError(ForbiddenError):
    """This kind of record is shown in clear to nobody."""

    code = "reveal_forbidden"
    message = _("您无权查看这项个人信息。")


def allow_reveal(model: type[models.Model], check: Check) -> None:
    """Register who may see a model's fields; called from ``AppConfig.ready``.

    ``check(user, subject, field)`` raises ForbiddenError or NotFoundError. A model without a
    check is revealed to nobody.
    """
    _checks[model] = check


def reveal(*, subject: models.Model, field: str, by: User, reason: str, at: datetime) -> str:
    """Return a value in clear and write down who saw what and why; a refusal is written too.

    Call it outside a transaction: inside one, the record of a refusal goes when the refusal rolls
    it back, and only the edge's own record of the 403 stays. Raises
    NotPersonalError, RevealReasonError, or what the model's check raises.
    """
    classes = getattr(subject, "data_classes", {})
    if classes.get(field) not in PROTECTED:
        raise NotPersonalError(fields={"field": [NotPersonalError.message]})
    if len(reason.strip()) < MIN_REASON:
        raise RevealReasonError(fields={"reason": [RevealReasonError.message]})
    try:
        _check(by, subject, field)
    except DomainError:
        _record(subject, field, by=by, reason=reason, at=at, outcome=Outcome.REFUSED)
        raise
    _record(subject, field, by=by, reason=reason, at=at, outcome=Outcome.DONE)
    return str(getattr(subject, field) or "")


def _check(by: User, subject: models.Model, field: str) -> None:
    check = _checks.get(type(subject))
    if check is None:
        raise RevealForbiddenError
    check(by, subject, field)


def _record(
    subject: models.Model, field: str, *, by: User, reason: str, at: datetime, outcome: Outcome
) -> None:
    with transaction.atomic():
        audit.record(
            action="personal_data.reveal",
            by=by,
            at=at,
            subject_type=subject._meta.label_lower,  # noqa: SLF001  Django's public API
            subject_id=subject.pk,
            outcome=outcome,
            reason=redact(reason.strip()),
            data={"field": field},
        )
