"""Licence identifiers (GB/T 36904) and their MOD 37,36 check character."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.identifiers.rules import (
    DIGITS_AND_LETTERS,
    InvalidLicenceIdentifier,
    LicenceCheckCharacter,
    LicenceRoot,
    LicenceVersion,
    check_licence_identifier,
    licence_check_character,
)

ROOT = "1.2.156.3005.2"
PUBLISHED = [
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W011.11430000006122244L.20230000403.002.S",
    "11100000000013338W032.11220000013544541J.2430599.001.F",
    "11100000MB03271699022.340100.000000016.001.9",
    "11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
    "11100000000013338W009.11330105002500287C.2025052201.002.0",
]


def check_of(serial: str) -> str:
    return licence_check_character(
        type_code="11100000000013338W011",
        issuer="11430000006122244L",
        serial=serial,
        version="001",
    )


def step(product: int, value: int) -> int:
    """One step of ISO/IEC 7064 MOD 37,36, written out from the standard's formula."""
    return ((product + value) % 36 or 36) * 2 % 37


class TestCheckLicenceIdentifier:
    @pytest.mark.parametrize("body", PUBLISHED)
    def test_accepts_published_identifiers(self, body: str) -> None:
        found = check_licence_identifier(f"{ROOT}.{body}")

        assert found.text == f"{ROOT}.{body}"
        parts = (found.type_code, found.issuer, found.serial, found.version, found.check)
        assert ".".join(parts) == body

    def test_warns_of_an_issuer_that_is_an_area_code(self) -> None:
        found = check_licence_identifier(f"{ROOT}.{PUBLISHED[3]}")

        assert found.warnings == ("licence_issuer_length",)

    def test_warns_of_a_short_type(self) -> None:
        check = licence_check_character(
            type_code="W011", issuer="11430000006122244L", serial="1", version="001"
        )

        found = check_licence_identifier(f"{ROOT}.W011.11430000006122244L.1.001.{check}")

        assert found.warnings == ("licence_type_length",)

    def test_has_no_warning_about_the_usual_lengths(self) -> None:
        assert check_licence_identifier(f"{ROOT}.{PUBLISHED[0]}").warnings == ()

    def test_raises_case_and_drops_dashes_in_the_serial(self) -> None:
        check = check_of("6F9619FF8B86")

        found = check_licence_identifier(
            f"{ROOT}.11100000000013338w011.11430000006122244l.6f96-19ff-8b86.001.{check.lower()}"
        )

        assert found.serial == "6F9619FF8B86"

    @pytest.mark.parametrize("raw", ["", PUBLISHED[0], "1.2.156.3005.22." + PUBLISHED[0]])
    def test_refuses_another_root(self, raw: str) -> None:
        with pytest.raises(LicenceRoot) as refusal:
            check_licence_identifier(raw)

        assert refusal.value.code == "licence_identifier_root"

    @pytest.mark.parametrize("body", ["A.B.C.001", "A.B.C.001.U.U", "A.B..001.U", "A.B.号.001.U"])
    def test_refuses_another_structure(self, body: str) -> None:
        with pytest.raises(InvalidLicenceIdentifier) as refusal:
            check_licence_identifier(f"{ROOT}.{body}")

        assert refusal.value.code == "licence_identifier_structure"

    @pytest.mark.parametrize("version", ["000", "1", "0001", "A01"])
    def test_refuses_a_version_that_is_not_three_digits_from_001(self, version: str) -> None:
        with pytest.raises(LicenceVersion) as refusal:
            check_licence_identifier(f"{ROOT}.A.B.C.{version}.U")

        assert refusal.value.code == "licence_identifier_version"

    def test_refuses_a_wrong_check_character(self) -> None:
        with pytest.raises(LicenceCheckCharacter) as refusal:
            check_licence_identifier(f"{ROOT}.{PUBLISHED[0][:-1]}V")

        assert refusal.value.code == "licence_identifier_check"


class TestLicenceCheckCharacter:
    @pytest.mark.slow
    @given(
        st.text(DIGITS_AND_LETTERS, min_size=1, max_size=32),
        st.integers(0, 31),
        st.sampled_from(DIGITS_AND_LETTERS),
    )
    def test_sees_every_wrong_character(self, serial: str, place: int, wrong: str) -> None:
        place %= len(serial)
        assume(serial[place] != wrong)

        assert check_of(serial[:place] + wrong + serial[place + 1 :]) != check_of(serial)

    @pytest.mark.slow
    @given(st.text(DIGITS_AND_LETTERS, min_size=2, max_size=32), st.integers(0, 30))
    def test_sees_a_swap_unless_the_two_are_neighbours_in_the_alphabet(
        self, serial: str, place: int
    ) -> None:
        place %= len(serial) - 1
        first, second = serial[place], serial[place + 1]
        gap = DIGITS_AND_LETTERS.index(first) - DIGITS_AND_LETTERS.index(second)
        assume(gap % 36 not in {0, 1, 35})

        assert check_of(serial[:place] + second + first + serial[place + 2 :]) != check_of(serial)

    def test_the_scheme_misses_one_swap_in_630(self) -> None:
        swaps = [(p, a, b) for p in range(1, 37) for a in range(36) for b in range(36) if a != b]

        missed = [(a - b) % 36 for p, a, b in swaps if step(step(p, a), b) == step(step(p, b), a)]

        assert len(swaps) == 630 * len(missed)
        assert set(missed) == {1, 35}
