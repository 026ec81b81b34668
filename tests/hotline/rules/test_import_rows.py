"""From a row of a file to a contact, on plain values."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.rules.import_rows import ID_MAX, BadRowError, Row, RowReader, read_moment

ZONE = ZoneInfo("Asia/Shanghai")
READER = RowReader(
    source="online_inquiry",
    columns={"title": "标题", "content": "正文", "external_id": "编号"},
    defaults={"region": "519900", "kind": "help", "urgency": "ordinary"},
    zone=ZONE,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class TestReadMoment:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-16 09:00:00",
            "2026-11-16T09:00:00",
            "2026/11/16 09:00:00",
            "2026-11-16 09:00",
            "2026年11月16日 09:00",
            "2026-11-16T01:00:00Z",
            "2026-11-16T09:00:00+08:00",
        ],
    )
    def test_knows_the_usual_forms(self, text: str) -> None:
        assert read_moment(text, ZONE) == datetime(2026, 11, 16, 1, tzinfo=UTC)

    def test_a_day_begins_at_local_midnight(self) -> None:
        for text in ("2026-11-16", "2026/11/16", "2026年11月16日"):
            assert read_moment(text, ZONE) == datetime(2026, 11, 15, 16, tzinfo=UTC)

    def test_nothing_is_nothing(self) -> None:
        assert read_moment("", ZONE) is None

    @pytest.mark.parametrize("text", ["前天", "2026-02-30", "16/11/2026", "1700000000"])
    def test_refuses_the_rest(self, text: str) -> None:
        with pytest.raises(BadRowError, match="不是可识别的日期时间"):
            read_moment(text, ZONE)


class TestRowReader:
    def test_maps_names_and_fills_in_what_is_missing(self) -> None:
        row = Row(line=2, values={"标题": " 路灯 ", "正文": "坏了", "编号": 7, "kind": "complaint"})

        contact = READER.contact(row)

        assert (contact.title, contact.content, contact.external_id) == ("路灯", "坏了", "7")
        assert (contact.kind, contact.region, contact.source) == (
            "complaint",
            "519900",
            "online_inquiry",
        )

    def test_reads_the_nested_form_of_the_api(self) -> None:
        values = {"caller": {"name": "王小满"}, "location": {"lng": 104.0665411, "lat": "30"}}

        contact = READER.contact(Row(line=2, values=values))

        assert contact.caller_name == "王小满"
        assert (contact.lng, contact.lat) == (Decimal("104.066541"), Decimal(30))

    def test_the_same_words_are_the_same_id(self) -> None:
        first, same = Row(2, {"正文": "甲"}), Row(9, {"正文": "甲", "没用": "x"})

        assert READER.external_id(first) == READER.external_id(same)
        assert READER.external_id(first) != READER.external_id(Row(2, {"正文": "乙"}))

    @given(st.text(min_size=ID_MAX + 1), st.text(min_size=1))
    def test_long_ids_stay_different_and_short_enough(self, long: str, more: str) -> None:
        first, second = (READER.external_id(Row(2, {"编号": text})) for text in (long, long + more))

        assert max(len(first), len(second)) <= ID_MAX

    @given(
        st.dictionaries(st.sampled_from(["标题", "正文", "编号", "lng", "received_at"]), anything)
    )
    def test_whatever_stands_in_the_cells_it_reads_or_refuses(self, values: dict[str, Any]) -> None:
        row = Row(line=2, values=values)

        assert READER.external_id(row)
        with suppress(BadRowError):
            contact = READER.contact(row)
            assert contact.lng is None or contact.lng.is_finite()

    @pytest.mark.parametrize(
        ("word", "meaning"), [("是", True), ("TRUE", True), ("1", True), ("否", False), ("", False)]
    )
    def test_yes_and_no(self, word: str, meaning: bool) -> None:
        assert READER.contact(Row(2, {"confidential": word})).confidential is meaning
