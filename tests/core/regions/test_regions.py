"""The tree of divisions: containment, today's map, and re-division that keeps history."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.accounts.queries import reaches
from core.accounts.states import Role
from core.audit.models import AuditEntry
from core.regions import actions, queries
from core.regions.actions import Successor
from core.regions.models import Region, RegionLevel
from tests.factories.core import RegionFactory, UserFactory, city, district, member

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def street(code: str, name: str, parent: Region) -> Region:
    """Return a street of a district."""
    return RegionFactory(
        code=code, name=name, full_name=f"{parent.full_name}{name}", parent=parent, level="street"
    )


def community(code: str, name: str, parent: Region) -> Region:
    """Return a community of a street."""
    return RegionFactory(
        code=code,
        name=name,
        full_name=f"{parent.full_name}{name}",
        parent=parent,
        level=RegionLevel.COMMUNITY,
    )


@pytest.fixture
def today() -> Iterator[None]:
    """Live on 22 November 2026."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def tree(db: None) -> dict[str, Region]:
    """A city, two districts, two streets, three communities."""
    rows = [city(), district("519901", "芙渚区"), district("519902", "锦川区")]
    rows += [street("519901001", "钟鼓街道", rows[1]), street("519901002", "临埠街道", rows[1])]
    rows += [
        community("519901001001", "鼓楼社区", rows[3]),
        community("519901001002", "钟楼社区", rows[3]),
        community("519901002001", "码头社区", rows[4]),
    ]
    return {row.code: row for row in rows}


class TestContainment:
    def test_a_path_lists_the_codes_from_the_city_down(self, tree: dict[str, Region]) -> None:
        assert tree["519901001001"].path == "519900/519901/519901001/519901001001/"

    def test_lies_in_itself_and_in_what_is_above(self, tree: dict[str, Region]) -> None:
        home = tree["519901001001"]

        inside = [code for code, row in tree.items() if queries.lies_in(region=home, ancestor=row)]

        assert inside == ["519900", "519901", "519901001", "519901001001"]

    def test_descendants_are_the_region_and_all_in_it_by_one_index_scan(
        self, tree: dict[str, Region]
    ) -> None:
        found = queries.list_descendants(region=tree["519901001"])

        assert [row.code for row in found] == ["519901001", "519901001001", "519901001002"]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "region_path_prefix_idx" in found.explain()

    def test_children_are_the_next_level_only(self, tree: dict[str, Region]) -> None:
        children = queries.list_children(region=tree["519900"], on=TODAY)

        assert [row.code for row in children] == ["519901", "519902"]

    def test_within_filters_other_models(self, tree: dict[str, Region]) -> None:
        condition = queries.within(region=tree["519901001"], field="parent")

        found = Region.objects.filter(condition).order_by("code")

        assert [row.code for row in found] == ["519901001001", "519901001002"]


@pytest.mark.usefixtures("today")
class TestResolve:
    def test_costs_nothing_when_warm(self, tree: dict[str, Region]) -> None:
        queries.resolve("519900")

        with CaptureQueriesContext(connection) as captured:
            found = [queries.resolve(code) for code in tree]

        assert (found, len(captured)) == (list(tree.values()), 0)

    def test_does_not_know_an_unknown_code(self, tree: dict[str, Region]) -> None:
        assert queries.resolve("510000") is None

    def test_does_not_know_an_ended_region(self, tree: dict[str, Region]) -> None:
        Region.objects.filter(code="519902").update(ends_date=TODAY)

        assert queries.resolve("519902") is None

    def test_knows_a_region_until_the_day_before_its_end(self, tree: dict[str, Region]) -> None:
        Region.objects.filter(code="519902").update(ends_date=date(2026, 11, 23))

        assert queries.resolve("519902") == tree["519902"]

    def test_finds_a_region_that_another_process_has_just_added(
        self, tree: dict[str, Region]
    ) -> None:
        queries.resolve("519900")
        added = district("519903", "新区")

        assert queries.resolve("519903") == added

    def test_the_map_changes_at_midnight(self, tree: dict[str, Region]) -> None:
        Region.objects.filter(code="519902").update(ends_date=date(2026, 11, 23))

        with time_machine.travel(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), tick=False) as now:
            before = queries.resolve("519902")
            now.shift(2)
            after = queries.resolve("519902")

        assert (before, after) == (tree["519902"], None)


