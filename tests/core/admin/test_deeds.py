"""Every deed posted by hand: who may, what it changes, and that refusal changes nothing."""

from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.utils import timezone

from core.accounts.models import ApiKey, Membership, Organisation, Person, User
from core.accounts.queries import roles_of
from core.accounts.states import Role
from core.audit.models import AuditEntry, Outcome
from core.clocks.actions import recompute_open
from core.clocks.models import Clock, ClockPolicy
from core.notifications.models import DeliveryState, Notification
from core.regions.models import Region
from core.workdays.models import HolidayNotice, SpecialDay
from tests.factories.admin import ID_NO, NAME, PHONE, pages, populate, sign_in, url
from tests.factories.core import (
    EPOCH,
    OrganisationFactory,
    UserFactory,
    city,
    district,
    member,
    policies,
)

ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
DEEDS = [(page, deed) for page in pages() for deed in page.deeds]
REASON = {"reason": "按工作安排办理"}


def address(page: Any, deed: Any, pk: int = 0) -> str:
    return url(page, f"do_{deed.name}", *([] if deed.on_list else [pk]))


def deed_url(model: type, name: str, *args: int) -> str:
    return url(admin.site._registry[model], f"do_{name}", *args)


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("id")


class TestWhoMay:
    @pytest.mark.slow
    @pytest.mark.parametrize("role", [*ADMINS, Role.AGENT, Role.UNIT_HEAD, Role.COMMUNITY_WORKER])
    def test_other_roles_are_refused_and_change_nothing(self, db: None, role: Role) -> None:
        populate()
        client = sign_in(member(role))
        before = _everything()
        others = [(page, deed) for page, deed in DEEDS if role not in deed.roles]

        for page, deed in others:
            row = page.model._default_manager.earliest("pk")
            shown = client.get(address(page, deed, row.pk))
            done = client.post(address(page, deed, row.pk), REASON)
            assert (shown.status_code, done.status_code) == (403, 403), (page, deed.name)

        assert others
        assert _everything() == before

    @pytest.mark.parametrize(
        ("page", "deed"), DEEDS, ids=[f"{p.opts.model_name}-{d.name}" for p, d in DEEDS]
    )
    def test_a_stranger_is_sent_to_sign_in(
        self, db: None, client: Any, page: Any, deed: Any
    ) -> None:
        answer = client.post(address(page, deed, 1), REASON)

        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")

    def test_a_refusal_is_on_the_record(self, security_admin: User) -> None:
        unit = OrganisationFactory()

        sign_in(security_admin).post(deed_url(Organisation, "retire", unit.pk), REASON)

        entry = last("request.refused")
        assert (entry.actor, entry.outcome) == (security_admin, Outcome.REFUSED)

    def test_a_role_of_one_district_does_no_deed_of_the_whole_city(
        self, district_admin: User
    ) -> None:
        client = sign_in(district_admin)

        assert client.get("/admin/hotline/category/do/import/").status_code == 403
        assert client.get("/admin/hotline/category/").status_code == 403
        assert client.get("/admin/core/notification/").status_code == 403


class TestRegionScope:
    def test_a_district_sees_and_changes_its_own_rows_alone(self, district_admin: User) -> None:
        client = sign_in(district_admin)
        own = OrganisationFactory(code="own", name="临江区城管局", region=district())
        other = OrganisationFactory(
            code="other", name="望江区城管局", region=district("519902", "望江区")
        )

        page = client.get("/admin/core/organisation/").content.decode()

        assert own.name in page
        assert other.name not in page
        assert client.get(f"/admin/core/organisation/{own.pk}/change/").status_code == 200
        for path in ("change/", "do/retire/"):
            hidden = client.get(f"/admin/core/organisation/{other.pk}/{path}")
            absent = client.get(f"/admin/core/organisation/999999/{path}")
            assert (hidden.status_code, absent.status_code) == (404, 404)

    def test_a_district_cannot_move_a_unit_into_another_district(
        self, district_admin: User
    ) -> None:
        own = OrganisationFactory(code="own", region=district())
        other = district("519902", "望江区")
        data = {"code": "own", "name": "改名", "kind": "department", "region": other.pk}

        answer = sign_in(district_admin).post(f"/admin/core/organisation/{own.pk}/change/", data)

        assert answer.status_code == 200
        own.refresh_from_db()
        assert own.region != other
        assert own.name != "改名"

    def test_searching_in_a_field_finds_no_hidden_row(self, district_admin: User) -> None:
        OrganisationFactory(code="other", name="望江区城管局", region=district("519902", "望江区"))
        query = {"app_label": "core", "model_name": "organisation", "field_name": "parent"}

        answer = sign_in(district_admin).get("/admin/autocomplete/", {**query, "term": "望江"})

        assert answer.json()["results"] == []

    def test_an_account_with_wider_duties_is_not_suspended_by_a_district(self, db: None) -> None:
        guard = member(Role.SECURITY_ADMIN, region=district())
        wider = member(Role.AGENT, region=city())
        Membership.objects.create(
            user=wider, organisation=OrganisationFactory(), role=Role.AGENT, region=district()
        )

        answer = sign_in(guard).post(deed_url(User, "suspend", wider.pk), REASON)

        wider.refresh_from_db()
        assert answer.status_code == 403
        assert wider.is_active


