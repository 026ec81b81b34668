"""Resident ID numbers (GB 11643) and ages."""

import string
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identifiers.rules import (
    BirthDateAfterReference,
    InvalidResidentId,
    ResidentIdBirthDate,
    ResidentIdBornLater,
    ResidentIdCheckDigit,
    ResidentIdFirstGeneration,
    ResidentIdLength,
    Sex,
    age_on,
    check_resident_id,
)

TODAY = date(2026, 11, 22)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(body: str) -> str:
    """Return the 17 digits with their check digit, by the congruence that defines it."""
    total = sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True))
    (check,) = (c for c in range(11) if (total + c) % 11 == 1)
    return body + ("X" if check == 10 else str(check))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    area = draw(st.text("0123456789", min_size=6, max_size=6))
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    order = draw(st.text("0123456789", min_size=3, max_size=3))
    return with_check(f"{area}{born:%Y%m%d}{order}")


class TestCheckResidentId:
    @pytest.mark.parametrize(
        ("raw", "born", "sex", "area"),
        [
            ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE, "110105"),
            ("34052419800101001X", date(1980, 1, 1), Sex.MALE, "340524"),
            ("440308199901101512", date(1999, 1, 10), Sex.MALE, "440308"),
        ],
    )
    def test_reads_published_numbers(self, raw: str, born: date, sex: Sex, area: str) -> None:
        found = check_resident_id(raw, on=TODAY)

        assert (found.number, found.birth_date, found.sex, found.area) == (raw, born, sex, area)

    @pytest.mark.parametrize(
        "raw",
        [
            "11010519491231002x",
            "１１０１０５１９４９１２３１００２ｘ",
            " 110105 19491231 002X ",
            "110105\u200b19491231002X",
        ],
    )
    def test_accepts_other_ways_of_writing_it(self, raw: str) -> None:
        assert check_resident_id(raw, on=TODAY).number == "11010519491231002X"

    @pytest.mark.parametrize("area", ["510521", "512921", "999999", "000000"])
    def test_never_refuses_an_area(self, area: str) -> None:
        number = with_check(f"{area}19800101001")

        assert check_resident_id(number, on=TODAY).area == area

    def test_refuses_the_first_generation_by_name(self) -> None:
        with pytest.raises(ResidentIdFirstGeneration) as refusal:
            check_resident_id("130503670401001", on=TODAY)

        assert refusal.value.code == "resident_id_15_digits"
        assert "15 位" in refusal.value.message

    @pytest.mark.parametrize(
        "raw", ["", "1", "11010519491231002", "11010519491231002X1", "9" * 10_000]
    )
    def test_refuses_another_length(self, raw: str) -> None:
        with pytest.raises(ResidentIdLength) as refusal:
            check_resident_id(raw, on=TODAY)

        assert refusal.value.code == "resident_id_length"

    @pytest.mark.parametrize(
        "raw", ["1101051949123100ZX", "X1010519491231002X", "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "X" * 18]
    )
    def test_refuses_other_characters(self, raw: str) -> None:
        with pytest.raises(InvalidResidentId) as refusal:
            check_resident_id(raw, on=TODAY)

        assert refusal.value.code == "resident_id_characters"

    @pytest.mark.parametrize("born", ["19990230", "19001301", "20250229", "19990100", "00000101"])
    def test_refuses_a_day_that_never_was(self, born: str) -> None:
        with pytest.raises(ResidentIdBirthDate) as refusal:
            check_resident_id(with_check(f"110105{born}001"), on=TODAY)

        assert refusal.value.code == "resident_id_birth_date"

    def test_refuses_birth_after_the_day_of_reference_only(self) -> None:
        number = with_check("51990120261122001")

        assert check_resident_id(number, on=date(2026, 11, 22)).birth_date == TODAY
        with pytest.raises(ResidentIdBornLater) as refusal:
            check_resident_id(number, on=date(2026, 11, 21))
        assert refusal.value.code == "resident_id_born_later"

    @pytest.mark.parametrize("raw", ["110105194912310021", "110105194912310020"])
    def test_refuses_a_wrong_check_digit(self, raw: str) -> None:
        with pytest.raises(ResidentIdCheckDigit) as refusal:
            check_resident_id(raw, on=TODAY)

        assert refusal.value.code == "resident_id_check_digit"

    @pytest.mark.slow
    @given(numbers())
    def test_accepts_every_number_made_by_the_rule(self, number: str) -> None:
        assert check_resident_id(number, on=TODAY).number == number

    @pytest.mark.slow
    @given(numbers(), st.integers(0, 17), st.sampled_from(string.digits + "X"))
    def test_sees_every_wrong_character(self, number: str, place: int, wrong: str) -> None:
        changed = number[:place] + wrong + number[place + 1 :]

        if changed != number:
            with pytest.raises(InvalidResidentId):
                check_resident_id(changed, on=TODAY)

    @pytest.mark.slow
    @given(numbers(), st.integers(0, 16))
    def test_sees_every_swap_of_neighbours(self, number: str, place: int) -> None:
        changed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

        if changed != number:
            with pytest.raises(InvalidResidentId):
                check_resident_id(changed, on=TODAY)


class TestAgeOn:
    @pytest.mark.parametrize(
        ("born", "on", "age"),
        [
            (date(1946, 11, 22), date(2026, 11, 21), 79),
            (date(1946, 11, 22), date(2026, 11, 22), 80),
            (date(1946, 12, 31), date(2026, 1, 1), 79),
            (date(2026, 11, 22), date(2026, 11, 22), 0),
            (date(2000, 2, 29), date(2018, 2, 27), 17),
            (date(2000, 2, 29), date(2018, 2, 28), 18),
            (date(2000, 2, 29), date(2020, 2, 28), 19),
            (date(2000, 2, 29), date(2020, 2, 29), 20),
        ],
    )
    def test_counts_birthdays(self, born: date, on: date, age: int) -> None:
        assert age_on(born, on) == age

    def test_refuses_a_day_before_birth(self) -> None:
        with pytest.raises(BirthDateAfterReference) as refusal:
            age_on(date(2026, 11, 23), TODAY)

        assert refusal.value.code == "age_before_birth"

    @pytest.mark.slow
    @given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 40_000))
    def test_never_falls_and_rises_by_one_at_most(self, born: date, days: int) -> None:
        on = born + timedelta(days=days)

        assert age_on(born, on + timedelta(days=1)) - age_on(born, on) in {0, 1}
