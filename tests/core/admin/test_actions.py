"""The domain refuses what no page offers: called directly, by the wrong person or too late."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.custody import (
    AccountStateError,
    NoSecondFactorError,
    clear_second_factors,
    restore_account,
    suspend_account,
)
from core.accounts.models import User
from core.accounts.organisations import (
    OrganisationStateError,
    UnusableUsccError,
    reinstate_organisation,
    retire_organisation,
    save_organisation,
)
from core.accounts.policies import OwnRightsError
from core.accounts.states import Role
from core.administration import consequences
from core.audit.models import AuditEntry
from core.clocks.models import ClockPolicy
from core.clocks.policies import PolicyInForceError, PolicyTerms, enact_policy, withdraw_policy
from core.clocks.previews import preview_moves
from core.errors import ForbiddenError
from core.regions.actions import RegionClosedError, open_region
from core.workdays.previews import calendar_with
from core.workdays.queries import calendar_for
from core.workdays.rules import NoticeDay, is_working_day
from tests.factories.core import EPOCH, OrganisationFactory, city, district, member, policies
from tests.factories.hotline import Desk

DAY = date(2026, 11, 18)


def terms(**changes: Any) -> PolicyTerms:
    values: dict[str, Any] = {
        "clock_kind": "answer",
        "subject_kind": "",
        "urgency": "",
        "region": None,
        "amount": 5,
        "unit": "working_days",
        "source": "default, not from the decree",
    }
    return PolicyTerms(**{**values, **changes})


class TestCustody:
    def test_an_account_is_suspended_once_and_restored_once(self, security_admin: User) -> None:
        user = member(Role.AGENT)
        suspend_account(user=user, reason="离岗", by=security_admin, at=EPOCH)

        with pytest.raises(AccountStateError):
            suspend_account(user=user, reason="离岗", by=security_admin, at=EPOCH)
        restore_account(user=user, reason="返岗", by=security_admin, at=EPOCH)
        with pytest.raises(AccountStateError):
            restore_account(user=user, reason="返岗", by=security_admin, at=EPOCH)

        assert AuditEntry.objects.filter(action__startswith="account.").count() == 2

    def test_nobody_suspends_themselves(self, security_admin: User) -> None:
        with pytest.raises(OwnRightsError):
            suspend_account(user=security_admin, reason="离岗", by=security_admin, at=EPOCH)

    def test_without_a_factor_there_is_nothing_to_clear(self, security_admin: User) -> None:
        with pytest.raises(NoSecondFactorError):
            clear_second_factors(
                user=member(Role.AGENT), reason="丢失", by=security_admin, at=EPOCH
            )

    def test_the_system_administrator_does_not_keep_accounts(self, system_admin: User) -> None:
        user = member(Role.AGENT)

        for deed in (suspend_account, restore_account, clear_second_factors):
            with pytest.raises(ForbiddenError):
                deed(user=user, reason="离岗", by=system_admin, at=EPOCH)
        assert User.objects.get(pk=user.pk).is_active


class TestOrganisations:
    def test_another_districts_unit_is_not_changed(self, district_admin: User) -> None:
        unit = OrganisationFactory(region=district("519902", "望江区"))

        with pytest.raises(ForbiddenError):
            save_organisation(organisation=unit, changed=[], by=district_admin, at=EPOCH)
        with pytest.raises(ForbiddenError):
            retire_organisation(organisation=unit, reason="撤并", by=district_admin, at=EPOCH)

    def test_a_wrong_code_is_refused_below_the_form_too(self, system_admin: User) -> None:
        unit = OrganisationFactory()
        unit.uscc = "11519900RJ0000057A"

        with pytest.raises(UnusableUsccError):
            save_organisation(organisation=unit, changed=["uscc"], by=system_admin, at=EPOCH)

    def test_a_unit_in_use_is_not_taken_into_use(self, system_admin: User) -> None:
        with pytest.raises(OrganisationStateError):
            reinstate_organisation(
                organisation=OrganisationFactory(), reason="恢复", by=system_admin, at=EPOCH
            )

    def test_one_out_of_use_comes_back(self, system_admin: User) -> None:
        unit = OrganisationFactory(is_active=False)

        back = reinstate_organisation(organisation=unit, reason="恢复", by=system_admin, at=EPOCH)

        assert back.is_active
        assert AuditEntry.objects.latest("id").action == "organisation.reinstated"


class TestPolicies:
    def test_a_district_enacts_for_itself_alone(self, district_admin: User) -> None:
        for region in (None, city(), district("519902", "望江区")):
            with pytest.raises(ForbiddenError):
                enact_policy(
                    terms=terms(region=region), effective_date=DAY, by=district_admin, at=EPOCH
                )

        enact_policy(
            terms=terms(region=district()), effective_date=DAY, by=district_admin, at=EPOCH
        )

        assert ClockPolicy.objects.get().region == district()

    def test_one_in_force_is_not_withdrawn(self, system_admin: User) -> None:
        policies()
        begun = ClockPolicy.objects.earliest("id")

        with pytest.raises(PolicyInForceError):
            withdraw_policy(policy=begun, by=system_admin, at=EPOCH)

        assert ClockPolicy.objects.filter(pk=begun.pk).exists()


class TestRegions:
    def test_below_a_region_that_has_ended_nothing_begins(self, system_admin: User) -> None:
        parent = district()
        parent.ends_date = timezone.localdate() - timedelta(days=1)
        parent.save()

        with pytest.raises(RegionClosedError):
            open_region(
                parent=parent,
                code="519901009",
                name="新河街道",
                on=timezone.localdate(),
                by=system_admin,
                at=EPOCH,
            )


class TestPreviews:
    def test_a_local_notice_moves_its_own_region_alone(self, db: None) -> None:
        Desk().dispatched()
        days = [NoticeDay(DAY, True, "区庆")]

        inside = preview_moves(calendar_of=calendar_with(year=2026, region=district(), days=days))
        outside = preview_moves(
            calendar_of=calendar_with(year=2026, region=district("519902", "望江区"), days=days)
        )

        assert inside.moves
        assert not outside.moves
        assert inside.examined == outside.examined

    def test_the_present_calendar_is_left_alone(self, db: None) -> None:
        calendar_of = calendar_with(year=2026, region=None, days=[NoticeDay(DAY, True, "节")])

        assert not is_working_day(DAY, calendar_of(None))
        assert is_working_day(DAY, calendar_for(None))


class TestConsequences:
    def test_each_teller_is_asked_once(self) -> None:
        def tell(subject: object) -> str:
            return "一句话"

        consequences.tell("test_deed", tell)
        consequences.tell("test_deed", tell)

        assert consequences.sentences("test_deed", None) == ["一句话"]
        assert consequences.sentences("unknown", None) == []