class TestOrganisations:
    DATA = {"code": "CGJ", "name": "城管局", "kind": "department", "uscc": "11519900RJ0000057B"}

    def test_a_new_unit_takes_its_place_in_the_tree(self, system_admin: User) -> None:
        parent = OrganisationFactory(code="GOV")

        answer = sign_in(system_admin).post(
            "/admin/core/organisation/add/",
            {**self.DATA, "parent": parent.pk, "region": city().pk},
        )

        assert answer.status_code == 302
        made = Organisation.objects.get(code="CGJ")
        assert made.path == "GOV/CGJ/"
        assert last("organisation.created").subject_id == str(made.pk)

    def test_a_wrong_credit_code_is_said_beside_the_field(self, system_admin: User) -> None:
        data = {**self.DATA, "uscc": "11519900RJ0000057A", "region": city().pk}

        answer = sign_in(system_admin).post("/admin/core/organisation/add/", data)

        assert "校验" in answer.content.decode()
        assert "城管局" in answer.content.decode()
        assert not Organisation.objects.filter(code="CGJ").exists()

    def test_a_moved_unit_takes_its_units_along(self, system_admin: User) -> None:
        old, new = OrganisationFactory(code="A"), OrganisationFactory(code="B")
        unit = OrganisationFactory(code="C", parent=old)
        below = OrganisationFactory(code="D", parent=unit)
        data = {"code": "C", "name": "丙", "kind": "department", "region": city().pk}

        sign_in(system_admin).post(
            f"/admin/core/organisation/{unit.pk}/change/", {**data, "parent": new.pk}
        )

        below.refresh_from_db()
        assert below.path == "B/C/D/"

    def test_a_unit_cannot_lie_below_itself(self, system_admin: User) -> None:
        unit = OrganisationFactory(code="C")
        below = OrganisationFactory(code="D", parent=unit)
        data = {"code": "C", "name": "丙改名", "kind": "department", "region": city().pk}

        answer = sign_in(system_admin).post(
            f"/admin/core/organisation/{unit.pk}/change/", {**data, "parent": below.pk}
        )

        assert "上级不能是本机构或它的下级" in answer.content.decode()
        assert "丙改名" in answer.content.decode()
        unit.refresh_from_db()
        assert (unit.parent, unit.name) == (None, "单位C")

    def test_taking_a_unit_out_of_use_says_what_happens_and_asks_why(
        self, system_admin: User, desk: Any
    ) -> None:
        desk.dispatched()
        client = sign_in(system_admin)
        path = deed_url(Organisation, "retire", desk.unit.pk)

        page = client.get(path).content.decode()
        without_reason = client.post(path, {})
        client.post(path, REASON)

        assert "正在办理的 1 件不受影响" in page
        assert without_reason.status_code == 422
        desk.unit.refresh_from_db()
        assert not desk.unit.is_active
        assert last("organisation.retired").reason == REASON["reason"]

    def test_a_unit_with_units_below_stays_in_use(self, system_admin: User) -> None:
        unit = OrganisationFactory(code="C")
        OrganisationFactory(code="D", parent=unit)

        answer = sign_in(system_admin).post(deed_url(Organisation, "retire", unit.pk), REASON)

        assert "请先停用或划转下级" in answer.content.decode()
        unit.refresh_from_db()
        assert unit.is_active

    def test_a_second_click_is_told_that_somebody_was_faster(self, system_admin: User) -> None:
        unit = OrganisationFactory(is_active=False)

        answer = sign_in(system_admin).post(deed_url(Organisation, "retire", unit.pk), REASON)

        assert answer.status_code == 409


