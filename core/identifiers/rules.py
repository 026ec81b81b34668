"""Check digits and canonical forms, as pure functions on strings.

Every refusal is an :class:`InvalidIdentifier` with a stable ``code`` and a Chinese ``message`` that
names the rule. No refusal repeats the value: it is personal data and would end up in logs.

What the schemes can and cannot see is written at each function; the tests measure it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import phonenumbers

from core.errors import InvalidError
from core.errors import gettext_noop as _

DIGITS_AND_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LICENCE_ROOT = "1.2.156.3005.2"

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_MAX_RAW = 200
_USCC_LENGTH = 18
_RESIDENT_LENGTH = 18
_LICENCE_TYPE_LENGTH = _USCC_LENGTH + 3
_LICENCE_PARTS = 5
_MOBILE = re.compile(r"(?:(?:\+|00)?86|0)?(1[3-9][0-9]{9})")
_PHONE_BODY = re.compile(r"[+0-9() .-]+")
_EXTENSION = re.compile(r"^(.*?)(?:转|分机号?|;?EXT|X|#)[:.=]?([0-9]{1,6})$")
_DASHED_EXTENSION = re.compile(r"^(\(?0[0-9]{2,3}\)?-?[0-9]{7,8})-([0-9]{1,6})$")
_RESIDENT_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_USCC_BODY = re.compile(r"[0-9A-HJ-NPQRTUWXY]{17}")
_ORG_BODY = re.compile(r"[0-9A-Z]{8}")
_USCC_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_LICENCE_PART = re.compile(r"[0-9A-Z]+")
_VERSION = re.compile(r"(?!000)[0-9]{3}")


class InvalidIdentifier(InvalidError, ValueError):  # noqa: N818  the rule is what is named
    """A value breaks the rule of its kind; ``code`` says which rule."""

    code = "identifier_invalid"
    message = _("号码不符合规则。")


class InvalidPhone(InvalidIdentifier):
    """Not a telephone number that somebody could be called on."""

    code = "phone_invalid"
    message = _("电话号码不正确：手机号为 11 位数字，固定电话请写成“区号-号码”。")


class PhoneWithoutAreaCode(InvalidPhone):
    """A landline number without its area code."""

    code = "phone_without_area_code"
    message = _("固定电话缺少区号：请写成“区号-号码”。")


class InvalidResidentId(InvalidIdentifier):
    """Not a resident ID number: characters other than 17 digits and a digit or X."""

    code = "resident_id_characters"
    message = _("身份证号码只能由 17 位数字加最后一位数字或 X 组成。")


class ResidentIdLength(InvalidResidentId):
    """Not 18 characters long."""

    code = "resident_id_length"
    message = _("身份证号码应为 18 位。")


class ResidentIdFirstGeneration(InvalidResidentId):
    """A 15-digit number of the first generation, no longer valid."""

    code = "resident_id_15_digits"
    message = _("15 位身份证号码已停止使用，请填写 18 位号码。")


class ResidentIdBirthDate(InvalidResidentId):
    """Positions 7 to 14 are no day of the calendar."""

    code = "resident_id_birth_date"
    message = _("身份证号码第 7 至 14 位不是真实存在的出生日期。")


class ResidentIdBornLater(InvalidResidentId):
    """The birth date lies after the day of reference."""

    code = "resident_id_born_later"
    message = _("身份证号码中的出生日期晚于当前日期。")


class ResidentIdCheckDigit(InvalidResidentId):
    """The last character does not follow from the first 17."""

    code = "resident_id_check_digit"
    message = _("身份证号码校验位不正确，请核对是否有数字写错或颠倒。")


class BirthDateAfterReference(InvalidIdentifier):
    """An age was asked for on a day before birth."""

    code = "age_before_birth"
    message = _("出生日期晚于计算年龄的日期。")


class InvalidUscc(InvalidIdentifier):
    """Not a unified social credit code: wrong characters (I, O, S, V, Z are never used)."""

    code = "uscc_characters"
    message = _("统一社会信用代码只含数字和大写字母（不含 I、O、S、V、Z），第 3 至 8 位为数字。")


class UsccLength(InvalidUscc):
    """Not 18 characters long."""

    code = "uscc_length"
    message = _("统一社会信用代码应为 18 位。")


class UsccCheckCharacter(InvalidUscc):
    """The last character does not follow from the first 17."""

    code = "uscc_check_character"
    message = _("统一社会信用代码校验位不正确，请核对是否有字符写错或颠倒。")


class UsccOrganisationCode(InvalidUscc):
    """Positions 9 to 17 are no organisation code of GB 11714."""

    code = "uscc_organisation_code"
    message = _("统一社会信用代码第 9 至 17 位（主体标识码）校验不正确。")


class InvalidOrganisationCode(InvalidIdentifier):
    """Not the eight characters that an organisation code is computed from."""

    code = "organisation_code_characters"
    message = _("组织机构代码本体应为 8 位数字或大写字母。")


class InvalidLicenceIdentifier(InvalidIdentifier):
    """Not a licence identifier: not five parts of digits and letters behind the root."""

    code = "licence_identifier_structure"
    message = _("证照标识应由根代码、类型、颁发机构、流水号、版本号、校验位六部分以“.”连接。")


class LicenceRoot(InvalidLicenceIdentifier):
    """Does not begin with the root of licence identifiers."""

    code = "licence_identifier_root"
    message = _("证照标识应以 1.2.156.3005.2 开头。")


class LicenceVersion(InvalidLicenceIdentifier):
    """The version is not three digits from 001."""

    code = "licence_identifier_version"
    message = _("证照标识的版本号应为 001 至 999 的三位数字。")


class LicenceCheckCharacter(InvalidLicenceIdentifier):
    """The last character does not follow from the others."""

    code = "licence_identifier_check"
    message = _("证照标识校验位不正确。")


class Sex(StrEnum):
    """Sex as the resident ID records it."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident ID that passed every check; ``area`` may long have been abolished."""

    number: str
    birth_date: date
    sex: Sex
    area: str


