"""Who may what and where, and who gives it: Alice owns, Bob is on the team, Charlie is not."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.accounts import policies, queries
from core.accounts.actions import (
    AlreadyGrantedError,
    CitizenRoleError,
    KeyRevokedError,
    NotGrantedError,
    SeparatedAdminsError,
    UnknownScopeError,
    UsernameTakenError,
    create_staff_user,
    grant_membership,
    issue_api_key,
    link_person,
    revoke_api_key,
    revoke_membership,
)
from core.accounts.landing import landing_url
from core.accounts.models import ApiKey, Membership, Person, User
from core.accounts.policies import OwnRightsError
from core.accounts.queries import (
    has_role,
    memberships_of,
    reaches,
    region_paths_of,
    roles_of,
    units_of,
)
from core.accounts.states import CENTRE_ROLES, UNIT_ROLES, Role
from core.audit.models import AuditEntry
from core.errors import ForbiddenError, InvalidError, NotFoundError
from core.http.authentication import digest_of
from core.identifiers.rules import InvalidPhone
from core.regions.models import RegionLevel
from tests.factories.core import (
    EPOCH,
    OrganisationFactory,
    RegionFactory,
    UserFactory,
    city,
    district,
    member,
)

HOUR = timedelta(hours=1)


def appoint(user: User, role: Role, **where: Any) -> Membership:
    where.setdefault("organisation", OrganisationFactory(code="centre"))
    where.setdefault("region", city())
    return Membership.objects.create(user=user, role=role, **where)


def afresh(user: User) -> User:
    """Return the user as the next request would have it."""
    return User.objects.get(pk=user.pk)


@pytest.mark.django_db
class TestRolesOf:
    def test_are_read_with_one_statement(self, django_assert_num_queries: Any) -> None:
        user = UserFactory()
        for code in ("a", "b", "c"):
            appoint(user, Role.HANDLER, organisation=OrganisationFactory(code=code))
        user = afresh(user)

        with django_assert_num_queries(1):
            roles_of(user)
            has_role(user, Role.HANDLER)
            units_of(user, UNIT_ROLES)
            region_paths_of(user, UNIT_ROLES)
            [row.organisation.name + row.region.path for row in memberships_of(user)]

    def test_begin_and_end_on_the_moment(self) -> None:
        user = UserFactory()
        appoint(user, Role.AGENT, starts_at=EPOCH, ends_at=EPOCH + HOUR)
        moments = [EPOCH - timedelta(microseconds=1), EPOCH, EPOCH + HOUR]

        assert [Role.AGENT in roles_of(user, at) for at in moments] == [False, True, False]

    def test_make_every_account_a_citizen_and_no_more(self) -> None:
        assert roles_of(UserFactory()) == {Role.CITIZEN}

    @pytest.mark.parametrize("user", [None, AnonymousUser()])
    def test_are_none_for_strangers(self, user: Any) -> None:
        assert roles_of(user) == frozenset()
        assert units_of(user, UNIT_ROLES) == []
        assert region_paths_of(user, CENTRE_ROLES) == []

    def test_are_none_for_closed_accounts(self) -> None:
        user = member(Role.AGENT)
        user.is_active = False

        assert roles_of(user) == frozenset()

    def test_do_not_come_with_being_superuser(self) -> None:
        root = UserFactory(is_superuser=True, is_staff=True)

        assert roles_of(root) == {Role.CITIZEN}
        with pytest.raises(ForbiddenError):
            policies.check_has_role(root, CENTRE_ROLES)


@pytest.mark.django_db
class TestUnitsOf:
    def test_hold_the_units_below_and_no_others(self) -> None:
        bureau = OrganisationFactory(code="ZJJ")
        section = OrganisationFactory(code="ZJJ-1", parent=bureau)
        desk = OrganisationFactory(code="ZJJ-1-a", parent=section)
        OrganisationFactory(code="ZJJX")  # its path begins alike, but it is another unit
        charlies = OrganisationFactory(code="CGJ")
        alice, bob, charlie = UserFactory(), UserFactory(), UserFactory()
        appoint(alice, Role.UNIT_HEAD, organisation=bureau)
        appoint(bob, Role.HANDLER, organisation=section)
        appoint(charlie, Role.HANDLER, organisation=charlies)

        assert units_of(alice, UNIT_ROLES) == sorted([bureau.pk, section.pk, desk.pk])
        assert units_of(bob, UNIT_ROLES) == sorted([section.pk, desk.pk])
        assert units_of(charlie, UNIT_ROLES) == [charlies.pk]

    def test_count_only_for_the_roles_asked_about(self) -> None:
        user = UserFactory()
        appoint(user, Role.CLERK)

        assert units_of(user, UNIT_ROLES) == []

    def test_ask_the_tree_of_today(self) -> None:
        bureau = OrganisationFactory(code="ZJJ")
        user = UserFactory()
        appoint(user, Role.HANDLER, organisation=bureau)
        units_of(user, UNIT_ROLES)
        added = OrganisationFactory(code="ZJJ-9", parent=bureau)

        assert added.pk in units_of(afresh(user), UNIT_ROLES)


@pytest.mark.django_db
class TestRegionPathsOf:
    def test_leave_out_what_lies_within(self) -> None:
        user = UserFactory()
        appoint(user, Role.AGENT, region=city())
        appoint(user, Role.DISPATCHER, region=district())

        assert region_paths_of(user, CENTRE_ROLES) == ["519900/"]
        assert region_paths_of(user, {Role.DISPATCHER}) == ["519900/519901/"]

    def test_reach_their_region_and_what_lies_in_it(self) -> None:
        here, there = district(), district("519902", "临河区")
        street = RegionFactory(code="519901001", level=RegionLevel.STREET, parent=here)
        alice, bob, charlie = UserFactory(), UserFactory(), UserFactory()
        appoint(alice, Role.AGENT, region=city())
        appoint(bob, Role.AGENT, region=here)
        appoint(charlie, Role.AGENT, region=there)

        reached = [reaches(user, CENTRE_ROLES, street.path) for user in (alice, bob, charlie)]

        assert reached == [True, True, False]
        policies.check_reaches(bob, CENTRE_ROLES, street.path)
        with pytest.raises(ForbiddenError):
            policies.check_reaches(charlie, CENTRE_ROLES, street.path)


@pytest.mark.django_db
class TestCreateStaffUser:
    def create(self, by: User | None, **changes: Any) -> User:
        values = {"username": "li_na", "display_name": "李娜", "password": "Ein-Satz-2026"}
        return create_staff_user(**{**values, **changes}, by=by, at=EPOCH)

    def test_opens_an_account_without_rights(self) -> None:
        admin = member(Role.SYSTEM_ADMIN)

        user = self.create(admin)

        assert roles_of(user) == {Role.CITIZEN}
        assert not user.is_staff
        assert user.check_password("Ein-Satz-2026")
        assert AuditEntry.objects.get(action="account.created").actor == admin

    @pytest.mark.parametrize("role", [Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.SHIFT_LEAD])
    def test_is_for_the_system_administrator(self, role: Role) -> None:
        with pytest.raises(ForbiddenError):
            self.create(member(role))

        assert not User.objects.filter(username="li_na").exists()

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"password": "short"}, "password"),
            ({"password": "1234567890123"}, "password"),
            ({"username": "zhang_xiaohong", "password": "zhangxiaohong"}, "password"),
            ({"username": "a b"}, "username"),
            ({"username": ""}, "username"),
            ({"username": "x" * 151}, "username"),
            ({"display_name": "名" * 61}, "display_name"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, changes: dict[str, str], field: str) -> None:
        with pytest.raises(InvalidError) as caught:
            self.create(None, **changes)

        assert set(caught.value.details["fields"]) == {field}

    def test_refuses_a_name_that_differs_in_case_alone(self) -> None:
        UserFactory(username="Li_Na")

        with pytest.raises(UsernameTakenError):
            self.create(None)


@pytest.mark.django_db
class TestGrantMembership:
    def grant(self, user: User, by: User | None, role: Role = Role.AGENT, **changes: Any) -> Any:
        unit = OrganisationFactory(code="centre")
        return grant_membership(
            user=user, role=role, organisation=unit, region=city(), by=by, at=EPOCH, **changes
        )

    def test_appoints_and_records_it(self) -> None:
        admin, user = member(Role.SECURITY_ADMIN), UserFactory()
        assert not has_role(user, Role.AGENT)

        self.grant(user, admin)

        assert has_role(user, Role.AGENT)  # also on the object that was asked before
        entry = AuditEntry.objects.get(action="membership.granted")
        assert (entry.actor, entry.subject_id) == (admin, str(user.pk))
        assert entry.data["role"] == "agent"

    @pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN, Role.SHIFT_LEAD])
    def test_is_for_the_security_administrator(self, role: Role) -> None:
        user = UserFactory()

        with pytest.raises(ForbiddenError):
            self.grant(user, member(role))

        assert roles_of(afresh(user)) == {Role.CITIZEN}

    def test_is_not_for_a_superuser(self) -> None:
        with pytest.raises(ForbiddenError):
            self.grant(UserFactory(), UserFactory(is_superuser=True))

    def test_never_serves_oneself(self) -> None:
        admin = member(Role.SECURITY_ADMIN)

        with pytest.raises(OwnRightsError):
            self.grant(admin, admin)

    @pytest.mark.parametrize(
        ("held", "wanted"),
        [
            (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN),
            (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN),
            (Role.AUDIT_ADMIN, Role.SYSTEM_ADMIN),
        ],
    )
    def test_keeps_the_three_admins_apart(self, held: Role, wanted: Role) -> None:
        user = member(held)

        with pytest.raises(SeparatedAdminsError):
            self.grant(user, member(Role.SECURITY_ADMIN), wanted)

    def test_lets_a_former_admin_become_another_one(self) -> None:
        user = UserFactory()
        appoint(user, Role.AUDIT_ADMIN, ends_at=EPOCH)

        self.grant(user, None, Role.SYSTEM_ADMIN)

        assert has_role(user, Role.SYSTEM_ADMIN)

    def test_refuses_what_one_has(self) -> None:
        user = UserFactory()
        self.grant(user, None)

        with pytest.raises(AlreadyGrantedError):
            self.grant(user, None)

    def test_appoints_nobody_citizen(self) -> None:
        with pytest.raises(CitizenRoleError):
            self.grant(UserFactory(), None, Role.CITIZEN)

    @pytest.mark.parametrize(
        ("role", "opens"),
        [(Role.AUDIT_ADMIN, True), (Role.COMMUNITY_WORKER, True), (Role.AGENT, False)],
    )
    def test_opens_the_admin_site_to_those_who_work_there(self, role: Role, opens: bool) -> None:
        user = UserFactory()

        membership = self.grant(user, None, role)
        opened = afresh(user).is_staff
        revoke_membership(membership=membership, by=None, at=EPOCH + HOUR)

        assert opened is opens
        assert afresh(user).is_staff is False

    def test_opens_again_what_had_ended(self) -> None:
        user = UserFactory()
        first = self.grant(user, None)
        revoke_membership(membership=first, by=None, at=EPOCH + HOUR)

        again = grant_membership(
            user=user,
            role=Role.AGENT,
            organisation=first.organisation,
            region=first.region,
            by=None,
            at=EPOCH + 2 * HOUR,
        )

        assert again == first
        held = [Role.AGENT in roles_of(user, EPOCH + n * HOUR) for n in (1, 2)]
        assert held == [False, True]


@pytest.mark.django_db
class TestRevokeMembership:
    def test_ends_it_now_and_records_it(self) -> None:
        admin, user = member(Role.SECURITY_ADMIN), member(Role.AGENT)

        revoke_membership(membership=user.memberships.get(), by=admin, at=EPOCH)

        assert Role.AGENT not in roles_of(afresh(user), EPOCH)
        assert Role.AGENT in roles_of(afresh(user), EPOCH - HOUR)
        assert AuditEntry.objects.get(action="membership.revoked").actor == admin

    def test_removes_what_has_not_begun(self) -> None:
        user = UserFactory()
        later = appoint(user, Role.AGENT, starts_at=EPOCH + HOUR)

        revoke_membership(membership=later, by=None, at=EPOCH)

        assert not user.memberships.exists()

    def test_refuses_what_has_ended(self) -> None:
        ended = appoint(UserFactory(), Role.AGENT, ends_at=EPOCH)

        with pytest.raises(NotGrantedError):
            revoke_membership(membership=ended, by=None, at=EPOCH)

    def test_is_for_another_security_administrator(self) -> None:
        admin = member(Role.SECURITY_ADMIN)

        with pytest.raises(OwnRightsError):
            revoke_membership(membership=admin.memberships.get(), by=admin, at=EPOCH)
        with pytest.raises(ForbiddenError):
            revoke_membership(
                membership=admin.memberships.get(), by=member(Role.SYSTEM_ADMIN), at=EPOCH
            )


@pytest.mark.django_db
class TestKeysAreGiven:
    def issue(self, by: User | None, scopes: list[str] | None = None) -> Any:
        wanted = ["tickets:read"] if scopes is None else scopes
        return issue_api_key(user=UserFactory(), label="对接", scopes=wanted, by=by, at=EPOCH)

    def test_by_the_security_administrator_and_shown_once(self) -> None:
        admin = member(Role.SECURITY_ADMIN)

        issued = self.issue(admin, ["tickets:read", "events:read", "tickets:read"])

        assert issued.token.startswith(f"tb_{issued.key.prefix}_")
        stored = ApiKey.objects.get()
        assert bytes(stored.digest) == digest_of(issued.token)
        assert stored.scopes == ["events:read", "tickets:read"]
        assert issued.token not in str(stored.__dict__)
        entry = AuditEntry.objects.get(action="api_key.issued")
        assert entry.actor == admin
        assert issued.token not in str(entry.data)

    def test_to_nobody_by_others(self) -> None:
        with pytest.raises(ForbiddenError):
            self.issue(member(Role.SYSTEM_ADMIN))

    @pytest.mark.parametrize("scopes", [[], ["tickets:all"], ["tickets:read", ""]])
    def test_only_for_scopes_that_exist(self, scopes: list[str]) -> None:
        with pytest.raises(UnknownScopeError):
            self.issue(None, scopes)

    def test_and_taken_by_the_owner_or_the_security_administrator(self) -> None:
        owner = self.issue(None).key
        admins = self.issue(None).key

        revoke_api_key(key=owner, by=owner.user, at=EPOCH)
        revoke_api_key(key=admins, by=member(Role.SECURITY_ADMIN), at=EPOCH)

        assert AuditEntry.objects.filter(action="api_key.revoked").count() == 2
        with pytest.raises(KeyRevokedError):
            revoke_api_key(key=owner, by=None, at=EPOCH)

    def test_and_not_taken_by_a_stranger(self) -> None:
        key = self.issue(None).key

        with pytest.raises(ForbiddenError):
            revoke_api_key(key=key, by=UserFactory(), at=EPOCH)

        key.refresh_from_db()
        assert key.revoked_at is None


@pytest.mark.django_db
class TestLinkPerson:
    def test_binds_name_and_phone(self) -> None:
        user = UserFactory()

        person = link_person(user=user, name="王小满", phone="199 0000 1234", by=user, at=EPOCH)
        again = link_person(user=user, name="王满", phone="19900001235", by=user, at=EPOCH)

        assert person == again == queries.person_of(user)
        assert list(queries.persons_with_phone("+86 199-0000-1235")) == [person]
        assert not queries.persons_with_phone("19900001234").exists()
        assert again.verified_at is None

    def test_never_takes_over_another_person(self) -> None:
        other = Person.objects.create(name="同号", phone="19900001234")
        user = UserFactory()

        person = link_person(user=user, name="王小满", phone="19900001234", by=user, at=EPOCH)

        other.refresh_from_db()
        assert person != other
        assert (other.user, other.name) == (None, "同号")

    def test_leaves_a_proven_name_alone(self) -> None:
        user = UserFactory()
        Person.objects.create(user=user, name="陈桂兰", verified_at=EPOCH)

        person = link_person(user=user, name="假名", phone="19900001234", by=user, at=EPOCH)

        assert person.name == "陈桂兰"

    def test_refuses_a_phone_that_is_none(self) -> None:
        user = UserFactory()

        with pytest.raises(InvalidPhone):
            link_person(user=user, name="王", phone="12", by=user, at=EPOCH)

    def test_is_for_oneself(self) -> None:
        with pytest.raises(ForbiddenError):
            link_person(
                user=UserFactory(), name="王", phone="19900001234", by=UserFactory(), at=EPOCH
            )


@pytest.mark.django_db
class TestIssueApiKeyCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("issue_api_key", *arguments, stdout=out, stderr=StringIO())
        return out.getvalue()

    def test_prints_the_key_and_nothing_else(self) -> None:
        user = UserFactory(username="grid")

        printed = self.run("grid", "--scopes", "tickets:read, events:read", "--label", "网格")

        key = ApiKey.objects.get()
        assert bytes(key.digest) == digest_of(printed.strip())
        assert (key.user, key.label, key.expires_at) == (user, "网格", None)

    def test_sets_the_last_day(self) -> None:
        UserFactory(username="grid")

        self.run("grid", "--scopes", "tickets:read", "--label", "网格", "--days", "30")

        left = ApiKey.objects.get().expires_at - timezone.now()
        assert timedelta(days=29) < left <= timedelta(days=30)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("nobody", "--scopes", "tickets:read", "--label", "x"), "没有用户名为"),
            (("grid", "--scopes", "all", "--label", "x"), "contacts:write"),
            (("grid", "--scopes", "tickets:read", "--label", "x", "--days", "0"), "正整数"),
        ],
    )
    def test_says_what_is_wrong(self, arguments: tuple[str, ...], says: str) -> None:
        UserFactory(username="grid")

        with pytest.raises(CommandError, match=says):
            self.run(*arguments)

        assert not ApiKey.objects.exists()


@pytest.mark.django_db
class TestLookUps:
    def test_find_a_user_by_name_or_say_no(self) -> None:
        user = UserFactory(username="grid")

        assert queries.get_user(username="grid") == user
        with pytest.raises(NotFoundError):
            queries.get_user(username="nobody")

    def test_find_a_person_by_id_number(self) -> None:
        person = Person.objects.create(name="陈", id_no="519901195203140262")

        assert queries.person_with_id_no("519901 1952 0314 0262") == person
        assert queries.person_with_id_no("") is None

    def test_lead_a_busy_person_to_the_console(self) -> None:
        user = UserFactory()
        appoint(user, Role.SYSTEM_ADMIN)
        appoint(user, Role.AGENT)

        assert landing_url(user) == "/console/"