class TestAccounts:
    def test_the_system_administrator_opens_an_account_without_rights(
        self, system_admin: User
    ) -> None:
        data = {"username": "new-one", "display_name": "新人", "password": "Zhe-shi-mima-2026"}

        sign_in(system_admin).post(deed_url(User, "open"), data)

        assert roles_of(User.objects.get(username="new-one")) == {Role.CITIZEN}

    def test_a_weak_password_is_refused_and_not_shown_again(self, system_admin: User) -> None:
        data = {"username": "new-one", "display_name": "新人", "password": "12345"}

        answer = sign_in(system_admin).post(deed_url(User, "open"), data)

        assert answer.status_code == 422
        assert 'value="12345"' not in answer.content.decode()
        assert not User.objects.filter(username="new-one").exists()

    def test_rights_are_granted_and_taken_back(self, security_admin: User) -> None:
        user, unit = UserFactory(), OrganisationFactory()
        client = sign_in(security_admin)
        data = {"role": Role.HANDLER, "organisation": unit.pk, "region": city().pk}

        client.post(deed_url(User, "grant", user.pk), data)
        held = Membership.objects.get(user=user)
        client.post(deed_url(Membership, "revoke", held.pk))

        assert held.role == Role.HANDLER
        assert Role.HANDLER not in roles_of(User.objects.get(pk=user.pk))
        assert last("membership.granted").actor == security_admin
        assert last("membership.revoked").actor == security_admin

    def test_nobody_grants_or_revokes_their_own_rights(self, security_admin: User) -> None:
        client = sign_in(security_admin)
        own = Membership.objects.get(user=security_admin)
        data = {"role": Role.AGENT, "organisation": own.organisation_id, "region": city().pk}

        granted = client.post(deed_url(User, "grant", security_admin.pk), data)
        revoked = client.post(deed_url(Membership, "revoke", own.pk))

        assert (granted.status_code, revoked.status_code) == (403, 403)
        assert Membership.objects.filter(user=security_admin).count() == 1

    def test_one_person_cannot_be_two_of_the_three_administrators(
        self, security_admin: User, audit_admin: User
    ) -> None:
        data = {
            "role": Role.SYSTEM_ADMIN,
            "organisation": OrganisationFactory().pk,
            "region": city().pk,
        }

        answer = sign_in(security_admin).post(deed_url(User, "grant", audit_admin.pk), data)

        assert answer.status_code == 422
        assert "必须由不同的人担任" in answer.content.decode()

    def test_a_suspended_account_is_out_at_once_and_comes_back(self, security_admin: User) -> None:
        user = member(Role.AUDIT_ADMIN)
        theirs, mine = sign_in(user), sign_in(security_admin)

        mine.post(deed_url(User, "suspend", user.pk), REASON)
        during = theirs.get("/admin/").status_code
        mine.post(deed_url(User, "restore", user.pk), REASON)

        assert during == 302
        assert theirs.get("/admin/").status_code in {200, 302}
        assert User.objects.get(pk=user.pk).is_active

    def test_lost_second_factors_are_cleared(self, security_admin: User) -> None:
        user = member(Role.AGENT)
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

        sign_in(security_admin).post(deed_url(User, "clear-factors", user.pk), REASON)

        assert not Authenticator.objects.filter(user=user).exists()
        assert last("second_factor.cleared").reason == REASON["reason"]

    def test_a_key_is_shown_once_and_only_there(self, security_admin: User) -> None:
        user = member(Role.AGENT)
        client = sign_in(security_admin)
        data = {"username": user.username, "label": "对接系统", "scopes": ["tickets:read"]}

        answer = client.post(deed_url(ApiKey, "issue"), data)

        key = ApiKey.objects.get(user=user)
        token = answer.content.decode().split('value="tb_')[1].split('"')[0]
        assert token.startswith(f"{key.prefix}_")
        assert "no-store" in answer["Cache-Control"]
        for path in ("/admin/core/apikey/", f"/admin/core/apikey/{key.pk}/change/", "/admin/"):
            assert token not in client.get(path).content.decode()

    def test_a_key_for_oneself_or_for_nobody_is_refused(self, security_admin: User) -> None:
        client = sign_in(security_admin)
        for name in (security_admin.username, "nobody-here"):
            data = {"username": name, "label": "对接", "scopes": ["tickets:read"]}
            assert client.post(deed_url(ApiKey, "issue"), data).status_code == 422
        assert not ApiKey.objects.exists()


