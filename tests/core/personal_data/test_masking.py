"""Masks of single values, and redaction that sees through disguises and leaves the rest alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.personal_data.masking import (
    HIDDEN,
    PLACEHOLDERS,
    Finding,
    PersonalDataKind,
    contains_personal_data,
    mask_address,
    mask_id_no,
    mask_name,
    mask_phone,
    mask_plate,
    redact,
)

PHONE = PLACEHOLDERS[PersonalDataKind.PHONE]
ID = PLACEHOLDERS[PersonalDataKind.RESIDENT_ID]
PLATE = PLACEHOLDERS[PersonalDataKind.PLATE]
CARD = PLACEHOLDERS[PersonalDataKind.BANK_CARD]
EMAIL = PLACEHOLDERS[PersonalDataKind.EMAIL]


class TestMaskPhone:
    @pytest.mark.parametrize(
        ("raw", "masked"),
        [
            ("13800138000", "138****8000"),
            ("+8613800138000", "138****8000"),
            ("138 0013 8000转801", "138****8000"),
            ("0816-2345678", "0816-***5678"),
            ("+862887654321", "028-****4321"),
            ("010-12345678", "010-****5678"),
            ("4008123456", "****3456"),
            ("+85291234567", "****4567"),
            ("12345", HIDDEN),
            ("张三的电话", HIDDEN),
            ("", ""),
        ],
    )
    def test_keeps_the_carrier_or_area_and_the_last_four(self, raw: str, masked: str) -> None:
        assert mask_phone(raw) == masked


class TestMaskName:
    @pytest.mark.parametrize(
        ("name", "masked"),
        [
            ("张三", "张*"),
            (" 张三丰 ", "张*"),
            ("欧阳锋", "欧阳*"),
            ("欧阳小锋", "欧阳*"),
            ("欧阳", "欧*"),
            ("司马光", "司马*"),
            ("第五伦", "第五*"),
            ("阿布都·热合曼", "阿*"),
            ("John Smith", "J*"),
            ("张", "*"),
            ("", ""),
        ],
    )
    def test_keeps_the_surname(self, name: str, masked: str) -> None:
        assert mask_name(name) == masked


class TestMaskIdNo:
    @pytest.mark.parametrize(
        ("number", "masked"),
        [
            ("11010519491231002X", "110***********002X"),
            ("130503670401001", "130********1001"),
            ("E12345678", "E******78"),
            ("A12345", "A***45"),
            ("A1234", HIDDEN),
            ("", ""),
        ],
    )
    def test_hides_the_birth_date(self, number: str, masked: str) -> None:
        assert mask_id_no(number) == masked


class TestMaskAddress:
    @pytest.mark.parametrize(
        ("address", "masked"),
        [
            ("蓉江市江北区滨河街道人民路12号3栋2单元501", "蓉江市江北区滨河街道***"),
            ("江北区滨河街道柳荫社区四组18号", "江北区滨河街道柳荫社区***"),
            ("青石镇桃源村三组", "青石镇桃源村***"),
            ("滨河街道人民路桃源小区３栋", "滨河街道人民路桃源小区***"),
            ("蓉江市江北区人民路12号", "蓉江市江北区***"),
            ("江北区滨河街道人民路", "江北区滨河街道***"),
            ("江北区滨河街道", "江北区滨河街道"),
            ("人民路12号", HIDDEN),
            ("12号", HIDDEN),
            (" ", ""),
        ],
    )
    def test_keeps_down_to_street_or_community(self, address: str, masked: str) -> None:
        assert mask_address(address) == masked


class TestMaskPlate:
    @pytest.mark.parametrize(
        ("plate", "masked"),
        [("川A12345", "川A***45"), ("川AD12345", "川A****45"), ("川A1", HIDDEN), ("", "")],
    )
    def test_keeps_both_ends(self, plate: str, masked: str) -> None:
        assert mask_plate(plate) == masked


class TestRedactPhones:
    @pytest.mark.parametrize(
        ("text", "redacted"),
        [
            ("请拨打13812345678联系我", f"请拨打{PHONE}联系我"),
            ("13812345678一直打不通", f"{PHONE}一直打不通"),
            ("第一13812345678，第二13987654321", f"第一{PHONE}，第二{PHONE}"),
            ("微信wx13812345678", f"微信wx{PHONE}"),
            ("138 1234 5678", PHONE),
            ("138-1234-5678", PHONE),
            ("138.1234.5678", PHONE),
            ("1381234.5678", PHONE),
            ("138—1234—5678", PHONE),
            ("1381 2345 678", PHONE),
            ("(138)1234-5678", f"({PHONE}"),
            ("1 3 8 1 2 3 4 5 6 7 8", PHONE),
            ("138 12 34 56 78", PHONE),
            ("+86 13812345678", PHONE),
            ("008613812345678", PHONE),
            ("+86-138-1234-5678", PHONE),
            ("１３８１２３４５６７８", PHONE),
            ("𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", PHONE),
            ("١٣٨١٢٣٤٥٦٧٨", PHONE),
            ("1\u200b3\u200b8\u200b1\u200c2\u200d3\ufeff4\u20605678", PHONE),
            ("1\u0336 3\u0336 8\u033612345678", PHONE),
            ("138\x00123\x0845678", PHONE),
            ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣！", f"{PHONE}！"),
            ("①③⑧①②③④⑤⑥⑦⑧", PHONE),
            ("①13812345678②13987654321", f"①{PHONE}②{PHONE}"),
            ("1️⃣13812345678", f"1️⃣{PHONE}"),
            ("1.13812345678", f"1.{PHONE}"),
            ("一三八一二三四五六七八", PHONE),
            ("一三八 一二三四 五六七八", PHONE),
            ("幺三八幺二三四五六七八", PHONE),
            ("壹叁捌壹贰叁肆伍陆柒捌", PHONE),
            ("138一二三四5678", PHONE),
            ("第一一三八〇〇一三八〇零零", f"第一{PHONE}"),
            ("13812345678/13987654321", f"{PHONE}/{PHONE}"),
            ("13812345678转801", PHONE),
            ("13812345678元旦期间打不通", f"{PHONE}元旦期间打不通"),
            ("13812345678万分感谢", f"{PHONE}万分感谢"),
            ("0816-2345678", PHONE),
            ("（0816）2345678", PHONE),
            ("028-8765 4321", PHONE),
            ("02887654321", PHONE),
            ("+86 28 87654321", PHONE),
            ("86-0816-2345678", PHONE),
            ("家里028 87654321", f"家里{PHONE}"),
            ("0816-2345678转801", PHONE),
            ("0816-2345678-801", PHONE),
            ("家里电话：2345678", f"家里电话：{PHONE}"),
            ("联系方式 8765-4321。", f"联系方式 {PHONE}。"),
        ],
    )
    def test_finds_them_however_they_are_written(self, text: str, redacted: str) -> None:
        assert redact(text) == redacted


class TestRedactOtherData:
    @pytest.mark.parametrize(
        ("text", "redacted"),
        [
            ("身份证11010519491231002X。", f"身份证{ID}。"),
            ("11010519491231002x", ID),
            ("11010519491231002Х（西里尔字母）", f"{ID}（西里尔字母）"),
            ("110105 19491231 002X", ID),
            ("110105-1949-1231-0021", ID),
            ("１１０１０５１９４９１２３１００２Ｘ", ID),
            ("110105194912310021校验位写错也隐去", f"{ID}校验位写错也隐去"),
            ("130503670401001", ID),
            ("五一零一零五一九四九一二三一零零二一", ID),
            ("车牌川A12345违停", f"车牌{PLATE}违停"),
            ("川a12345", PLATE),
            ("川 A·12345", PLATE),
            ("川Ａ－１２３４５", PLATE),
            ("川А12345", PLATE),
            ("新能源川AD12345和川A12345D", f"新能源{PLATE}和{PLATE}"),
            ("粤B8K8K8", PLATE),
            ("川A1234学", PLATE),
            ("川A\u200b1\u200b2345", PLATE),
            ("卡号6222021234567890128", f"卡号{CARD}"),
            ("4111 1111 1111 1111", CARD),
            ("4111-1111-1111-1111 123", f"{CARD} 123"),
            ("9558801234567890120", "9558801234567890120"),
            ("邮箱zhang.san@example.com。", f"邮箱{EMAIL}。"),
            ("ｚｓ＠ｅｘａｍｐｌｅ．ｃｎ", EMAIL),
            ("zs\u200b@example.com.cn 和 13812345678@qq.com", f"{EMAIL} 和 {EMAIL}"),
        ],
    )
    def test_finds_ids_plates_cards_and_addresses(self, text: str, redacted: str) -> None:
        assert redact(text) == redacted

    def test_finds_an_old_card_number_that_passes_its_check(self) -> None:
        numbers = [f"955880123456789012{check}" for check in range(10)]

        assert [redact(number) for number in numbers].count(CARD) == 1


class TestRedactLeavesAlone:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "请拨打12345或110，也可打95598",
            "工单519900202611221000123",
            "承办单519900202611221000123-01",
            "查询码 4821-9037",
            "2026-11-22 10:30:00",
            "20261122103000",
            "1998-05-12 120人",
            "1998.05.12 120",
            "1998-2003-120",
            "电话20261122起停用",
            "合同价1380012345.67元",
            "总投资13800000000元",
            "15000000000 元",
            "投资13812345678万元",
            "每户1500元，共2000户，计3000000元",
            "1,380,012,345",
            "192.168.123.45",
            "1763776800.1",
            "1763776800123",
            "1 3 5 7 9 11 13 15",
            "135 13 7 9 1",
            "12800138000",
            "91350100M000100Y43",
            "112302070019030687",
            "110105194913310021",
            "999999194912310021",
            "130503671301001",
            "202612011201001",
            "6222021234567890120",
            "京A平台",
            "川ABCDEFG",
            "新A1BCDE",
            "一九九八年五月十二日",
            "十三、一百三十八户",
            "一三五七九单号限行",
            "a@b",
            "@全体成员",
            "面积100m²，3号楼2单元",
            "⃣1",
            "a⃣b",
        ],
    )
    def test_numbers_that_say_nothing_about_a_person(self, text: str) -> None:
        assert redact(text) == text

    def test_does_not_take_written_digits_apart_to_spell_a_phone(self) -> None:
        assert redact("2013812345三六七") == "2013812345三六七"
        assert redact("一三八一二三四五六7890") == "一三八一二三四五六7890"


class TestContainsPersonalData:
    def test_gives_kinds_and_places_in_the_original_text_in_order(self) -> None:
        text = "张先生\u200b1\u200b3812345678，车牌川AD12345，邮箱a@b.cn，身份证11010519491231002X"

        found = contains_personal_data(text)

        assert [(f.kind.value, text[f.start : f.end]) for f in found] == [
            ("phone", "1\u200b3812345678"),
            ("plate", "川AD12345"),
            ("email", "a@b.cn"),
            ("resident_id", "11010519491231002X"),
        ]

    def test_an_id_is_not_also_a_phone(self) -> None:
        assert contains_personal_data("130503 1967 0401 0015") == [
            Finding(PersonalDataKind.RESIDENT_ID, 0, 21)
        ]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "piece",
        [
            "1", "1 3 ", "1-", "5 1", "6222 ", "川A", "川A1", "a", "a@", "a.b@a.", "一三", "电话",
            "13812345678,", "11010519491231002", "\u200b", "1\u200b", "0816-", "1️⃣", "(86 1",
        ],
    )  # fmt: skip
    def test_reads_a_hundred_thousand_hostile_characters(self, piece: str) -> None:
        text = (piece * (100_000 // len(piece) + 1))[:100_000]

        found = contains_personal_data(text)

        assert all(a.end <= b.start for a, b in pairwise(found))
        assert all(0 <= f.start < f.end <= len(text) for f in found)

    @pytest.mark.slow
    @given(st.text(max_size=80))
    def test_never_fails_and_redacting_twice_is_redacting_once(self, text: str) -> None:
        once = redact(text)

        assert redact(once) == once

    @pytest.mark.slow
    @given(
        st.text(max_size=20),
        st.sampled_from("，。：、；！？\n 的是在"),
        st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        st.lists(st.sampled_from(["", " ", "-", "\u200b"]), min_size=10, max_size=10),
    )
    def test_no_mobile_number_survives(
        self, prefix: str, mark: str, number: str, gaps: list[str]
    ) -> None:
        gap_after = {3: gaps[0], 7: gaps[1]}
        written = "".join(c + gap_after.get(i, "") for i, c in enumerate(number, start=1))

        redacted = redact(f"{prefix}{mark}{written}{mark}")

        assert number not in "".join(c for c in redacted if c.isdigit())
