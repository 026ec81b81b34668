"""Showing personal data in clear: one field of one row, for a reason, on the record."""

from collections.abc import Callable
from datetime import datetime

from django.db import models, transaction

from core.accounts.models import User
from core.audit.actions import record
from core.audit.models import Outcome
from core.errors import DomainError, ForbiddenError, InvalidError
from core.personal_data.register import DataClass

Check = Callable[[User, models.Model, str], None]
REASON_MIN = 4
_checks: dict[str, Check] = {}


def allow_reveal(model: type[models.Model], check: Check) -> None:
    """Register who may see fields of a model; ``check`` raises to refuse. Without one: nobody."""
    _checks[model._meta.label_lower] = check  # noqa: SLF001  Django's public API


def reveal(*, subject: models.Model, field: str, by: User, reason: str, at: datetime) -> str:
    """Return one personal field in clear and record who saw it and why.

    Raises InvalidError without a reason, ForbiddenError when the policy refuses; both the deed
    and the refusal are in the audit trail.
    """
    label = subject._meta.label_lower  # noqa: SLF001  Django's public API
    classes = getattr(subject, "data_classes", {})
    if classes.get(field) not in {DataClass.PERSONAL, DataClass.SENSITIVE}:
        raise InvalidError(fields={"field": ["这个字段不是个人信息。"]})
    if len(reason.strip()) < REASON_MIN:
        raise InvalidError(fields={"reason": [f"请写明查看理由，至少 {REASON_MIN} 个字。"]})
    try:
        _checks.get(label, _refuse)(by, subject, field)
    except DomainError:
        _record(label, subject, field, by, reason, at, Outcome.REFUSED)
        raise
    with transaction.atomic():
        _record(label, subject, field, by, reason, at, Outcome.DONE)
        return str(getattr(subject, field) or "")


def _refuse(_by: User, _subject: models.Model, _field: str) -> None:
    raise ForbiddenError


def _record(  # noqa: PLR0913  an entry is its fields
    label: str,
    subject: models.Model,
    field: str,
    by: User,
    reason: str,
    at: datetime,
    outcome: Outcome,
) -> None:
    record(
        action="personal_data.reveal",
        by=by,
        at=at,
        subject_type=label,
        subject_id=subject.pk,
        outcome=outcome,
        reason=reason,
        data={"field": field},
    )
