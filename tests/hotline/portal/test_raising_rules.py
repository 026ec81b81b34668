"""The form's rules on plain answers, and the calendar file."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.rules import raising
from hotline.rules.calendar_file import due_calendar

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


class TestPages:
    @pytest.mark.parametrize("make", [raising.pages_grouped, raising.pages_one_by_one])
    @pytest.mark.parametrize("kind", ["", "help", "complaint", "report"])
    def test_every_asked_question_is_on_exactly_one_page(self, make: object, kind: str) -> None:
        pages = make(kind)  # type: ignore[operator]

        asked = [question for page in pages for question in page.questions]
        wanted = [q for q in raising.QUESTIONS if q is not raising.ACCUSED]
        if kind in {"complaint", "report"}:
            wanted = list(raising.QUESTIONS)
        assert asked == wanted

    def test_pages_are_named_after_their_first_question(self) -> None:
        slugs = [page.slug for page in raising.pages_grouped("help")]

        assert slugs == ["kind", "where", "evidence", "contact"]

    def test_an_unknown_question_has_no_page(self) -> None:
        assert raising.find_page(raising.pages_grouped("help"), "nonsense") is None


class TestContactOf:
    @given(st.dictionaries(st.sampled_from(sorted(raising.FIELDS)), JSON))
    def test_any_answers_make_a_contact_or_errors_never_a_crash(
        self, answers: dict[str, object]
    ) -> None:
        errors = raising.check_answers(answers, at=AT)

        assert all(isinstance(messages, list) for messages in errors.values())
        assert set(errors) <= raising.FIELDS

    @pytest.mark.parametrize(
        ("answers", "published"),
        [
            ({"kind": "help", "publishable": "on"}, True),
            ({"kind": "help", "publishable": ["on"]}, True),
            ({"kind": "help", "publishable": []}, False),
            ({"kind": "report", "publishable": "on"}, False),
            ({"kind": "help", "publishable": "on", "confidential": ["on"]}, False),
        ],
    )
    def test_secrets_are_never_published(self, answers: dict[str, object], published: bool) -> None:
        assert raising.contact_of(answers).publishable is published

    @pytest.mark.parametrize(
        ("kind", "unit"), [("complaint", "CGJ"), ("report", "CGJ"), ("help", "")]
    )
    def test_an_accused_unit_counts_only_where_somebody_is_accused(
        self, kind: str, unit: str
    ) -> None:
        assert raising.contact_of({"kind": kind, "accused_unit": "CGJ"}).accused_unit == unit

    @pytest.mark.parametrize(
        ("given_", "kept"),
        [
            ("104.0612345", Decimal("104.061234")),
            ("", None),
            ("x", Decimal(999)),
            ("NaN", Decimal(999)),
            ("1e9999999", Decimal(999)),
        ],
    )
    def test_degrees_are_read_safely(self, given_: str, kept: Decimal | None) -> None:
        assert raising.contact_of({"lng": given_}).lng == kept


class TestDueCalendar:
    def test_is_one_all_day_event_on_the_last_day_in_time(self) -> None:
        words = "a,b;c\\d\ne"
        body = due_calendar(
            number="5", day=date(2026, 12, 31), at=AT, summary="答复；期限", description=words
        )

        lines = body.split("\r\n")
        assert "DTSTART;VALUE=DATE:20261231" in lines
        assert "DTEND;VALUE=DATE:20270101" in lines
        assert "DTSTAMP:20261122T060000Z" in lines
        assert "DESCRIPTION:a\\,b\\;c\\\\d\\ne" in lines
        assert body.endswith("END:VCALENDAR\r\n")

    @given(st.text(alphabet="答复期限abc，。", max_size=200))
    def test_no_line_is_too_long_and_no_character_is_cut(self, words: str) -> None:
        body = due_calendar(number="5", day=date(2026, 1, 1), at=AT, summary=words, description="")

        assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
        assert f"SUMMARY:{words}" in body.replace("\r\n ", "")
