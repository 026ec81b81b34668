"""Masking of single values, and redaction of personal data in free text.

Masks keep what people need to recognise their own value; the patterns are custom, not law. In free
text the reader of a published case needs nothing of it: every find becomes a placeholder.

Redaction reads a folded copy of the text: width, look-alike letters and digits of other scripts are
folded, invisible characters and combining marks are dropped, kinds of dash and blank become one.
It is careful on the side of the citizen: what may well be a phone number is taken for one. Found
are mobile and landline numbers, resident IDs, plates, bank cards and e-mail addresses; names and
addresses in free text are not, for that needs a reader. The time it takes is linear in the text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from core.identifiers.rules import InvalidIdentifier, normalise_phone

HIDDEN = "***"

_COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠"
        "公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁"
        "拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘东门西门第五",
    )
)
_SERVICE_NUMBERS = frozenset({"400", "800"})
_LONG_ID = 15
_SHORTEST_ID = 6
_SHORTEST_PLATE = 7
_LONGEST_PLAIN_NAME = 2
_FINE_PLACE = re.compile(r"街道|社区|小区|花园|家园|[镇乡村苑]")
_COARSE_PLACE = re.compile(r"自治州|[省市州盟区县旗]")
_DOOR = re.compile(
    r"[0-9０-９A-Za-z]|[一二三四五六七八九十百]+(?:号|栋|幢|座|单元|楼|层|室|组|户|弄|巷)"
)


class PersonalDataKind(StrEnum):
    """What was found in free text."""

    EMAIL = "email"
    RESIDENT_ID = "resident_id"
    BANK_CARD = "bank_card"
    PHONE = "phone"
    PLATE = "plate"


PLACEHOLDERS = {
    PersonalDataKind.EMAIL: "【邮箱】",
    PersonalDataKind.RESIDENT_ID: "【身份证号】",
    PersonalDataKind.BANK_CARD: "【银行卡号】",
    PersonalDataKind.PHONE: "【电话】",
    PersonalDataKind.PLATE: "【车牌号】",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at ``text[start:end]``."""

    kind: PersonalDataKind
    start: int
    end: int


def mask_phone(raw: str) -> str:
    """Return 138****8000 or 0816-***5678; what is no phone number is hidden whole."""
    if not raw:
        return ""
    try:
        canonical = normalise_phone(raw).partition(";")[0]
    except InvalidIdentifier:
        return HIDDEN
    mobile = re.fullmatch(r"\+86(1[3-9][0-9])[0-9]{4}([0-9]{4})", canonical)
    if mobile:
        return f"{mobile[1]}****{mobile[2]}"
    landline = re.fullmatch(r"\+86(10|2[0-9]|[3-9][0-9]{2})([0-9]{3,4})([0-9]{4})", canonical)
    if landline and landline[1] not in _SERVICE_NUMBERS:
        return f"0{landline[1]}-{'*' * len(landline[2])}{landline[3]}"
    return f"****{canonical[-4:]}"


def mask_name(name: str) -> str:
    """Return the surname and one star: 张*, 欧阳*; of other names the first character."""
    name = name.strip()
    if not name:
        return ""
    if len(name) > _LONGEST_PLAIN_NAME and name[:2] in _COMPOUND_SURNAMES:
        return f"{name[:2]}*"
    return f"{name[0]}*" if len(name) > 1 else "*"


def mask_id_no(number: str) -> str:
    """Return the first three and the last four characters of an ID, less of a short number."""
    number = number.strip()
    first, last = (3, 4) if len(number) >= _LONG_ID else (1, 2)
    if len(number) < _SHORTEST_ID:
        return HIDDEN if number else ""
    return number[:first] + "*" * (len(number) - first - last) + number[-last:]


def mask_address(address: str) -> str:
    """Return the address down to street, community or estate, the rest hidden.

    Where no such place is named before the first house number, only down to the district; where
    not even that is named, nothing.
    """
    address = address.strip()
    door = _DOOR.search(address)
    outside = address[: door.start()] if door else address
    places = list(_FINE_PLACE.finditer(outside)) or list(_COARSE_PLACE.finditer(outside))
    kept = outside[: places[-1].end()] if places else ""
    return kept if kept == address else kept + HIDDEN


def mask_plate(plate: str) -> str:
    """Return the first two and the last two characters of a number plate."""
    plate = plate.strip()
    if len(plate) < _SHORTEST_PLATE:
        return HIDDEN if plate else ""
    return plate[:2] + "*" * (len(plate) - 4) + plate[-2:]


def redact(text: str) -> str:
    """Return the text with a placeholder for each piece of personal data that can be recognised.

    Applying it twice is the same as once.
    """
    parts: list[str] = []
    done = 0
    for finding in contains_personal_data(text):
        parts += [text[done : finding.start], PLACEHOLDERS[finding.kind]]
        done = finding.end
    return "".join([*parts, text[done:]])


