"""Numbers: gap-free where the law wants it, unguessable where they open something."""

import threading
from datetime import date

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import given
from hypothesis import strategies as st

from core.numbering.actions import next_in_series, next_serial
from core.numbering.models import NumberSeries
from core.numbering.rules import (
    QUERY_CODE_ALPHABET,
    notice_number,
    order_number,
    query_code,
    ticket_number,
)


class TestTicketNumber:
    def test_is_region_day_channel_and_serial(self) -> None:
        number = ticket_number(region="519901", day=date(2026, 3, 5), channel="1", serial=42)

        assert number == "519901202603051000042"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"region": "51990"},
            {"region": "519901001"},
            {"region": "51990a"},
            {"region": "５１９９０１"},
            {"channel": "10"},
            {"channel": ""},
            {"serial": 0},
            {"serial": 1_000_000},
        ],
    )
    def test_refuses_what_does_not_fit(self, wrong: dict[str, object]) -> None:
        fitting = {"region": "519901", "day": date(2026, 3, 5), "channel": "1", "serial": 1}

        with pytest.raises(ValueError, match=next(iter(wrong))):
            ticket_number(**{**fitting, **wrong})

    @given(
        st.tuples(st.dates(date(2000, 1, 1)), st.integers(0, 9), st.integers(1, 999_999)),
        st.tuples(st.dates(date(2000, 1, 1)), st.integers(0, 9), st.integers(1, 999_999)),
    )
    def test_different_facts_give_different_numbers_of_one_length(
        self, one: tuple[date, int, int], other: tuple[date, int, int]
    ) -> None:
        numbers = [
            ticket_number(region="519901", day=day, channel=str(channel), serial=serial)
            for day, channel, serial in (one, other)
        ]

        assert {len(number) for number in numbers} == {21}
        assert (numbers[0] == numbers[1]) == (one == other)


class TestOtherNumbers:
    def test_an_order_counts_within_its_ticket(self) -> None:
        assert order_number(ticket_no="519901202603051000042", index=3).endswith("000042-03")

    def test_an_order_counts_from_one(self) -> None:
        with pytest.raises(ValueError, match="count from 1"):
            order_number(ticket_no="1", index=0)

    def test_a_notice_has_hexagonal_brackets_and_no_leading_zero(self) -> None:
        assert notice_number(organ="蓉江热受", year=2026, number=1) == "蓉江热受〔2026〕1号"

    def test_a_notice_counts_from_one(self) -> None:
        with pytest.raises(ValueError, match="count from 1"):
            notice_number(organ="蓉江热受", year=2026, number=0)

    def test_a_query_code_has_eight_signs_that_nobody_confuses(self) -> None:
        codes = {query_code() for _ in range(2_000)}

        assert len(codes) == 2_000
        assert {len(code) for code in codes} == {8}
        assert set("".join(codes)) == set(QUERY_CODE_ALPHABET)
        assert not set(QUERY_CODE_ALPHABET) & set("01OIL")


@pytest.mark.django_db
class TestNextInSeries:
    def test_counts_each_series_from_one(self) -> None:
        given_out = [next_in_series(key=key) for key in ("a/2026", "a/2026", "b/2026", "a/2026")]

        assert given_out == [1, 2, 1, 3]

    def test_a_rollback_gives_the_number_back(self) -> None:
        next_in_series(key="a/2026")

        with transaction.atomic():
            lost = next_in_series(key="a/2026")
            transaction.set_rollback(True)

        assert lost == 2
        assert next_in_series(key="a/2026") == 2

    def test_is_one_statement(self, django_assert_num_queries: object) -> None:
        with django_assert_num_queries(1):
            next_in_series(key="a/2026")


@pytest.mark.django_db(transaction=True)
class TestConcurrency:
    def test_refuses_outside_a_transaction(self) -> None:
        with pytest.raises(TransactionManagementError):
            next_in_series(key="a/2026")

        assert not NumberSeries.objects.exists()

    def test_rivals_of_whom_some_fail_leave_no_gap_and_no_double(self) -> None:
        kept: list[int] = []
        barrier = threading.Barrier(6)

        def work(offset: int) -> None:
            barrier.wait(10)
            for turn in range(10):
                fails = (turn + offset) % 3 == 0
                with transaction.atomic():
                    number = next_in_series(key="notice/2026")
                    transaction.set_rollback(fails)
                if not fails:
                    kept.append(number)
            connection.close()

        threads = [threading.Thread(target=work, args=(offset,)) for offset in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert sorted(kept) == list(range(1, len(kept) + 1))
        assert len(kept) == 40


@pytest.mark.django_db
class TestNextSerial:
    def test_follows_the_sequence_of_ticket_numbers(self) -> None:
        first = next_serial(sequence="hotline_ticket_serial")

        assert next_serial(sequence="hotline_ticket_serial") == first % 999_999 + 1

    def test_begins_again_after_999999(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM hotline_ticket_serial")
            before = cursor.fetchone()[0]
            cursor.execute("SELECT setval('hotline_ticket_serial', 999999)")

        assert next_serial(sequence="hotline_ticket_serial") == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('hotline_ticket_serial', %s)", [before])
