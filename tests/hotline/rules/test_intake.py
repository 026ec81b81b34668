"""Cleaning and checking a contact, on plain values."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.rules.intake import (
    CLOCK_SKEW,
    NewContact,
    check_contact,
    clean_contact,
    clean_line,
    clean_text,
)

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
GOOD = NewContact(source="portal", title="路灯不亮", content="三盏路灯一周不亮。", region="519901")


def broken(**changes: Any) -> list[str]:
    return sorted(check_contact(clean_contact(replace(GOOD, **changes)), at=NOW))


class TestClean:
    @given(st.text())
    def test_gives_what_a_text_column_holds_and_is_done_at_once(self, text: str) -> None:
        cleaned = clean_text(text)

        assert "\x00" not in cleaned
        cleaned.encode()
        assert clean_text(cleaned) == cleaned
        assert cleaned == cleaned.strip()

    @given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs", "So"])))
    def test_keeps_every_sign_that_can_be_seen(self, text: str) -> None:
        kept = set(clean_text(text))

        assert {sign for sign in text if sign.isalnum() and sign.isascii()} <= kept

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("一\r\n二\r三", "一\n二\n三"),
            ("a\u202eb\u2066c\ufeffd", "abcd"),
            ("  前后  ", "前后"),
            ("e\u0301", "é"),
            ("\ud800断", "断"),
            ("👨‍👩‍👧 全角ＡＢＣ１２３", "👨‍👩‍👧 全角ＡＢＣ１２３"),
        ],
    )
    def test_drops_what_cannot_be_seen(self, typed: str, kept: str) -> None:
        assert clean_text(typed) == kept

    def test_a_line_is_one_line(self) -> None:
        assert clean_line(" 一\n二\t 三 ") == "一 二 三"

    @given(
        st.builds(NewContact, **dict.fromkeys(("source", "title", "content", "region"), st.text()))
    )
    def test_a_contact_is_cleaned_whole(self, new: NewContact) -> None:
        cleaned = clean_contact(new)

        assert clean_contact(cleaned) == cleaned
        assert not [value for value in asdict(cleaned).values() if value == "\x00"]


class TestCheck:
    def test_a_good_contact_breaks_nothing(self) -> None:
        assert broken() == []

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"content": ""}, "content"),
            ({"content": "字" * 20_001}, "content"),
            ({"title": "字" * 201}, "title"),
            ({"address": "字" * 201}, "address"),
            ({"source": "pigeon"}, "source"),
            ({"kind": "rumour"}, "kind"),
            ({"urgency": "soon"}, "urgency"),
            ({"caller_name": "王" * 61}, "caller.name"),
            ({"caller_phone": "12"}, "caller.phone"),
            ({"caller_id_no": "110101900307003"}, "caller.id_no"),
            ({"lng": Decimal(104)}, "location"),
            ({"lat": Decimal(30)}, "location"),
            ({"lng": Decimal(72), "lat": Decimal(30)}, "location"),
            ({"lng": Decimal(104), "lat": Decimal(55)}, "location"),
            ({"received_at": NOW + CLOCK_SKEW + timedelta(seconds=1)}, "received_at"),
            ({"received_at": datetime(1999, 12, 31, tzinfo=UTC)}, "received_at"),
        ],
    )
    def test_names_the_field(self, changes: dict[str, Any], field: str) -> None:
        fields = broken(**changes)

        assert field in fields
        assert set(fields) <= {field, "title"}  # without content there is no title either

    @pytest.mark.parametrize(
        "changes",
        [
            {"content": "字" * 20_000},
            {"title": "字" * 200},
            {"received_at": NOW + CLOCK_SKEW},
            {"received_at": datetime(2000, 1, 1, tzinfo=UTC)},
            {"lng": Decimal(73), "lat": Decimal(3)},
            {"lng": Decimal(136), "lat": Decimal(54)},
            {"caller_id_no": " 110101199003070038 "},
        ],
    )
    def test_takes_what_is_just_right(self, changes: dict[str, Any]) -> None:
        assert broken(**changes) == []
