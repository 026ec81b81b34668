"""From one row of a file to a contact: which column means what, and what a row must hold."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from hotline.rules.intake import NewContact, clean_line

FIELDS = (
    "source",
    "external_id",
    "title",
    "content",
    "region",
    "address",
    "lng",
    "lat",
    "kind",
    "category",
    "urgency",
    "confidential",
    "publishable",
    "accused_unit",
    "received_at",
    "caller_name",
    "caller_phone",
    "caller_id_no",
)
ID_MAX = 120
TRUE_WORDS = {"1", "true", "yes", "y", "是", "对"}
FALSE_WORDS = {"", "0", "false", "no", "n", "否"}
MOMENT_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
)


class BadRowError(ValueError):
    """A row cannot become a contact; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the file has it. ``line`` counts from 1 with the header; ``problem`` is set when
    the file itself could not give the row."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RowReader:
    """How the columns of one file are read.

    ``columns`` maps our field to the file's column; what it leaves out is looked for under our
    own name. ``defaults`` fill what the file does not have.
    """

    source: str
    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    zone: tzinfo

    def text(self, row: Row, name: str) -> str:
        """Return one field as text."""
        value = row.values.get(self.columns.get(name, name))
        if value is None and name.startswith("caller_"):
            caller = row.values.get("caller")
            value = caller.get(name.removeprefix("caller_")) if isinstance(caller, dict) else None
        if value is None and name in {"lng", "lat"}:
            location = row.values.get("location")
            value = location.get(name) if isinstance(location, dict) else None
        return str(value).strip() if value not in (None, "") else self.defaults.get(name, "")

    def external_id(self, row: Row) -> str:
        """Return the row's own id, or the digest of its words: the same row is the same id."""
        given = clean_line(self.text(row, "external_id"))
        if given and len(given) <= ID_MAX:
            return given
        words = given or "\x1f".join(self.text(row, name) for name in FIELDS)
        return "sha256:" + hashlib.sha256(words.encode(errors="replace")).hexdigest()[:40]

    def contact(self, row: Row) -> NewContact:
        """Return the contact; raises BadRowError for a value that cannot be read."""
        text = {name: self.text(row, name) for name in FIELDS}
        return NewContact(
            source=self.source,
            external_id=self.external_id(row),
            title=text["title"],
            content=text["content"],
            region=text["region"],
            address=text["address"],
            kind=text["kind"],
            category=text["category"],
            urgency=text["urgency"],
            caller_name=text["caller_name"],
            caller_phone=text["caller_phone"],
            caller_id_no=text["caller_id_no"],
            accused_unit=text["accused_unit"],
            lng=_decimal(text["lng"], "lng"),
            lat=_decimal(text["lat"], "lat"),
            confidential=_flag(text["confidential"], "confidential"),
            publishable=_flag(text["publishable"], "publishable"),
            received_at=read_moment(text["received_at"], self.zone),
        )


def _decimal(text: str, name: str) -> Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
        if value.is_finite():
            return round(value, 6)
    except InvalidOperation:
        pass
    raise BadRowError(f"{name}：“{text[:20]}”不是数字。")


def _flag(text: str, name: str) -> bool:
    word = text.lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadRowError(f"{name}：“{text[:20]}”应为 是 或 否。")


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """Read a date or moment in one of the usual forms; without an offset it is local time.

    Raises BadRowError for anything else.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _read_format(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _read_format(text: str) -> datetime:
    for form in MOMENT_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  the caller adds the zone
        except ValueError:
            continue
    raise BadRowError(f"received_at：“{text[:30]}”不是可识别的日期时间。")