class TestPersons:
    def test_one_field_is_revealed_for_a_reason_and_on_the_record(
        self, security_admin: User
    ) -> None:
        person = Person.objects.create(name=NAME, phone=PHONE, id_no=ID_NO)

        answer = sign_in(security_admin).post(
            deed_url(Person, "reveal", person.pk), {"field": "phone", "reason": "核实来电人身份"}
        )

        assert PHONE in answer.content.decode()
        assert ID_NO not in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        entry = last("personal_data.reveal")
        assert (entry.actor, entry.subject_id, entry.data) == (
            security_admin,
            str(person.pk),
            {"field": "phone"},
        )

    def test_without_a_good_reason_nothing_is_shown(self, security_admin: User) -> None:
        person = Person.objects.create(name=NAME, phone=PHONE)

        answer = sign_in(security_admin).post(
            deed_url(Person, "reveal", person.pk), {"field": "phone", "reason": "看"}
        )

        assert answer.status_code == 422
        assert PHONE not in answer.content.decode()

    @pytest.mark.parametrize(
        ("term", "found"), [(PHONE, True), ("199", False), (NAME, False), ("19900777124", False)]
    )
    def test_is_found_by_the_whole_phone_number_alone(
        self, security_admin: User, term: str, found: bool
    ) -> None:
        person = Person.objects.create(name=NAME, phone=PHONE)

        page = sign_in(security_admin).get("/admin/core/person/", {"q": term}).content.decode()

        assert (f"/admin/core/person/{person.pk}/change/" in page) is found


class TestRegions:
    def test_a_new_region_lies_below_the_old_one(self, system_admin: User) -> None:
        parent = district()
        data = {"code": "519901009", "name": "新河街道", "on": timezone.localdate().isoformat()}

        sign_in(system_admin).post(deed_url(Region, "open", parent.pk), data)

        assert Region.objects.get(code="519901009").path == f"{parent.path}519901009/"

    def test_a_code_that_does_not_fit_is_refused(self, system_admin: User) -> None:
        data = {"code": "519902009", "name": "新河街道", "on": timezone.localdate().isoformat()}

        answer = sign_in(system_admin).post(deed_url(Region, "open", district().pk), data)

        assert "以上级代码开头" in answer.content.decode()

    def test_a_replaced_region_ends_and_its_successor_begins(self, system_admin: User) -> None:
        old = district()
        day = timezone.localdate() + timedelta(days=30)
        data = {"on": day.isoformat(), "successors": "519931 江南区"}

        sign_in(system_admin).post(deed_url(Region, "replace", old.pk), data)

        old.refresh_from_db()
        assert old.ends_date == day
        assert Region.objects.get(code="519931").starts_date == day

    def test_an_unreadable_line_is_named(self, system_admin: User) -> None:
        data = {"on": "2027-01-01", "successors": "519931 江南区\n江北区"}

        answer = sign_in(system_admin).post(deed_url(Region, "replace", district().pk), data)

        assert "第 2 行无法识别" in answer.content.decode()


