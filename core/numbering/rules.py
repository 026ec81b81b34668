"""How numbers are written."""

import re
import secrets
from datetime import date

SERIAL_MAX = 999_999
QUERY_CODE_LENGTH = 8
QUERY_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_REGION = re.compile(r"[0-9]{6}\Z")
_DIGIT = re.compile(r"[0-9]\Z")


def ticket_number(*, region: str, day: date, channel: str, serial: int) -> str:
    """Return a ticket number of 21 digits: 区划 6 + yyyymmdd + 通道 1 + 流水 6.

    No national pattern exists; this one is the project's own. ``region`` is a code of six digits,
    ``channel`` one digit, ``serial`` 1 to 999999. The number never opens a ticket by itself.
    """
    if not _REGION.match(region):
        raise ValueError(f"region needs six digits: {region!r}")
    if not _DIGIT.match(channel):
        raise ValueError(f"channel needs one digit: {channel!r}")
    if not 1 <= serial <= SERIAL_MAX:
        raise ValueError(f"serial needs one to six digits: {serial}")
    return f"{region}{day:%Y%m%d}{channel}{serial:06d}"


def order_number(*, ticket_no: str, index: int) -> str:
    """Return the number of the n-th handling order of a ticket, such as ``…000123-01``."""
    if index < 1:
        raise ValueError(f"orders count from 1: {index}")
    return f"{ticket_no}-{index:02d}"


def notice_number(*, organ: str, year: int, number: int) -> str:
    """Return a document number in the official form, such as ``蓉江热受〔2026〕1号``.

    ``organ`` is the 机关代字; the year stands in hexagonal brackets and the number has no leading
    zeros (GB/T 9704-2012).
    """
    if number < 1:
        raise ValueError(f"documents count from 1: {number}")
    return f"{organ}〔{year}〕{number}号"


def query_code() -> str:
    """Return eight random characters that nobody confuses when they are read out.

    31 signs without 0/O, 1/I/L: 8.5 × 10¹¹ codes from the operating system's random source.
    """
    return "".join(secrets.choice(QUERY_CODE_ALPHABET) for _ in range(QUERY_CODE_LENGTH))
