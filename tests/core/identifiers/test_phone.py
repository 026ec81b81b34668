"""Telephone numbers: one spelling for every way of writing them."""

import pytest

from core.identifiers.rules import (
    InvalidIdentifier,
    InvalidPhone,
    PhoneWithoutAreaCode,
    normalise_phone,
)

SPELLINGS = [
    ("13800138000", "+8613800138000"),
    (" 138 0013 8000 ", "+8613800138000"),
    ("138-0013-8000", "+8613800138000"),
    ("138.0013.8000", "+8613800138000"),
    ("138\u20130013\u20148000", "+8613800138000"),
    ("+86 13800138000", "+8613800138000"),
    ("+86(138)00138000", "+8613800138000"),
    ("008613800138000", "+8613800138000"),
    ("86-13800138000", "+8613800138000"),
    ("013800138000", "+8613800138000"),
    ("１３８００１３８０００", "+8613800138000"),
    ("1\u200b3800138000\ufeff", "+8613800138000"),
    ("16612345678", "+8616612345678"),
    ("0816-2345678", "+868162345678"),
    ("(0816)2345678", "+868162345678"),
    ("（０８１６）２３４５６７８", "+868162345678"),
    ("0816 234 5678", "+868162345678"),
    ("028-87654321", "+862887654321"),
    ("02887654321", "+862887654321"),
    ("+86 28 8765 4321", "+862887654321"),
    ("+86 0816 2345678", "+868162345678"),
    ("010-12345678", "+861012345678"),
    ("0816-2345678转801", "+868162345678;ext=801"),
    ("0816-2345678 转 801", "+868162345678;ext=801"),
    ("0816-2345678分机801", "+868162345678;ext=801"),
    ("0816-2345678分机号：801", "+868162345678;ext=801"),
    ("0816-2345678-801", "+868162345678;ext=801"),
    ("0816-2345678 ext. 801", "+868162345678;ext=801"),
    ("(0816)2345678-801", "+868162345678;ext=801"),
    ("17012345678转1234", "+8617012345678;ext=1234"),
    ("400-812-3456", "+864008123456"),
    ("+852 9123 4567", "+85291234567"),
]

REFUSED = [
    "",
    "   ",
    "没有电话",
    "12345",
    "110",
    "95598",
    "1380013800",
    "138001380000",
    "12800138000",
    "10800138000",
    "0000-2345678",
    "0816-234567",
    "0816-234567890",
    "1-800-FLOWERS",
    "13800138000a",
    "+999 123456",
    "٠١٣٨٠٠١٣٨٠٠",
    "1" * 5000,
    "138\n0013\x008000;drop",
    "110105194912310021",
]


class TestNormalisePhone:
    @pytest.mark.parametrize(("raw", "canonical"), SPELLINGS)
    def test_gives_one_spelling(self, raw: str, canonical: str) -> None:
        assert normalise_phone(raw) == canonical

    @pytest.mark.parametrize("canonical", sorted({canonical for _, canonical in SPELLINGS}))
    def test_leaves_its_own_spelling_unchanged(self, canonical: str) -> None:
        assert normalise_phone(canonical) == canonical

    @pytest.mark.parametrize("raw", REFUSED)
    def test_refuses_what_nobody_can_call(self, raw: str) -> None:
        with pytest.raises(InvalidPhone) as refusal:
            normalise_phone(raw)

        assert refusal.value.code == "phone_invalid"
        assert "手机号为 11 位" in refusal.value.message

    @pytest.mark.parametrize("raw", ["2345678", "8765 4321", "876-5432"])
    def test_asks_for_the_area_code_of_a_local_number(self, raw: str) -> None:
        with pytest.raises(PhoneWithoutAreaCode) as refusal:
            normalise_phone(raw)

        assert refusal.value.code == "phone_without_area_code"
        assert "区号" in refusal.value.message

    def test_a_refusal_is_an_invalid_identifier_and_never_repeats_the_value(self) -> None:
        with pytest.raises(InvalidIdentifier) as refusal:
            normalise_phone("1380013800")

        assert isinstance(refusal.value, ValueError)
        assert refusal.value.status == 400
        assert "1380013800" not in str(refusal.value)
