"""Similar tickets: why they are alike, who sees which, and what the public never sees."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from core.accounts.states import Role
from core.search.rules import tokenise
from hotline.models import Ticket
from hotline.queries.similar import similar_public, similar_to_text, similar_to_ticket
from hotline.queries.suggestions import suggest
from hotline.rules.similar import Candidate, asked, choose_tokens, likeness
from tests.factories.core import RegionFactory, UserFactory, district, member
from tests.factories.hotline import Desk, ticket

PATH = "519900/519901/519901001/"
LIFT = "汀兰苑三号楼电梯停运，老人下不了楼"


def _asked(title: str, content: str = "", path: str = PATH) -> object:
    return asked(
        title=title,
        content=content,
        address="",
        region_path=path,
        category="010103",
        day=date(2026, 11, 20),
    )


def _other(title: str, path: str = PATH, day: date = date(2026, 11, 17)) -> Candidate:
    return Candidate(
        title=title, tokens=tokenise(title), region_path=path, category="010103", day=day
    )


class TestLikeness:
    def test_says_place_words_category_and_days(self) -> None:
        like = likeness(_asked("汀兰苑电梯停运"), _other("汀兰苑电梯又停运了"))

        assert like is not None
        assert like.reasons == ("同一街道", "都提到“汀兰苑电梯”“停运”", "分类相同", "相隔3天")

    def test_names_known_words_before_chance_stretches(self) -> None:
        matter = asked(
            title="三号楼电梯停运",
            content="",
            address="",
            region_path=PATH,
            category="",
            day=date(2026, 11, 20),
            vocabulary=["电梯", "路灯"],
        )

        like = likeness(matter, _other("三号楼电梯停运"))

        assert like is not None
        assert "都提到“电梯”" in like.reasons

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("519900/519901/519901001/519901001002/", "同一街道"),
            ("519900/519901/519901009/", "同一区县"),
            ("519900/519902/519902001/", None),
        ],
    )
    def test_names_the_innermost_shared_region(self, path: str, reason: str | None) -> None:
        like = likeness(_asked("汀兰苑电梯停运"), _other("汀兰苑电梯停运", path))

        assert like is not None
        places = [r for r in like.reasons if r.startswith("同一")]
        assert places == ([reason] if reason else [])

    def test_function_words_alone_are_no_likeness(self) -> None:
        assert likeness(_asked("希望你们解决一下我的问题"), _other("希望你们解决这个问题")) is None

    def test_the_nearer_one_scores_higher(self) -> None:
        near = likeness(_asked("汀兰苑电梯停运"), _other("汀兰苑电梯停运"))
        far = likeness(_asked("汀兰苑电梯停运"), _other("电梯停运", "519900/519902/"))

        assert near is not None
        assert far is not None
        assert near.score > far.score

    def test_scores_stay_within_one(self) -> None:
        like = likeness(_asked(LIFT, LIFT * 3), _other(LIFT))

        assert like is not None
        assert 0 < like.score <= 1


class TestChooseTokens:
    def test_common_tokens_are_left_out_and_the_set_is_bounded(self) -> None:
        matter = _asked("电梯停运", "汀兰苑三号楼二单元" * 20)

        tokens = choose_tokens(matter, {"电梯": 0.5, "停运": 0.01})

        assert "电梯" not in tokens
        assert "停运" in tokens
        assert len(tokens) <= 24


@pytest.mark.django_db
class TestSimilarToTicket:
    def test_staff_see_like_tickets_of_their_region_only(self) -> None:
        here = ticket(title=LIFT, content=LIFT)
        twin = ticket(title=LIFT, content=LIFT)
        elsewhere = ticket(title=LIFT, content=LIFT, region=district("519902", "鹭岸区").code)
        agent = member(Role.AGENT, region=district())

        found = similar_to_ticket(ticket=here, user=agent)

        assert [row.no for row in found] == [twin.no]
        assert elsewhere.no not in [row.no for row in found]
        assert found[0].reasons[0] == "同一区县"

    @pytest.mark.parametrize("secret", [{"kind": "report"}, {"confidential": True}])
    def test_another_unit_never_learns_of_a_secret_ticket(self, secret: dict[str, object]) -> None:
        desk = Desk()
        own = desk.dispatched(title=LIFT, content=LIFT)
        hidden = ticket(title=LIFT, content=LIFT, **secret)

        assert similar_to_ticket(ticket=own, user=desk.handler) == []
        assert [r.no for r in similar_to_ticket(ticket=own, user=desk.agent)] == [hidden.no]

    def test_a_citizen_finds_only_own_tickets(self) -> None:
        alice, charlie = UserFactory(), UserFactory()
        mine = ticket(title=LIFT, content=LIFT, citizen=alice)
        second = ticket(title=LIFT, content=LIFT, citizen=alice)

        assert [r.no for r in similar_to_ticket(ticket=mine, user=alice)] == [second.no]
        assert similar_to_ticket(ticket=mine, user=charlie) == []

    def test_the_number_of_queries_does_not_grow(self, django_assert_num_queries: object) -> None:
        agent = member(Role.AGENT)
        one = ticket(title=LIFT, content=LIFT)
        ticket(title=LIFT, content=LIFT)
        similar_to_ticket(ticket=one, user=agent)
        with django_assert_num_queries(1):  # type: ignore[operator]
            similar_to_ticket(ticket=one, user=agent)
        for _ in range(4):
            ticket(title=LIFT, content=LIFT)

        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(similar_to_ticket(ticket=one, user=agent)) == 5


@pytest.mark.django_db
class TestSimilarPublic:
    def _published(self, **changes: object) -> Ticket:
        values: dict[str, object] = {
            "at": timezone.now() - timedelta(days=3),
            "title": LIFT,
            "content": LIFT,
            "publishable": True,
        }
        values.update(changes)
        return ticket(**values)  # type: ignore[arg-type]

    def test_shows_a_published_matter_without_number_and_exact_time(self) -> None:
        made = self._published()

        found = similar_public(text=LIFT, region="", address="")

        assert [(row.no, row.title, row.place) for row in found] == [("", LIFT, "蓉江市临江区")]
        assert timezone.localtime(found[0].received_at).hour == 0
        assert made.no not in repr(found)

    @pytest.mark.parametrize(
        "changes",
        [
            {"publishable": False},
            {"confidential": True},
            {"kind": "report"},
            {"at": timezone.now() - timedelta(days=400)},
        ],
    )
    def test_never_shows_what_is_private_secret_or_old(self, changes: dict[str, object]) -> None:
        self._published(**changes)

        assert similar_public(text=LIFT, region="", address="") == []

    def test_personal_data_is_taken_out_of_the_title(self) -> None:
        self._published(title=f"电梯停运找物业13900001111 {LIFT}")

        found = similar_public(text=LIFT, region="", address="")

        assert "13900001111" not in found[0].title

    def test_only_the_own_district_is_looked_at(self) -> None:
        self._published(region=district("519902", "鹭岸区").code)
        street = RegionFactory(code="519901001", parent=district(), level="street")

        assert similar_public(text=LIFT, region=street.code, address="") == []
        assert len(similar_public(text=LIFT, region="519902", address="")) == 1

    def test_suggest_gives_strangers_the_public_view_and_staff_their_own(self) -> None:
        made = self._published()
        secret = self._published(confidential=True)
        agent = member(Role.AGENT)

        stranger = suggest(title=LIFT, content="", region="", address="", user=None)
        signed_in = suggest(title=LIFT, content="", region="", address="", user=UserFactory())
        staff = suggest(title=LIFT, content="", region="", address="", user=agent)

        assert [row.no for row in stranger.similar] == [""]
        assert [row.no for row in signed_in.similar] == [""]
        assert {row.no for row in staff.similar} == {made.no, secret.no}

    def test_a_unit_typing_finds_nothing_of_other_units(self) -> None:
        desk = Desk()
        self._published(confidential=True)

        assert (
            similar_to_text(title=LIFT, content="", region="", address="", user=desk.handler) == []
        )