class TestGetRegion:
    def test_returns_the_map_of_the_day(self, tree: dict[str, Region]) -> None:
        old = tree["519902"]
        Region.objects.filter(pk=old.pk).update(ends_date=date(2025, 1, 1))
        new = RegionFactory._meta.model.objects.create(
            code="519902",
            name="新锦川区",
            level="district",
            parent=tree["519900"],
            path=old.path,
            starts_date=date(2025, 1, 1),
        )

        found = [queries.get_region(code="519902", on=date(year, 1, 1)) for year in (2024, 2025)]

        assert found == [old, new]

    def test_refuses_a_day_before_the_region_was(self, tree: dict[str, Region]) -> None:
        with pytest.raises(queries.UnknownRegionError) as refusal:
            queries.get_region(code="519902", on=date(2019, 12, 31))

        assert list(refusal.value.details["fields"]) == ["region"]


@pytest.mark.usefixtures("today")
class TestPickerTree:
    def test_nests_short_names_down_to_the_community(self, tree: dict[str, Region]) -> None:
        picker = queries.picker_tree(root="519900")

        assert [row["name"] for row in picker] == ["芙渚区", "锦川区"]
        assert picker[0]["children"][0] == {
            "code": "519901001",
            "name": "钟鼓街道",
            "children": [
                {"code": "519901001001", "name": "鼓楼社区", "children": []},
                {"code": "519901001002", "name": "钟楼社区", "children": []},
            ],
        }

    def test_costs_nothing_when_warm(self, tree: dict[str, Region]) -> None:
        queries.picker_tree(root="519900")

        with CaptureQueriesContext(connection) as captured:
            queries.picker_tree(root="519900")

        assert len(captured) == 0

    def test_refuses_an_unknown_root(self, tree: dict[str, Region]) -> None:
        with pytest.raises(queries.UnknownRegionError):
            queries.picker_tree(root="510000")


