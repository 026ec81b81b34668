"""The first day of a city: loaded once, never twice, never over what the city edited."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils.module_loading import import_string
from django_celery_beat.models import PeriodicTask

from config.loaders.organisations import load_organisations
from config.loaders.schedule import BEATS
from core.accounts.models import Membership, Organisation, Person, User
from core.accounts.states import OrganisationKind, Role
from core.clocks.models import ClockPolicy
from core.clocks.queries import find_policy
from core.clocks.states import Unit
from core.personal_data.fields import BlindIndexField
from core.regions.models import Region
from core.regions.queries import picker_tree, resolve
from core.workdays.models import HolidayNotice, SpecialDay
from hotline.models import Category
from hotline.states import ClockKind, MatterKind, Urgency

WATCHED = (
    Category,
    ClockPolicy,
    HolidayNotice,
    Membership,
    Organisation,
    PeriodicTask,
    Person,
    Region,
    SpecialDay,
    User,
)
DAY = date(2026, 1, 5)
Commit = Callable[..., AbstractContextManager[list[Callable[[], object]]]]


@pytest.fixture(autouse=True)
def _without_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the matters to the hotline's own tests."""
    monkeypatch.setattr("config.loaders.matters.load_matters", lambda: 0)


def load(*commands: str) -> str:
    """Run loaders and return what they print."""
    out = StringIO()
    for command in commands:
        call_command(command, stdout=out)
    return out.getvalue()


def counts() -> dict[str, int]:
    """Return the number of rows of everything that loaders fill."""
    return {model.__name__: model.objects.count() for model in WATCHED}