class TestClockPolicies:
    def data(self, **changes: Any) -> dict[str, Any]:
        tomorrow = timezone.localdate() + timedelta(days=1)
        return {
            "clock_kind": "answer",
            "subject_kind": "help",
            "urgency": "",
            "amount": 5,
            "unit": "working_days",
            "effective_date": tomorrow.isoformat(),
            "source": "默认值，无文件依据",
            **changes,
        }

    def test_a_new_version_moves_no_running_clock(self, system_admin: User, desk: Any) -> None:
        desk.dispatched()
        clock = Clock.objects.get(kind="answer")
        client = sign_in(system_admin)
        path = deed_url(ClockPolicy, "renew", clock.policy_id or 0)

        page = client.get(path).content.decode()
        client.post(path, self.data())

        after = Clock.objects.get(pk=clock.pk)
        assert "正在计时的 1 个时钟不会被移动" in page
        assert (after.due_at, after.policy_id) == (clock.due_at, clock.policy_id)
        assert ClockPolicy.objects.filter(clock_kind="answer", subject_kind="help").count() == 2

    def test_a_policy_never_begins_in_the_past(self, system_admin: User) -> None:
        answer = sign_in(system_admin).post(
            deed_url(ClockPolicy, "enact"), self.data(effective_date="2026-01-01")
        )

        assert "不能早于今天" in answer.content.decode()
        assert not ClockPolicy.objects.exists()

    def test_the_same_case_from_the_same_day_is_said_in_words(self, system_admin: User) -> None:
        client = sign_in(system_admin)

        client.post(deed_url(ClockPolicy, "enact"), self.data())
        answer = client.post(deed_url(ClockPolicy, "enact"), self.data(amount=9))

        assert "已有一条时限政策" in answer.content.decode()
        assert ClockPolicy.objects.get().amount == 5

    def test_only_a_pending_policy_is_withdrawn(self, system_admin: User) -> None:
        client = sign_in(system_admin)
        client.post(deed_url(ClockPolicy, "enact"), self.data())
        pending = ClockPolicy.objects.get()
        policies()
        begun = ClockPolicy.objects.exclude(pk=pending.pk).first()

        client.post(deed_url(ClockPolicy, "withdraw", pending.pk))
        answer = client.post(deed_url(ClockPolicy, "withdraw", begun.pk))  # type: ignore[union-attr]

        assert not ClockPolicy.objects.filter(pk=pending.pk).exists()
        assert answer.status_code == 409


class TestHolidayNotices:
    DATA = {
        "year": 2026,
        "region": "",
        "source": "测试通知",
        "days": "2026-11-16~2026-11-20 休 城市节\n2026-11-28 班 调休",
    }

    def test_says_first_which_deadlines_move_and_writes_nothing(
        self, system_admin: User, desk: Any
    ) -> None:
        desk.dispatched()
        before = dict(Clock.objects.values_list("id", "due_at"))
        client = sign_in(system_admin)

        first = client.get(deed_url(HolidayNotice, "publish")).content.decode()
        answer = client.post(deed_url(HolidayNotice, "publish"), self.DATA)

        assert 'type="submit">预览</button>' in first
        assert "确认发布" not in first
        assert answer.status_code == 200
        page = answer.content.decode()
        assert 'type="submit">确认发布</button>' in page
        assert "预览：还没有发布" in page
        assert "其中" in page
        assert "城市节" in page
        assert not SpecialDay.objects.exists()
        assert dict(Clock.objects.values_list("id", "due_at")) == before

    def test_the_preview_agrees_with_what_publishing_does(
        self, system_admin: User, desk: Any
    ) -> None:
        desk.dispatched()
        client = sign_in(system_admin)
        answer = client.post(deed_url(HolidayNotice, "publish"), self.DATA)
        promised = {m.clock.pk: m.after for m in answer.context["preview"].moves}

        confirmed = {**self.DATA, "confirmed": answer.context["confirmed"]}
        client.post(deed_url(HolidayNotice, "publish"), confirmed)
        moved = {m.clock.pk: m.after for m in recompute_open(at=EPOCH).moved}

        assert promised
        assert moved == promised

    def test_changed_after_the_preview_it_is_previewed_again(self, system_admin: User) -> None:
        client = sign_in(system_admin)
        answer = client.post(deed_url(HolidayNotice, "publish"), self.DATA)

        changed = {**self.DATA, "source": "另一份", "confirmed": answer.context["confirmed"]}
        again = client.post(deed_url(HolidayNotice, "publish"), changed)

        assert "预览：还没有发布" in again.content.decode()
        assert not HolidayNotice.objects.exists()

    @pytest.mark.parametrize(
        ("days", "text"),
        [
            ("元旦放假", "第 1 行无法识别"),
            ("2026-01-01 休 元旦\n2026-13-01 休 坏", "第 2 行无法识别"),
            ("2026-01-01 休 元旦\n2026-01-01 班 元旦", "出现了两次"),
            ("2028-01-01 休 元旦", "不在 2026 年内"),
        ],
    )
    def test_a_bad_line_is_named(self, system_admin: User, days: str, text: str) -> None:
        answer = sign_in(system_admin).post(
            deed_url(HolidayNotice, "publish"), {**self.DATA, "days": days}
        )

        assert answer.status_code == 422
        assert text in answer.content.decode()

    def test_a_district_publishes_for_itself_alone(self, district_admin: User) -> None:
        client = sign_in(district_admin)

        national = client.post(deed_url(HolidayNotice, "publish"), self.DATA)
        other = client.post(deed_url(HolidayNotice, "publish"), {**self.DATA, "region": city().pk})
        own = client.post(
            deed_url(HolidayNotice, "publish"), {**self.DATA, "region": district().pk}
        )

        assert [a.status_code for a in (national, other, own)] == [422, 422, 200]

    def test_the_year_is_a_table_with_words(self, system_admin: User) -> None:
        notice = HolidayNotice.objects.create(year=2026, source="测试")
        SpecialDay.objects.create(notice=notice, day=date(2026, 10, 1), is_off=True, name="国庆节")

        page = sign_in(system_admin).get(f"/admin/core/holidaynotice/{notice.pk}/change/")

        assert page.content.decode().count("<caption>") == 12
        assert '<span class="year__mark">休</span><span class="sr-only">国庆节' in (
            page.content.decode()
        )