@dataclass(frozen=True, slots=True)
class Uscc:
    """A unified social credit code that passed every check, and its parts (GB 32100)."""

    code: str
    registrar: str
    category: str
    area: str
    organisation_code: str


@dataclass(frozen=True, slots=True)
class LicenceIdentifier:
    """A licence identifier whose check character holds; ``warnings`` lists unusual lengths."""

    text: str
    type_code: str
    issuer: str
    serial: str
    version: str
    check: str
    warnings: tuple[str, ...]


def normalise_phone(raw: str) -> str:
    """Return the one spelling of a telephone number that look-ups compare: ``+8613800138000``.

    Full-width digits, blanks, dashes, brackets, +86, 0086 and a leading 0 before a mobile are
    accepted; an extension (转801, 分机801, -801) is kept as ``;ext=801``. Numbers with another
    country code are accepted when they are valid there. Mobiles are 1 and 3-9 and nine more digits,
    so that a prefix issued tomorrow is not refused. Raises :class:`InvalidPhone`, or
    :class:`PhoneWithoutAreaCode` for a bare local number.
    """
    body, extension = _split_extension(_fold_dashes(_compact(raw)))
    if not _PHONE_BODY.fullmatch(body):
        raise InvalidPhone
    mobile = _MOBILE.fullmatch(re.sub(r"[() .-]", "", body))
    canonical = f"+86{mobile[1]}" if mobile else _normalise_landline(body)
    return f"{canonical};ext={extension}" if extension else canonical


def check_resident_id(raw: str, *, on: date) -> ResidentId:
    """Return the resident ID in ``raw`` with what it says, or raise (GB 11643).

    Lower-case x, full-width characters and blanks are accepted. The birth date must be real and not
    after ``on``. The area code is never a ground for refusal: many were abolished. MOD 11-2 sees
    every wrong character and every swap of neighbours.
    """
    number = _compact(raw)
    _check_resident_shape(number)
    born = _birth_date(number)
    if born > on:
        raise ResidentIdBornLater
    total = sum(int(c) * w for c, w in zip(number[:17], _RESIDENT_WEIGHTS, strict=True))
    if _RESIDENT_CHECKS[total % 11] != number[17]:
        raise ResidentIdCheckDigit
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return ResidentId(number=number, birth_date=born, sex=sex, area=number[:6])


def age_on(birth_date: date, on: date) -> int:
    """Return the full years of age on the day ``on``, counting birthdays.

    A year of age is full on the birthday itself. Who was born on 29 February has the birthday on
    28 February in a common year: a period without its corresponding day ends with the month
    (民法典 art. 202). Raises :class:`BirthDateAfterReference`.
    """
    if on < birth_date:
        raise BirthDateAfterReference
    years = on.year - birth_date.year
    return years if on >= _birthday_in(birth_date, on.year) else years - 1


def check_uscc(raw: str) -> Uscc:
    """Return the unified social credit code in ``raw`` with its parts, or raise (GB 32100).

    Lower case, full-width characters and blanks are accepted. Modulo 31 with distinct weights sees
    every wrong character and every swap of neighbours; positions 9 to 17 are also checked as an
    organisation code (GB 11714).
    """
    code = _compact(raw)
    if len(code) != _USCC_LENGTH:
        raise UsccLength
    if not _USCC_SHAPE.fullmatch(code):
        raise InvalidUscc
    if uscc_check_character(code[:17]) != code[17]:
        raise UsccCheckCharacter
    if org_code_check_digit(code[8:16]) != code[16]:
        raise UsccOrganisationCode
    return Uscc(code, code[0], code[1], code[2:8], code[8:17])