@pytest.mark.django_db
class TestLoadReference:
    def test_enters_a_notice_for_each_year_with_its_source(self) -> None:
        load("load_reference")

        years = HolidayNotice.objects.order_by("year").values_list("year", flat=True)
        assert list(years) == list(range(2004, 2027))
        assert "国务院办公厅" in HolidayNotice.objects.get(year=2026).source

    def test_a_day_at_the_end_of_december_belongs_to_the_notice_that_named_it(self) -> None:
        load("load_reference")

        day = SpecialDay.objects.get(day=date(2022, 12, 31))
        assert (day.notice.year, day.is_off, day.name) == (2023, True, "元旦")

    def test_every_clock_of_the_hotline_has_a_policy(self) -> None:
        load("load_reference")

        found = [
            find_policy(
                clock_kind=clock,
                subject_kind=kind,
                urgency=urgency,
                region=None,
                on=DAY,
            )
            for clock in ClockKind.values
            for kind in MatterKind.values
            for urgency in Urgency.values
        ]

        assert len(found) == len(ClockKind) * len(MatterKind) * len(Urgency)

    @pytest.mark.parametrize(
        ("kind", "days"),
        [("consultation", 3), ("help", 7), ("suggestion", 7), ("complaint", 15), ("report", 15)],
    )
    def test_answers_are_due_as_the_provincial_rules_say(self, kind: str, days: int) -> None:
        load("load_reference")

        policy = find_policy(
            clock_kind="answer",
            subject_kind=kind,
            urgency="ordinary",
            region=None,
            on=DAY,
        )

        assert (policy.amount, policy.unit) == (days, Unit.WORKING_DAYS)
        assert "四川省12345" in policy.source

    def test_categories_hang_below_each_other(self) -> None:
        load("load_reference")

        leaf = Category.objects.select_related("parent__parent").get(code="010103")
        assert leaf.full_name == "城乡建设与住房 / 物业服务 / 电梯运行"
        assert leaf.parent.parent.code == "01"
        assert "电梯" in leaf.keywords

    def test_asks_once_for_new_deadlines_however_many_years_are_new(
        self, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Commit
    ) -> None:
        asked: list[object] = []
        monkeypatch.setattr("core.workdays.actions._listeners", [asked.append])

        with django_capture_on_commit_callbacks(execute=True):
            load("load_reference", "load_reference")

        assert len(asked) == 1

    def test_a_policy_for_a_region_waits_until_the_region_is_there(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = {
            "kind": "answer",
            "matter_kind": "help",
            "urgency": None,
            "region": "519901",
            "amount": 5,
            "unit": "working_days",
            "effective_from": "2026-01-01",
            "source": "默认值",
        }
        monkeypatch.setattr("config.loaders.policies.read_rows", lambda _path: [row])

        before = load("load_reference")
        after = load("load_demo")

        assert "时限政策：新增 0，已有 0（1 条等待区划）" in before
        assert "时限政策：新增 1，已有 0\n" in after
        assert ClockPolicy.objects.get().region.code == "519901"

    def test_messages_from_before_the_provincial_rules_have_a_policy_too(self) -> None:
        load("load_reference")

        policy = find_policy(
            clock_kind="answer",
            subject_kind="consultation",
            urgency="ordinary",
            region=None,
            on=date(2013, 5, 1),
        )

        assert (policy.amount, policy.unit) == (15, Unit.WORKING_DAYS)
        assert "默认值" in policy.source

    def test_needs_no_region_and_no_unit(self) -> None:
        load("load_reference")

        assert (Region.objects.count(), Organisation.objects.count()) == (0, 0)
        assert not Category.objects.filter(default_unit__isnull=False).exists()

    def test_schedules_only_tasks_that_exist(self) -> None:
        load("load_reference")

        scheduled = sorted(PeriodicTask.objects.values_list("task", flat=True))
        assert scheduled == sorted(beat.task for beat in BEATS)
        assert [import_string(path).name for path in scheduled] == scheduled

    def test_says_in_chinese_what_it_added(self) -> None:
        first, second = load("load_reference"), load("load_reference")

        assert "节假日安排：新增 23，已有 0" in first
        assert "节假日安排：新增 0，已有 23" in second

    def test_can_be_quiet(self) -> None:
        out = StringIO()

        call_command("load_reference", verbosity=0, stdout=out)

        assert out.getvalue() == ""

    def test_keeps_what_the_city_edited(self) -> None:
        load("load_reference")
        ClockPolicy.objects.filter(clock_kind="callback").update(amount=5, source="市定")
        Category.objects.filter(code="010103").update(name="电梯安全", keywords=["轿厢"])
        SpecialDay.objects.filter(day=date(2026, 10, 1)).update(name="国庆")
        PeriodicTask.objects.filter(task__endswith="fire_due_clocks").update(enabled=False)

        load("load_reference")

        assert ClockPolicy.objects.get(clock_kind="callback").amount == 5
        assert Category.objects.get(code="010103").keywords == ["轿厢"]
        assert SpecialDay.objects.get(day=date(2026, 10, 1)).name == "国庆"
        assert not PeriodicTask.objects.get(task__endswith="fire_due_clocks").enabled


@pytest.mark.django_db
class TestLoadDemo:
    def test_builds_the_city_down_to_the_community(self) -> None:
        load("load_reference", "load_demo")

        district = picker_tree(root="519900")[0]
        assert (district["code"], district["name"]) == ("519901", "芙渚区")
        region = resolve(district["children"][0]["children"][0]["code"])
        assert region.full_name.startswith("蓉江市芙渚区钟鼓街道")
        assert Region.objects.filter(level="community").count() == 96

    def test_units_have_kinds_that_the_model_knows_and_paths(self) -> None:
        load("load_demo")

        unknown = Organisation.objects.exclude(kind__in=OrganisationKind.values)
        assert not unknown.exists()
        centre = Organisation.objects.get(code="HOTLINE")
        assert (centre.kind, centre.path) == (OrganisationKind.CENTRE, "GOV/HOTLINE/")

    def test_people_are_found_by_phone_and_kept_encrypted(self) -> None:
        load("load_demo")
        field = Person._meta.get_field("phone_index")
        assert isinstance(field, BlindIndexField)

        person = Person.objects.get(phone_index=field.digest("19900000101"))

        assert (person.user.username, person.name) == ("chen_guilan", "陈桂兰")
        with connection.cursor() as cursor:
            cursor.execute("SELECT phone, id_no FROM core_person WHERE id = %s", [person.pk])
            assert b"19900000101" not in bytes(cursor.fetchone()[0])

    def test_roles_are_held_at_units_and_citizens_hold_none(self) -> None:
        load("load_demo")

        lead = User.objects.get(username="shift_lead")
        assert set(lead.memberships.values_list("role", flat=True)) == {
            Role.SHIFT_LEAD,
            Role.AGENT,
        }
        assert not User.objects.get(username="chen_guilan").memberships.exists()
        assert not Membership.objects.filter(role=Role.CITIZEN).exists()

    def test_only_the_three_admins_enter_the_admin(self) -> None:
        load("load_demo")

        staff = User.objects.filter(is_staff=True).values_list("username", flat=True)
        assert set(staff) == {"system_admin", "security_admin", "audit_admin"}
        assert not User.objects.filter(is_superuser=True).exists()

    def test_every_category_gets_the_unit_that_the_file_names(self) -> None:
        load("load_reference", "load_demo")

        path = Path(settings.BASE_DIR) / "hotline/demo/categories.json"
        wanted = {row["code"]: row["default_unit"] for row in json.loads(path.read_text("utf-8"))}
        found = dict(Category.objects.values_list("code", "default_unit__code"))
        assert found == wanted

    def test_the_city_may_choose_another_unit_for_a_category(self) -> None:
        load("load_reference", "load_demo")
        other = Organisation.objects.get(code="CGJ")
        Category.objects.filter(code="010103").update(default_unit=other)

        load("load_demo")

        assert Category.objects.get(code="010103").default_unit == other

    def test_a_region_that_was_replaced_does_not_come_back(self) -> None:
        load("load_demo")
        Region.objects.filter(code="519901001001").update(ends_date=date(2026, 1, 1))

        load("load_demo")

        assert Region.objects.filter(code="519901001001").count() == 1

    def test_a_changed_password_stays(self) -> None:
        load("load_demo")
        user = User.objects.get(username="agent_01")
        user.set_password("another-secret-1")
        user.save()

        load("load_demo")

        user.refresh_from_db()
        assert user.check_password("another-secret-1")

    def test_loads_the_matters_last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        users_then: list[int] = []
        monkeypatch.setattr(
            "config.loaders.matters.load_matters",
            lambda: users_then.append(User.objects.count()) or 7,
        )

        printed = load("load_reference", "load_demo")

        assert users_then == [109]
        assert "演示诉求：新增 7" in printed

    @override_settings(DEV_PAGES=False)
    def test_wants_a_password_of_its_own_outside_development(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(CommandError, match="DEMO_PASSWORD"):
            load("load_demo")
        monkeypatch.setenv("DEMO_PASSWORD", "chosen-by-the-city")

        load("load_demo")

        assert User.objects.get(username="agent_01").check_password("chosen-by-the-city")

    def test_units_in_a_circle_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [{"code": "A", "parent": "B"}, {"code": "B", "parent": "A"}]
        monkeypatch.setattr("config.loaders.organisations.read_rows", lambda _path: rows)

        with pytest.raises(ValueError, match="without a parent"):
            load_organisations()


@pytest.mark.django_db
class TestSecondRun:
    def test_adds_nothing(self) -> None:
        load("load_reference", "load_demo")
        before = counts()

        load("load_reference", "load_demo")

        assert counts() == before
        assert all(before.values())

    def test_reads_a_little_and_writes_nothing(self) -> None:
        load("load_reference", "load_demo")

        with CaptureQueriesContext(connection) as queries:
            load("load_reference", "load_demo")

        statements = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
        assert all(sql.startswith("SELECT") for sql in statements)
        assert len(statements) <= 20


@pytest.mark.django_db
class TestDemoLogins:
    def test_shows_one_account_a_role_and_the_password(self) -> None:
        load("load_demo")

        lines = load("demo_logins").splitlines()

        accounts = [line.split()[0] for line in lines[1:-1]]
        assert accounts[:3] == ["chen_guilan", "agent_01", "shift_lead"]
        assert lines[-1].startswith("所有演示账号的密码：")
        password = lines[-1].split("：")[1]
        assert User.objects.get(username="agent_01").check_password(password)

    def test_columns_stand_below_each_other(self) -> None:
        load("load_demo")

        lines = load("demo_logins").splitlines()[:-1]

        starts = {_columns_before(line, index=1) for line in lines}
        assert len(starts) == 1

    @override_settings(DEV_PAGES=False)
    def test_wants_the_password_outside_development(self) -> None:

        with pytest.raises(CommandError, match="DEMO_PASSWORD"):
            load("demo_logins")


def _columns_before(line: str, *, index: int) -> int:
    """Return the terminal column where a cell begins; a Chinese sign is two columns wide."""
    cell = line.split()[index]
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in line[: line.index(cell)])


class TestCityConfig:
    def test_shared_tasks_go_through_the_citys_own_broker(self) -> None:
        task = import_string("core.clocks.tasks.recompute_open")

        assert task.app.conf.broker_url == settings.CELERY_BROKER_URL
