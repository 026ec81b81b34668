"""Keyword suggestions: ranked, explained, honest, and safe with any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.process_cache import forget_everything
from hotline.models import Category, Contact, Ticket
from hotline.queries.categories import forget_categories
from hotline.queries.suggestions import METHOD, suggest
from hotline.rules.suggestions import emergency_lines, rank_subjects, subject
from tests.factories.core import OrganisationFactory

SUBJECTS = [
    subject(code="010103", name="电梯运行", keywords=["电梯", "困人", "电梯停运"]),
    subject(code="030502", name="占道停车", keywords=["占道停车", "违停", "停车"]),
    subject(code="020101", name="路灯照明", keywords=["路灯", "路灯不亮"]),
]


class TestRankSubjects:
    def test_finds_the_category_and_says_which_words(self) -> None:
        guesses = rank_subjects(title="3号楼电梯停运", content="", subjects=SUBJECTS)

        assert [guess.code for guess in guesses] == ["010103"]
        assert guesses[0].words == ("电梯停运",)

    def test_abstains_when_nothing_matches(self) -> None:
        assert rank_subjects(title="你好", content="谢谢", subjects=SUBJECTS) == []

    def test_a_word_in_the_title_weighs_more(self) -> None:
        guesses = rank_subjects(title="路灯不亮", content="旁边有人违停", subjects=SUBJECTS)

        assert guesses[0].code == "020101"

    def test_traditional_and_full_width_writing_is_the_same(self) -> None:
        guesses = rank_subjects(title="電梯停運", content="", subjects=SUBJECTS)

        assert guesses[0].code == "010103"

    @given(st.text(max_size=300), st.text(max_size=300))
    def test_any_text_gives_bounded_scores_in_order(self, title: str, content: str) -> None:
        scores = [g.score for g in rank_subjects(title=title, content=content, subjects=SUBJECTS)]

        assert all(0 < score < 1 for score in scores)
        assert scores == sorted(scores, reverse=True)


class TestEmergencyLines:
    @pytest.mark.parametrize(
        ("text", "lines"),
        [("楼下起火了", ["119"]), ("有人持刀，一人昏迷", ["120", "110"]), ("路灯不亮", [])],
    )
    def test_names_the_number_to_call(self, text: str, lines: list[str]) -> None:
        assert emergency_lines(text) == lines


@pytest.mark.django_db
class TestSuggest:
    @pytest.fixture(autouse=True)
    def _categories(self) -> None:
        unit = OrganisationFactory(code="housing", name="蓉江市住建局", short_name="市住建局")
        Category.objects.create(
            code="010103",
            name="电梯运行",
            full_name="物业·电梯运行",
            keywords=["电梯"],
            default_unit=unit,
        )
        forget_everything()
        forget_categories()

    def test_category_and_unit_come_with_reasons(self) -> None:
        found = suggest(title="电梯坏了", content="", region="", address="", user=None)

        assert [(c.code, c.reasons) for c in found.categories] == [("010103", ("提到“电梯”",))]
        assert [(u.code, u.reasons) for u in found.units] == [
            ("housing", ("“电梯运行”通常由市住建局办理",))
        ]
        assert str(found.method) == str(METHOD) == "按关键词和已有诉求检索，仅供参考"

    def test_abstains_honestly(self) -> None:
        found = suggest(title="你好", content="", region="", address="", user=None)

        assert (found.categories, found.units, found.similar) == ([], [], [])

    @pytest.mark.parametrize(
        "text",
        ["'; DROP TABLE hotline_ticket; --", "\x00电梯", "\ud800", "(" * 500, "电梯" * 60_000],
    )
    def test_hostile_text_has_no_effect(self, text: str) -> None:
        before = (Contact.objects.count(), Ticket.objects.count())

        suggest(title=text, content=text, region="'", address=text, user=None)

        assert (Contact.objects.count(), Ticket.objects.count()) == before