def uscc_check_character(body: str) -> str:
    """Return the 18th character for the 17 characters in ``body`` (GB 32100), or raise."""
    if not _USCC_BODY.fullmatch(body):
        raise InvalidUscc
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def org_code_check_digit(body: str) -> str:
    """Return the check digit (0-9 or X) for the eight characters in ``body`` (GB 11714), or raise.

    Modulo 11 over 36 values cannot see characters that are 11 apart taken for each other, such as
    0, B, M and X; every other wrong character and swap of neighbours is seen.
    """
    if not _ORG_BODY.fullmatch(body):
        raise InvalidOrganisationCode
    values = (DIGITS_AND_LETTERS.index(c) for c in body)
    total = sum(v * w for v, w in zip(values, _ORG_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def licence_check_character(*, type_code: str, issuer: str, serial: str, version: str) -> str:
    """Return the check character of a licence identifier (GB/T 36904, ISO/IEC 7064 MOD 37,36).

    The root and the dots take no part. The scheme sees every wrong character; of swapped neighbours
    it misses about one in six hundred, and only where the two stand next to each other in the
    alphabet (GH for HG, Z0 for 0Z). Raises :class:`InvalidLicenceIdentifier` on odd characters.
    """
    product = 36
    for part in (type_code, issuer, serial, version):
        if not _LICENCE_PART.fullmatch(part):
            raise InvalidLicenceIdentifier
        for character in part:
            product = ((product + DIGITS_AND_LETTERS.index(character)) % 36 or 36) * 2 % 37
    return DIGITS_AND_LETTERS[(37 - product) % 36]


def check_licence_identifier(raw: str) -> LicenceIdentifier:
    """Return the licence identifier in ``raw`` with its parts, or raise (GB/T 36904).

    Lower case is raised and dashes inside the serial are dropped, as issuing systems do. A type
    that is not 21 characters or an issuer that is not 18 long is only a warning
    (``licence_type_length``, ``licence_issuer_length``): such identifiers are in circulation.
    """
    parts = _split_licence(_fold_dashes(_compact(raw)))
    type_code, issuer, serial, version, check = parts
    if not _VERSION.fullmatch(version):
        raise LicenceVersion
    expected = licence_check_character(
        type_code=type_code, issuer=issuer, serial=serial, version=version
    )
    if check != expected:
        raise LicenceCheckCharacter
    text = ".".join((LICENCE_ROOT, *parts))
    return LicenceIdentifier(text, *parts, warnings=_licence_warnings(type_code, issuer))


def _compact(raw: str) -> str:
    """Fold width and case, drop blanks and invisible characters; far too long becomes empty."""
    if len(raw) > _MAX_RAW:
        return ""
    folded = unicodedata.normalize("NFKC", raw).upper()
    return "".join(c for c in folded if unicodedata.category(c) not in {"Cf", "Zs", "Cc"})


def _fold_dashes(text: str) -> str:
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in text)


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.match(text) or _DASHED_EXTENSION.match(text)
    return (found[1], found[2]) if found else (text, "")


def _normalise_landline(body: str) -> str:
    if re.fullmatch(r"[2-9][0-9]{6,7}", body.replace("-", "")):
        raise PhoneWithoutAreaCode
    try:
        number = phonenumbers.parse(body, "CN")
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone from error
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _check_resident_shape(number: str) -> None:
    if re.fullmatch(r"[0-9]{15}", number):
        raise ResidentIdFirstGeneration
    if len(number) != _RESIDENT_LENGTH:
        raise ResidentIdLength
    if not _RESIDENT_SHAPE.fullmatch(number):
        raise InvalidResidentId


def _birth_date(number: str) -> date:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise ResidentIdBirthDate from error


def _birthday_in(birth_date: date, year: int) -> date:
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _split_licence(text: str) -> tuple[str, str, str, str, str]:
    if not text.startswith(f"{LICENCE_ROOT}."):
        raise LicenceRoot
    parts = text.removeprefix(f"{LICENCE_ROOT}.").split(".")
    if len(parts) != _LICENCE_PARTS:
        raise InvalidLicenceIdentifier
    type_code, issuer, serial, version, check = parts
    return type_code, issuer, serial.replace("-", ""), version, check


def _licence_warnings(type_code: str, issuer: str) -> tuple[str, ...]:
    odd = {
        "licence_type_length": len(type_code) != _LICENCE_TYPE_LENGTH,
        "licence_issuer_length": len(issuer) != _USCC_LENGTH,
    }
    return tuple(code for code, is_odd in odd.items() if is_odd)
