"""Reading a table of categories and comparing it with what is there. Plain values only."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.errors import gettext_noop as _

COLUMNS = ("代码", "名称", "关键词", "默认类型", "默认承办单位", "外部代码", "所依标准", "启用")
_CODE = re.compile(r"^([0-9]{2}){1,3}$")
_TRUE = frozenset({"是", "1", "true", "启用", ""})
_FALSE = frozenset({"否", "0", "false", "停用"})
MOST_ROWS = 2_000
NAME_LENGTH = 60
KEYWORD_LENGTH = 20


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category as a table says it; ``unit`` is the code of an organisation."""

    code: str
    name: str
    keywords: tuple[str, ...] = ()
    kind: str = ""
    unit: str = ""
    external_code: str = ""
    standard: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that stays out, with its line and the reason."""

    line: int
    reason: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would be another one."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a table would do: categories to add, to change, and how many stay."""

    added: tuple[CategoryRow, ...]
    changed: tuple[tuple[CategoryRow, tuple[Change, ...]], ...]
    unchanged: int


class NoTableError(ValueError):
    """The text is no table of categories; the message says why."""


def read_table(
    text: str,
    *,
    kinds: Mapping[str, str],
    units: Iterable[str],
    present: Mapping[str, CategoryRow],
) -> tuple[list[CategoryRow], list[BadRow]]:
    """Return the good rows and the bad ones.

    ``kinds`` maps words to values, ``units`` are the codes that exist, ``present`` the categories
    by code. A parent must exist or stand in the table. A column that the table does not have keeps
    what is there; an empty cell empties it. Raises NoTableError.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not reader.fieldnames or not {"代码", "名称"} <= {n.strip() for n in reader.fieldnames}:
        raise NoTableError(_("第一行应为列名，至少包含“代码”和“名称”。"))
    lines = [
        (reader.line_num, {(k or "").strip(): (v or "") for k, v in row.items() if k is not None})
        for row in reader
    ]
    if len(lines) > MOST_ROWS:
        raise NoTableError(_("一次最多导入 2000 行。"))
    checker = _Checker(kinds, frozenset(units), present)
    checker.codes |= {values.get("代码", "").strip() for _line, values in lines}
    return checker.sort(lines)


class _Checker:
    """Sorts rows into good and bad ones."""

    def __init__(
        self,
        kinds: Mapping[str, str],
        units: frozenset[str],
        present: Mapping[str, CategoryRow],
    ) -> None:
        self.kinds, self.units, self.present = kinds, units, present
        self.codes = set(present)
        self.seen: set[str] = set()

    def sort(
        self, lines: Iterable[tuple[int, Mapping[str, str]]]
    ) -> tuple[list[CategoryRow], list[BadRow]]:
        good: list[CategoryRow] = []
        bad: list[BadRow] = []
        for line, values in lines:
            reason = self.problem(values)
            if reason:
                bad.append(BadRow(line, reason, values))
            else:
                good.append(self.row(values))
        return good, bad

    def problem(self, values: Mapping[str, str]) -> str:
        """Return why the row stays out, or nothing."""
        problems = (self._code(values), self._name(values), self._choices(values))
        return next((text for text in problems if text), "")

    def _code(self, values: Mapping[str, str]) -> str:
        code = values.get("代码", "").strip()
        if not _CODE.fullmatch(code):
            return _("代码应为 2、4 或 6 位数字。")
        if code in self.seen:
            return _("代码在表中重复出现。")
        self.seen.add(code)
        if code[:-2] and code[:-2] not in self.codes:
            return _("上级分类不存在。")
        return ""

    def _name(self, values: Mapping[str, str]) -> str:
        name = values.get("名称", "").strip()
        if not name or len(name) > NAME_LENGTH:
            return _("名称不能为空，且不超过 60 个字。")
        if any(len(word) > KEYWORD_LENGTH for word in _words(values)):
            return _("每个关键词不超过 20 个字。")
        return ""

    def _choices(self, values: Mapping[str, str]) -> str:
        kind, unit = values.get("默认类型", "").strip(), values.get("默认承办单位", "").strip()
        if kind and kind not in self.kinds and kind not in self.kinds.values():
            return _("默认类型不是已有的诉求类型。")
        if unit and unit not in self.units:
            return _("默认承办单位的代码不存在或已停用。")
        if values.get("启用", "").strip().lower() not in _TRUE | _FALSE:
            return _("“启用”只能填 是 或 否。")
        return ""

    def row(self, values: Mapping[str, str]) -> CategoryRow:
        """Return the row; what the table has no column for stays as it is."""
        code = values["代码"].strip()
        kept = self.present.get(code, CategoryRow(code=code, name=""))
        kind = values.get("默认类型", kept.kind).strip()
        active = values.get("启用")
        return CategoryRow(
            code=code,
            name=values["名称"].strip(),
            keywords=_words(values) if "关键词" in values else kept.keywords,
            kind=self.kinds.get(kind, kind),
            unit=values.get("默认承办单位", kept.unit).strip(),
            external_code=values.get("外部代码", kept.external_code).strip()[:40],
            standard=values.get("所依标准", kept.standard).strip()[:60],
            is_active=kept.is_active if active is None else active.strip().lower() in _TRUE,
        )


def _words(values: Mapping[str, str]) -> tuple[str, ...]:
    words = re.split(r"[\s,，、;；|]+", values.get("关键词", ""))
    return tuple(dict.fromkeys(word for word in words if word))


def compare(*, wanted: Iterable[CategoryRow], present: Mapping[str, CategoryRow]) -> Difference:
    """Say what would be added and changed; what the table does not name stays as it is."""
    added: list[CategoryRow] = []
    changed: list[tuple[CategoryRow, tuple[Change, ...]]] = []
    unchanged = 0
    for row in sorted(wanted, key=lambda row: row.code):
        before = present.get(row.code)
        if before is None:
            added.append(row)
        elif before == row:
            unchanged += 1
        else:
            changed.append((row, _changes(before, row)))
    return Difference(tuple(added), tuple(changed), unchanged)


def _changes(before: CategoryRow, after: CategoryRow) -> tuple[Change, ...]:
    pairs = (
        (field.name, getattr(before, field.name), getattr(after, field.name))
        for field in fields(CategoryRow)
    )
    return tuple(Change(name, _text(old), _text(new)) for name, old, new in pairs if old != new)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return " ".join(value) if isinstance(value, tuple) else str(value)
