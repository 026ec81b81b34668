"""Enacting clock policies. A policy is never edited: a later one takes over from its day on."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.accounts.models import User
from core.accounts.policies import check_reaches
from core.accounts.reach import reaches_city
from core.accounts.states import Role
from core.audit.actions import record
from core.clocks.models import Clock, ClockPolicy
from core.clocks.queries import forget_policies_after_commit
from core.clocks.states import OPEN_STATES
from core.errors import DomainError, ForbiddenError, InvalidError
from core.errors import gettext_noop as _
from core.regions.models import Region

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
MOST_COUNTED = 1_000


class PolicyExistsError(InvalidError):
    """There is a policy for the same case from the same day on."""

    code = "clock_policy_exists"
    message = _("同一时钟、类型、紧急程度、区域和施行日期已有一条时限政策。")


class PolicyInPastError(InvalidError):
    """A policy begins today or later: what was promised stays promised."""

    code = "clock_policy_in_past"
    message = _("施行日期不能早于今天：已经作出的承诺不因新政策改变。")


class PolicyInForceError(DomainError):
    """The policy is in force or in use: only a later one can replace it."""

    code = "clock_policy_in_force"
    message = _("这条政策已经施行或已被使用，不能撤销；请登记新版本。")


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """For which case how long: empty parts mean any."""

    clock_kind: str
    subject_kind: str
    urgency: str
    region: Region | None
    amount: int
    unit: str
    source: str


@transaction.atomic
def enact_policy(
    *, terms: PolicyTerms, effective_date: date, by: User, at: datetime
) -> ClockPolicy:
    """Enter a policy that applies to clocks started on its day or later; running clocks stay.

    Raises ForbiddenError, PolicyInPastError or PolicyExistsError.
    """
    _check_keeper(by, terms.region)
    if effective_date < timezone.localdate(at):
        raise PolicyInPastError(fields={"effective_date": [PolicyInPastError.message]})
    policy = ClockPolicy(
        clock_kind=terms.clock_kind,
        subject_kind=terms.subject_kind,
        urgency=terms.urgency,
        region=terms.region,
        amount=terms.amount,
        unit=terms.unit,
        source=terms.source,
        effective_date=effective_date,
    )
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
    except IntegrityError as error:
        if "clock_policy_once" not in str(error):
            raise
        raise PolicyExistsError(fields={"effective_date": [PolicyExistsError.message]}) from error
    forget_policies_after_commit()
    _record("clocks.policy_enacted", policy, by=by, at=at)
    return policy


@transaction.atomic
def withdraw_policy(*, policy: ClockPolicy, by: User, at: datetime) -> None:
    """Remove a policy before its day; raises ForbiddenError or PolicyInForceError."""
    _check_keeper(by, policy.region)
    locked = ClockPolicy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    if not is_pending(locked, timezone.localdate(at)):
        raise PolicyInForceError
    _record("clocks.policy_withdrawn", locked, by=by, at=at)
    locked.delete()
    forget_policies_after_commit()


def is_pending(policy: ClockPolicy, today: date) -> bool:
    """Tell whether the policy's day has not come and no clock was started by it."""
    return policy.effective_date > today and not policy.clock_set.exists()


def count_running(policy: ClockPolicy) -> int:
    """Return how many open clocks were started by this policy, at most MOST_COUNTED."""
    return Clock.objects.filter(policy=policy, state__in=OPEN_STATES)[:MOST_COUNTED].count()


def _check_keeper(by: User, region: Region | None) -> None:
    if region is not None:
        check_reaches(by, KEEPERS, region.path)
    elif not reaches_city(by, KEEPERS):
        raise ForbiddenError


def _record(action: str, policy: ClockPolicy, *, by: User, at: datetime) -> None:
    data = {
        "clock_kind": policy.clock_kind,
        "subject_kind": policy.subject_kind,
        "urgency": policy.urgency,
        "region": policy.region_id,
        "amount": policy.amount,
        "unit": policy.unit,
        "effective_date": policy.effective_date.isoformat(),
    }
    record(
        action=action,
        by=by,
        at=at,
        subject_type="core.clockpolicy",
        subject_id=policy.pk,
        reason=policy.source,
        data=data,
    )