def contains_personal_data(text: str) -> list[Finding]:
    """Return what looks like personal data, in order and without overlaps.

    Ticket numbers, dates, amounts and short service numbers (12345, 110) are not reported.
    """
    folded, places = _fold(text)
    spelled = folded.translate(_NUMERALS)
    taken = bytearray(len(folded))
    findings = []
    for detector in _DETECTORS:
        source = spelled if detector.spelled else folded
        for start, end in detector.find(source, folded):
            if not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                findings.append(Finding(detector.kind, places[start], places[end]))
    return sorted(findings, key=lambda finding: finding.start)


# --- reading through disguises -------------------------------------------------------------------

_LOOKALIKES = dict(
    zip(
        "АВЕКМНОРСТХавекмнорстхΑΒΕΖΗΙΚΜΝΟΡΤΥΧ×＋",
        "ABEKMHOPCTXABEKMHOPCTXABEZHIKMNOPTYXX+",
        strict=True,
    )
)
_KEYCAP = "\u20e3"
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_NUMERALS = str.maketrans(
    "〇○零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖貳參陸" + _CIRCLED,
    "0001234567891123456789236" + "0123456789",
)
_DROPPED_CATEGORIES = frozenset({"Cf", "Mn", "Me", "Cc"})


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its places (and its end) the place in ``text``."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = _fold_character(character)
        if character == _KEYCAP and characters:
            characters[-1] = _circle(characters[-1])
        elif folded:
            characters.append(folded)
            places.append(place)
    places.append(len(text))
    return "".join(characters), places


@lru_cache(maxsize=16_384)
def _fold_character(character: str) -> str:
    """Return one plain upper-case character, the same one, or nothing for an invisible one."""
    if character in "\n\r\t":
        return character
    category = unicodedata.category(character)
    if category in _DROPPED_CATEGORIES:
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    return _fold_symbol(character, category)


def _circle(character: str) -> str:
    """Return a keycap digit as a circled one, which is read only where digits are spelled."""
    return _CIRCLED[int(character)] if _is_written(character) else character


def _fold_symbol(character: str, category: str) -> str:
    if category == "Pd":
        return "-"
    if category == "Zs":
        return " "
    if character in "·•‧∙・．﹒":
        return "."
    if category == "No":
        return character
    plain = _LOOKALIKES.get(character) or unicodedata.normalize("NFKC", character).upper()
    return plain if len(plain) == 1 else character


# --- what is looked for --------------------------------------------------------------------------

_GAP = r"[ \t\-._/()~]{0,3}+"
_MOBILE = rf"1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}"
_EXTENSION = r"(?:[ -]?(?:转|分机号?|EXT\.?)[ :]?[0-9]{1,6}(?![0-9]))?"
_NO_MONEY = r"(?! ?(?:元(?!旦)|万元|亿元|块钱))"
_LOCAL = r"[2-9][0-9]{2,3}[ -]?[0-9]{4}(?![0-9])"
_BODY = "[A-HJ-NP-Z0-9]"
_PLATE_GAP = r"[ .\-_]{0,2}+"
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_YEAR_FIRST = re.compile(r"19[0-9]{2}[-./~](?:[0-9]{1,2}[-./][0-9]{1,2}|(?:19|20)[0-9]{2})\b")
_MOST_GROUPS = 4
_CARRIER = 3
_DATE = 8
_FEWEST_DIGITS = 2


def _always(_found: str) -> bool:
    return True


def _grouped_like_a_phone(found: str) -> bool:
    """A number broken up as people break up phone numbers, and not as dates or decimals are."""
    found = re.sub(r"^(?:\+|00)?86(?=[^0-9]*1)", "", found)
    sizes = [len(group) for group in re.findall(r"[0-9]+", found)]
    if len(sizes) == 1 or max(sizes) == 1:
        return True
    if _YEAR_FIRST.match(found):
        return False
    if "." in found:
        return sizes in ([3, 4, 4], [3, 8], [7, 4], [4, 4, 3])
    return len(sizes) <= _MOST_GROUPS or sizes[0] == _CARRIER


def _not_a_date(found: str) -> bool:
    digits = re.sub(r"[^0-9]", "", found)
    return not (len(digits) == _DATE and _is_date(digits))


def _born_somewhere(found: str) -> bool:
    """Eighteen characters with the province and the birth date of a resident ID."""
    digits = re.sub(r"[^0-9X]", "", found)
    century = digits[6:8] in {"18", "19", "20"}
    return century and bool(_PROVINCE.match(digits)) and _is_date(digits[6:14])