@pytest.mark.usefixtures("today")
class TestReplaceRegion:
    def replace(self, region: Region, *successors: Successor, on: date = TODAY) -> list[Region]:
        """Replace a region today."""
        return actions.replace_region(
            region=region, successors=successors, on=on, by=UserFactory(), at=NOW
        )

    def test_a_renamed_region_keeps_its_old_row_for_old_tickets(
        self, tree: dict[str, Region]
    ) -> None:
        old = tree["519901001"]

        (new,) = self.replace(old, Successor(code="519901001", name="新钟鼓街道"))

        old.refresh_from_db()
        assert (old.name, old.ends_date) == ("钟鼓街道", TODAY)
        assert (new.full_name, new.path) == ("蓉江市芙渚区新钟鼓街道", old.path)
        assert queries.resolve("519901001") == new
        assert queries.get_region(code="519901001", on=date(2026, 11, 21)) == old

    def test_the_parts_begin_again_under_the_new_region(self, tree: dict[str, Region]) -> None:
        (new,) = self.replace(tree["519901001"], Successor(code="519901009", name="合并街道"))

        moved = queries.resolve("519901001001")
        assert moved.parent_id == new.pk
        assert moved.path == "519900/519901/519901009/519901001001/"
        assert moved.full_name == "蓉江市芙渚区合并街道鼓楼社区"
        assert tree["519901001001"].path.startswith(tree["519901001"].path)

    def test_a_district_takes_two_levels_with_it(self, tree: dict[str, Region]) -> None:
        self.replace(tree["519901"], Successor(code="519909", name="江心区"))

        assert queries.resolve("519901002001").path == ("519900/519909/519901002/519901002001/")
        assert queries.resolve("519901") is None

    def test_staff_of_the_region_and_of_its_parts_serve_in_what_follows(
        self, tree: dict[str, Region]
    ) -> None:
        head = member(Role.SHIFT_LEAD, region=tree["519901001"])
        worker = member(Role.HANDLER, region=tree["519901001001"])

        (new,) = self.replace(tree["519901001"], Successor(code="519901009", name="合并街道"))

        moved = queries.resolve("519901001001")
        assert reaches(head, {Role.SHIFT_LEAD}, new.path)
        assert reaches(worker, {Role.HANDLER}, moved.path)
        assert not reaches(worker, {Role.HANDLER}, new.path)
        assert reaches(head, {Role.SHIFT_LEAD}, tree["519901001"].path)

    def test_who_left_before_is_not_appointed_again(self, tree: dict[str, Region]) -> None:
        gone = member(Role.SHIFT_LEAD, region=tree["519901001"])
        gone.memberships.update(ends_at=NOW - timedelta(days=1))

        self.replace(tree["519901001"], Successor(code="519901009", name="合并街道"))

        assert gone.memberships.count() == 1

    def test_a_split_gives_each_part_to_one_successor(self, tree: dict[str, Region]) -> None:
        north, south = self.replace(
            tree["519901001"],
            Successor(code="519901007", name="北街道", children=["519901001001"]),
            Successor(code="519901008", name="南街道", children=["519901001002"]),
        )

        parents = [queries.resolve(f"51990100100{n}").parent_id for n in (1, 2)]
        assert parents == [north.pk, south.pk]

    @pytest.mark.parametrize(
        "parts",
        [
            (["519901001001"], []),
            (["519901001001", "519901001002"], ["519901001002"]),
            (["519901001001", "519901001002"], ["519901002001"]),
        ],
    )
    def test_refuses_a_split_that_forgets_or_doubles_a_part(
        self, tree: dict[str, Region], parts: tuple[list[str], list[str]]
    ) -> None:
        first, second = parts
        with pytest.raises(actions.ChildrenNotAllottedError):
            self.replace(
                tree["519901001"],
                Successor(code="519901007", name="北街道", children=first),
                Successor(code="519901008", name="南街道", children=second),
            )

        assert queries.resolve("519901001") == tree["519901001"]

    def test_refuses_a_region_that_has_ended(self, tree: dict[str, Region]) -> None:
        self.replace(tree["519902"], Successor(code="519908", name="新区"))

        with pytest.raises(actions.RegionClosedError):
            self.replace(tree["519902"], Successor(code="519907", name="再新区"))

    def test_refuses_an_end_before_the_beginning(self, tree: dict[str, Region]) -> None:
        with pytest.raises(actions.RegionClosedError):
            self.replace(tree["519902"], Successor(code="519908", name="新区"), on=date(2020, 1, 1))

    def test_a_future_change_waits_for_its_day(self, tree: dict[str, Region]) -> None:
        on = date(2027, 1, 1)

        (new,) = self.replace(tree["519902"], Successor(code="519902", name="新锦川区"), on=on)

        assert queries.resolve("519902") == tree["519902"]
        assert queries.get_region(code="519902", on=on) == new

    def test_is_audited(self, tree: dict[str, Region]) -> None:
        (new,) = self.replace(tree["519902"], Successor(code="519908", name="新区"))

        entry = AuditEntry.objects.get(action="regions.replace")
        assert entry.subject_id == str(tree["519902"].pk)
        assert entry.data == {"on": "2026-11-22", "successors": [new.pk]}


@pytest.mark.django_db
class TestConstraints:
    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("region_code_digits", {"code": "5199"}),
            ("region_code_digits", {"code": "51990a"}),
            ("region_period_forward", {"ends_date": date(2020, 1, 1)}),
        ],
    )
    def test_the_database_refuses(self, constraint: str, fields: dict[str, object]) -> None:
        values = {
            "code": "519905",
            "name": "x",
            "level": "district",
            "path": "519905/",
            "starts_date": date(2020, 1, 1),
        }

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Region.objects.create(**{**values, **fields})

    def test_the_database_refuses_two_current_rows_of_a_code(self) -> None:
        region = district()

        with pytest.raises(IntegrityError, match="region_one_current"), transaction.atomic():
            Region.objects.create(
                code=region.code,
                name="x",
                level="district",
                path=region.path,
                starts_date=date(2024, 1, 1),
            )
