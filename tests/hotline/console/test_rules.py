"""How deadlines read, and how two edits are put together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.rules.due import age_in_words, due_at_moment, left_in_words, used_percent
from hotline.rules.revision import changed, marked, merge

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
FIELDS = st.fixed_dictionaries({name: st.text(max_size=5) for name in ("title", "address")})


class TestDue:
    @pytest.mark.parametrize(
        ("left", "words"),
        [
            (timedelta(days=2, hours=23), "还剩 2 天"),
            (timedelta(days=1), "还剩 1 天"),
            (timedelta(hours=23, minutes=59), "还剩 23 小时"),
            (timedelta(minutes=59), "还剩 59 分钟"),
            (timedelta(seconds=1), "还剩 1 分钟"),
            (timedelta(0), "超期 1 分钟"),
            (timedelta(hours=-5), "超期 5 小时"),
            (timedelta(days=-3), "超期 3 天"),
        ],
    )
    def test_says_what_is_left_in_its_largest_unit(self, left, words):
        assert left_in_words(left) == words

    @pytest.mark.parametrize(
        ("age", "words"),
        [
            (timedelta(seconds=30), "刚刚"),
            (timedelta(minutes=5), "5 分钟前"),
            (timedelta(days=40), "40 天前"),
        ],
    )
    def test_says_how_old_something_is(self, age, words):
        assert age_in_words(age) == words

    def test_names_the_last_instant_that_is_in_time(self):
        midnight = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)  # 24:00 on the 27th in Shanghai

        due = due_at_moment(starts_at=NOON, due_at=midnight, at=NOON)

        assert due is not None
        assert due.last == midnight - timedelta(microseconds=1)
        assert not due.is_over

    def test_is_over_at_the_very_moment(self):
        due = due_at_moment(starts_at=NOON - timedelta(1), due_at=NOON, at=NOON)

        assert due is not None
        assert (due.is_over, due.percent) == (True, 100)

    def test_is_none_without_a_deadline(self):
        assert due_at_moment(starts_at=NOON, due_at=None, at=NOON) is None

    @given(st.integers(-1000, 1000), st.integers(-1000, 1000))
    def test_uses_up_between_nothing_and_all(self, length, passed):
        end = NOON + timedelta(minutes=length)

        assert 0 <= used_percent(NOON, end, NOON + timedelta(minutes=passed)) <= 100


class TestRevision:
    @given(FIELDS, FIELDS, FIELDS)
    def test_drops_nobodys_change_unseen(self, base, theirs, mine):
        for one in merge(base=base, theirs=theirs, mine=mine):
            if one.mine != one.base:
                assert one.value == one.mine
            else:
                assert one.value == one.theirs
            if one.theirs not in {one.base, one.value}:
                assert one.is_conflict

    @given(FIELDS, FIELDS)
    def test_has_no_conflict_when_only_one_changed_something(self, base, mine):
        assert not any(one.is_conflict for one in merge(base=base, theirs=base, mine=mine))
        assert not any(one.is_conflict for one in merge(base=base, theirs=mine, mine=base))
        assert not any(one.is_conflict for one in merge(base=base, theirs=mine, mine=mine))

    def test_sends_only_what_was_changed(self):
        found = changed(base={"title": "甲", "address": ""}, mine={"title": "甲", "address": "乙"})

        assert found == {"address": "乙"}

    @given(st.text(max_size=30), st.text(max_size=30))
    def test_marks_parts_that_give_both_texts_again(self, left, right):
        lefts, rights = marked(left, right)

        assert "".join(part for _, part in lefts) == left
        assert "".join(part for _, part in rights) == right
        assert {mark for mark, _ in lefts} <= {"=", "-"}
        assert {mark for mark, _ in rights} <= {"=", "+"}