def _born_before_2000(found: str) -> bool:
    return bool(_PROVINCE.match(found)) and _is_date(f"19{found[6:12]}")


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


def _passes_luhn(found: str) -> bool:
    digits = [int(c) for c in re.sub(r"[^0-9]", "", found)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _has_two_digits(found: str) -> bool:
    return sum(c.isdigit() for c in found) >= _FEWEST_DIGITS


@dataclass(frozen=True, slots=True)
class _Detector:
    """A pattern on the folded text, and a second look at what it finds."""

    kind: PersonalDataKind
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = _always
    spelled: bool = False

    def find(self, source: str, folded: str) -> Iterator[tuple[int, int]]:
        """Yield the places found; after a refused find the search goes on one place later."""
        match = self.pattern.search(source)
        while match:
            start, end = match.span("it")
            good = self.check(match["it"]) and (
                not self.spelled or _stands_free(folded, start, end)
            )
            if good:
                yield start, end
            match = self.pattern.search(source, end if good else start + 1)


def _stands_free(folded: str, start: int, end: int) -> bool:
    """Spelled with Chinese numerals, and no written digit goes on at either end."""
    inside = folded[start:end]
    before, after = folded[start - 1 : start], folded[end : end + 1]
    return (
        any(ord(c) in _NUMERALS for c in inside)
        and not (_is_written(inside[0]) and _is_written(before))
        and not (_is_written(inside[-1]) and _is_written(after))
    )


def _is_written(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _detector(
    kind: PersonalDataKind, pattern: str, check: Callable[[str], bool] = _always
) -> _Detector:
    return _Detector(kind, re.compile(pattern), check)


def _spelled(
    kind: PersonalDataKind, pattern: str, check: Callable[[str], bool] = _always
) -> _Detector:
    return _Detector(kind, re.compile(pattern), check, spelled=True)


_DETECTORS = (
    _detector(
        PersonalDataKind.EMAIL,
        r"(?P<it>(?<![A-Z0-9._%+-])[A-Z0-9._%+-]++@[A-Z0-9-]{1,63}(?:\.[A-Z0-9-]{1,63}){1,8})",
    ),
    _detector(
        PersonalDataKind.RESIDENT_ID,
        rf"(?<![0-9])(?P<it>[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9X])(?![0-9])",
        _born_somewhere,
    ),
    _detector(
        PersonalDataKind.RESIDENT_ID,
        r"(?<![0-9])(?P<it>[1-9][0-9]{14})(?![0-9])",
        _born_before_2000,
    ),
    _spelled(
        PersonalDataKind.RESIDENT_ID,
        rf"(?P<it>[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9X])",
        _born_somewhere,
    ),
    *(
        _detector(
            PersonalDataKind.BANK_CARD,
            rf"(?<![0-9])(?P<it>(?:[3-6]|9{_GAP}5)(?:{_GAP}[0-9]){{{size}}})(?![0-9])",
            _passes_luhn,
        )
        for size in (18, 17, 16, 15)
    ),
    _detector(
        PersonalDataKind.PHONE,
        rf"(?<![0-9])(?P<it>(?:(?:\+|00)?86{_GAP})?{_MOBILE}(?![0-9]){_NO_MONEY}{_EXTENSION})",
        _grouped_like_a_phone,
    ),
    _spelled(PersonalDataKind.PHONE, rf"(?P<it>{_MOBILE}){_NO_MONEY}"),
    _detector(
        PersonalDataKind.PHONE,
        r"(?<![0-9])(?P<it>(?:(?:\+?86[ -]?)?\(?0|(?:\+|00)86[ -]?)"
        r"(?:10|2[0-9]|[3-9][0-9]{2})\)?[ -]{0,2}"
        rf"{_LOCAL}(?:-[0-9]{{1,6}}(?![0-9]))?{_EXTENSION})",
    ),
    _detector(
        PersonalDataKind.PHONE,
        rf"(?:电话|座机|固话|联系方式|TEL)[^0-9\n]{{0,4}}(?P<it>{_LOCAL}){_NO_MONEY}",
        _not_a_date,
    ),
    _detector(
        PersonalDataKind.PLATE,
        r"(?P<it>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
        rf"{_PLATE_GAP}[A-HJ-NP-Z]{_PLATE_GAP}"
        rf"(?:[A-HJK]{_PLATE_GAP}{_BODY}(?:{_PLATE_GAP}[0-9]){{4}}"
        rf"|[0-9](?:{_PLATE_GAP}[0-9]){{4}}{_PLATE_GAP}[A-HJK]"
        rf"|{_BODY}(?:{_PLATE_GAP}{_BODY}){{3}}{_PLATE_GAP}[A-HJ-NP-Z0-9挂学警港澳领使试超]))"
        r"(?![A-Z0-9])",
        _has_two_digits,
    ),
)
