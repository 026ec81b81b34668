"""Unified social credit codes (GB 32100) and the organisation codes inside (GB 11714)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.identifiers.rules import (
    DIGITS_AND_LETTERS,
    USCC_ALPHABET,
    InvalidOrganisationCode,
    InvalidUscc,
    UsccCheckCharacter,
    UsccLength,
    UsccOrganisationCode,
    check_uscc,
    org_code_check_digit,
    uscc_check_character,
)

PUBLISHED = [
    "91350100M000100Y43",
    "91110105771583283D",
    "91110000802100433B",
    "91110108740084270C",
    "112302070019030687",
    "91110108735106340Y",
    "51610700305332460K",
    "91440300359143307G",
    "11610923MB2900168E",
    "91440300708461136T",
    "91110108551385082Q",
    "11100000000013338W",
    "11430000006122244L",
    "11220000013544541J",
    "11330105002500287C",
]


@st.composite
def codes(draw: st.DrawFn) -> str:
    head = draw(st.text(USCC_ALPHABET, min_size=2, max_size=2))
    area = draw(st.text("0123456789", min_size=6, max_size=6))
    body = draw(st.text(USCC_ALPHABET, min_size=8, max_size=8))
    start = head + area + body + org_code_check_digit(body)
    return start + uscc_check_character(start)


class TestCheckUscc:
    @pytest.mark.parametrize("raw", PUBLISHED)
    def test_accepts_published_codes(self, raw: str) -> None:
        assert check_uscc(raw).code == raw

    def test_names_the_parts(self) -> None:
        found = check_uscc(" ９１３５０１００m000100y43 ")

        assert found.code == "91350100M000100Y43"
        assert (found.registrar, found.category) == ("9", "1")
        assert (found.area, found.organisation_code) == ("350100", "M000100Y4")

    @pytest.mark.parametrize("raw", ["", "91350100M000100Y4", "91350100M000100Y433", "9" * 9999])
    def test_refuses_another_length(self, raw: str) -> None:
        with pytest.raises(UsccLength) as refusal:
            check_uscc(raw)

        assert refusal.value.code == "uscc_length"
        assert "18 位" in refusal.value.message

    @pytest.mark.parametrize(
        "raw",
        [
            "9135010OM000100Y43",
            "91350100M000100Y4I",
            "91350100M000100Y4S",
            "91350100M000100Y4V",
            "91350100M000100Y4Z",
            "9135A100M000100Y43",
            "91350100M000100Y4中",
        ],
    )
    def test_refuses_characters_that_are_never_used(self, raw: str) -> None:
        with pytest.raises(InvalidUscc) as refusal:
            check_uscc(raw)

        assert refusal.value.code == "uscc_characters"

    @pytest.mark.parametrize(
        "raw", ["91350100M000100Y34", "91350200M000000510", "91350128M00000019A"]
    )
    def test_refuses_a_wrong_check_character(self, raw: str) -> None:
        with pytest.raises(UsccCheckCharacter) as refusal:
            check_uscc(raw)

        assert refusal.value.code == "uscc_check_character"

    def test_refuses_a_right_check_around_a_wrong_organisation_code(self) -> None:
        start = "91350100M000100Y5"

        with pytest.raises(UsccOrganisationCode) as refusal:
            check_uscc(start + uscc_check_character(start))

        assert refusal.value.code == "uscc_organisation_code"

    @pytest.mark.slow
    @given(codes())
    def test_accepts_every_code_made_by_the_rule(self, code: str) -> None:
        assert check_uscc(code).code == code

    @pytest.mark.slow
    @given(codes(), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
    def test_sees_every_wrong_character(self, code: str, place: int, wrong: str) -> None:
        assume(code[place] != wrong)

        with pytest.raises(InvalidUscc):
            check_uscc(code[:place] + wrong + code[place + 1 :])

    @pytest.mark.slow
    @given(codes(), st.integers(0, 16))
    def test_sees_every_swap_of_neighbours(self, code: str, place: int) -> None:
        assume(code[place] != code[place + 1])

        with pytest.raises(InvalidUscc):
            check_uscc(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


class TestUsccCheckCharacter:
    @pytest.mark.parametrize("body", ["", "91350100M000100Y", "91350100M000100YI", "9" * 18])
    def test_refuses_what_is_not_17_characters_of_the_alphabet(self, body: str) -> None:
        with pytest.raises(InvalidUscc):
            uscc_check_character(body)


class TestOrgCodeCheckDigit:
    @pytest.mark.parametrize("code", [published[8:17] for published in PUBLISHED])
    def test_agrees_with_published_codes(self, code: str) -> None:
        assert org_code_check_digit(code[:8]) == code[8]

    @pytest.mark.parametrize("body", ["", "1234567", "123456789", "1234567中", "abcdefgh"])
    def test_refuses_what_is_not_eight_characters(self, body: str) -> None:
        with pytest.raises(InvalidOrganisationCode) as refusal:
            org_code_check_digit(body)

        assert refusal.value.code == "organisation_code_characters"

    @pytest.mark.slow
    @given(
        st.text(DIGITS_AND_LETTERS, min_size=8, max_size=8),
        st.integers(0, 7),
        st.sampled_from(DIGITS_AND_LETTERS),
    )
    def test_sees_a_wrong_character_unless_it_is_eleven_apart(
        self, body: str, place: int, wrong: str
    ) -> None:
        changed = body[:place] + wrong + body[place + 1 :]
        gap = DIGITS_AND_LETTERS.index(wrong) - DIGITS_AND_LETTERS.index(body[place])

        seen = org_code_check_digit(changed) != org_code_check_digit(body)

        assert seen == (gap % 11 != 0)

    @pytest.mark.slow
    @given(st.text(DIGITS_AND_LETTERS, min_size=8, max_size=8), st.integers(0, 6))
    def test_sees_a_swap_of_neighbours_unless_they_are_eleven_apart(
        self, body: str, place: int
    ) -> None:
        changed = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
        gap = DIGITS_AND_LETTERS.index(body[place]) - DIGITS_AND_LETTERS.index(body[place + 1])

        seen = org_code_check_digit(changed) != org_code_check_digit(body)

        assert seen == (gap % 11 != 0)
