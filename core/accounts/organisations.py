"""Keeping the tree of organisations: entering, changing, taking out of use."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _

from core.accounts import policies
from core.accounts.models import Organisation, User
from core.accounts.states import Role
from core.audit.actions import record
from core.errors import DomainError, InvalidError
from core.identifiers.rules import InvalidIdentifier, check_uscc

KEEPERS = frozenset({Role.SYSTEM_ADMIN})


class OrganisationLoopError(InvalidError):
    """An organisation cannot lie below itself."""

    code = "organisation_loop"
    message = _("上级不能是本机构或它的下级。")


class UnusableUsccError(InvalidError):
    """The unified social credit code breaks GB 32100."""

    code = "organisation_uscc"
    message = _("统一社会信用代码不正确。")


class ActiveChildrenError(DomainError):
    """Organisations below are still in use."""

    code = "organisation_has_active_children"
    message = _("它还有启用中的下级机构，请先停用或划转下级。")


class OrganisationStateError(DomainError):
    """The organisation is in this state already."""

    code = "organisation_state"
    message = _("该机构已经处于这个状态。")


@transaction.atomic
def save_organisation(
    *, organisation: Organisation, changed: Sequence[str], by: User, at: datetime
) -> Organisation:
    """Enter a new organisation, or store changes of one; a moved one takes its sub-units along.

    Raises ForbiddenError, OrganisationLoopError or UnusableUsccError.
    """
    policies.check_reaches(by, KEEPERS, organisation.region.path)
    organisation.uscc = _checked_uscc(organisation.uscc)
    is_new = organisation.pk is None
    before = "" if is_new else _lock(organisation)
    organisation.path = _path_of(organisation, before)
    organisation.save()
    if before and before != organisation.path:
        _move_below(before, organisation)
    action = "organisation.created" if is_new else "organisation.changed"
    _record(action, organisation, by=by, at=at, data={"fields": sorted(changed)})
    return organisation


@transaction.atomic
def retire_organisation(
    *, organisation: Organisation, reason: str, by: User, at: datetime
) -> Organisation:
    """Take an organisation out of use: nothing new goes to it, what it holds stays with it.

    Raises ForbiddenError, OrganisationStateError or ActiveChildrenError.
    """
    if organisation.children.filter(is_active=True).exists():
        raise ActiveChildrenError
    return _switch(organisation, active=False, reason=reason, by=by, at=at)


@transaction.atomic
def reinstate_organisation(
    *, organisation: Organisation, reason: str, by: User, at: datetime
) -> Organisation:
    """Take an organisation into use again; raises ForbiddenError or OrganisationStateError."""
    return _switch(organisation, active=True, reason=reason, by=by, at=at)


def _switch(
    organisation: Organisation, *, active: bool, reason: str, by: User, at: datetime
) -> Organisation:
    policies.check_reaches(by, KEEPERS, organisation.region.path)
    locked = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    if locked.is_active is active:
        raise OrganisationStateError
    locked.is_active = active
    locked.save(update_fields=["is_active"])
    action = "organisation.reinstated" if active else "organisation.retired"
    _record(action, locked, by=by, at=at, reason=reason, data={})
    return locked


def _checked_uscc(raw: str) -> str:
    if not raw:
        return ""
    try:
        return check_uscc(raw).code
    except InvalidIdentifier as error:
        raise UnusableUsccError(fields={"uscc": [error.message]}) from error


def _lock(organisation: Organisation) -> str:
    """Lock the row and return the path that it has now."""
    return Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk).path


def _path_of(organisation: Organisation, before: str) -> str:
    above = organisation.parent.path if organisation.parent else ""
    if before and above.startswith(before):
        raise OrganisationLoopError(fields={"parent": [OrganisationLoopError.message]})
    return f"{above}{organisation.code}/"


def _move_below(before: str, organisation: Organisation) -> None:
    below: QuerySet[Organisation] = Organisation.objects.filter(path__startswith=before)
    below.exclude(pk=organisation.pk).update(
        path=Concat(Value(organisation.path), Substr(F("path"), len(before) + 1))
    )


def _record(
    action: str,
    organisation: Organisation,
    *,
    by: User,
    at: datetime,
    data: dict[str, object],
    reason: str = "",
) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject_type="core.organisation",
        subject_id=organisation.pk,
        reason=reason,
        data={"code": organisation.code, **data},
    )