class TestMessages:
    def test_a_dead_letter_goes_again(self, system_admin: User) -> None:
        row = Notification.objects.create(
            collision_key="x", template="reply", channel="sms", title="t", state="dead"
        )

        sign_in(system_admin).post(deed_url(Notification, "requeue", row.pk))

        row.refresh_from_db()
        assert row.state == DeliveryState.QUEUED
        assert last("notification.requeue").actor == system_admin


class TestTheTrail:
    def test_an_export_is_itself_on_the_record(self, audit_admin: User) -> None:
        today = timezone.localdate().isoformat()
        client = sign_in(audit_admin)
        data = {"first": today, "last": today, "reason": "=月度检查"}

        answer = client.post(deed_url(AuditEntry, "export"), data)

        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert answer["Content-Type"].startswith("text/csv")
        assert "audit.exported" in text
        assert "'=月度检查" in text
        assert last("audit.exported").data == {"first": today, "last": today}

    def test_too_many_days_are_refused(self, audit_admin: User) -> None:
        data = {"first": "2026-01-01", "last": "2026-12-31", "reason": "年度检查"}

        answer = sign_in(audit_admin).post(deed_url(AuditEntry, "export"), data)

        assert answer.status_code == 422

    def test_history_leads_the_audit_administrator_to_the_trail(
        self, audit_admin: User, system_admin: User
    ) -> None:
        unit = OrganisationFactory()
        path = f"/admin/core/organisation/{unit.pk}/history/"

        assert sign_in(system_admin).get(path).status_code == 403
        assert f"core.organisation%3A{unit.pk}" in sign_in(audit_admin).get(path)["Location"]


def _everything() -> list[Any]:
    """Return what deeds could change, without the trail."""
    return [
        sorted(Organisation.objects.values_list("id", "is_active", "path", "name")),
        sorted(User.objects.exclude(memberships=None).values_list("id", "is_active")),
        sorted(Membership.objects.values_list("id", "ends_at"), key=str),
        sorted(ApiKey.objects.values_list("id", "revoked_at"), key=str),
        sorted(Region.objects.values_list("id", "ends_date"), key=str),
        sorted(ClockPolicy.objects.values_list("id", "amount")),
        sorted(SpecialDay.objects.values_list("id", "day")),
        sorted(Notification.objects.values_list("id", "state")),
        AuditEntry.objects.filter(action__in=["audit.exported", "personal_data.reveal"]).count(),
    ]
