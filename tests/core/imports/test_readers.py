"""Files as other systems and people make them: every row is read or named with its reason."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from core.imports import readers
from core.imports.readers import FIELD_MAX, LINE_MAX, FileProblemError, count_rows, read_rows

HEADER = "title,content\n"
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return what writes text or bytes into a file of this name."""

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes rows into a workbook."""

    def write(*rows: Iterable[Any]) -> Path:
        made = openpyxl.Workbook()
        assert made.active is not None
        for row in rows:
            made.active.append(list(row))
        made.save(tmp_path / "rows.xlsx")
        return tmp_path / "rows.xlsx"

    return write


def good(path: Path) -> list[dict[str, Any]]:
    return [values for _, values, problem in read_rows(path) if not problem]


def bad(path: Path) -> list[tuple[int, str]]:
    return [(line, problem) for line, _, problem in read_rows(path) if problem]


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_is_read_in_the_usual_encodings(self, written: Written, encoding: str) -> None:
        path = written("a.csv", f"{HEADER}路灯,㐂生僻字𠮷坏了\n", encoding)

        assert good(path) == [{"title": "路灯", "content": "㐂生僻字𠮷坏了"}]

    def test_a_cell_may_hold_line_breaks_commas_and_quotes(self, written: Written) -> None:
        path = written("a.csv", f'{HEADER}甲,"一行\n二行,""引""\r\n三行"\n乙,丙\n')

        assert list(read_rows(path)) == [
            (4, {"title": "甲", "content": '一行\n二行,"引"\r\n三行'}, ""),
            (5, {"title": "乙", "content": "丙"}, ""),
        ]

    def test_empty_lines_and_trailing_commas_are_nothing(self, written: Written) -> None:
        path = written("a.csv", f"{HEADER}\n,\n甲,乙,,\n")

        assert list(read_rows(path)) == [(4, {"title": "甲", "content": "乙"}, "")]

    def test_too_many_columns_are_named_and_stop_nothing(self, written: Written) -> None:
        path = written("a.csv", f"{HEADER}甲,乙,丙\n丁,戊\n")

        assert bad(path) == [(2, "有 3 列，但列名只有 2 个。")]
        assert good(path) == [{"title": "丁", "content": "戊"}]

    def test_missing_columns_are_just_missing(self, written: Written) -> None:
        assert good(written("a.csv", f"{HEADER}甲\n")) == [{"title": "甲"}]

    def test_a_nul_byte_reaches_the_rules_not_the_database(self, written: Written) -> None:
        assert good(written("a.csv", f"{HEADER}甲,乙\x00丙\n"))[0]["content"] == "乙\x00丙"

    def test_a_cell_of_a_hundred_thousand_characters_is_a_row(self, written: Written) -> None:
        path = written("a.csv", f"{HEADER}甲,{'字' * 100_000}\n乙,丙\n")

        assert [len(row["content"]) for row in good(path)] == [100_000, 1]

    @pytest.mark.parametrize(
        "monster",
        [
            "甲," + "字" * (FIELD_MAX + 1),
            "甲," + "字" * (LINE_MAX + 5),
            "甲," + ",".join(["字" * 1_000] * 1_100),
        ],
        ids=["cell", "line", "many cells"],
    )
    def test_a_monster_is_named_and_stops_nothing(self, written: Written, monster: str) -> None:
        path = written("a.csv", f"{HEADER}{monster}\n乙,丙\n")

        [(line, problem)] = bad(path)
        assert (line, problem.split("，")[0]) == (2, "这一行不是有效的 CSV")
        assert good(path) == [{"title": "乙", "content": "丙"}]

    def test_an_open_quote_swallows_no_more_than_a_cell(self, written: Written) -> None:
        rows = "甲,乙\n" * (FIELD_MAX // 2)
        path = written("a.csv", f'{HEADER}丙,"没有收尾\n{rows}')

        assert len(bad(path)) == 1
        assert len(good(path)) > FIELD_MAX // 4 - 10

    def test_bytes_that_are_no_text_are_replaced_late_in_a_file(self, written: Written) -> None:
        filling = b"x" * 999 + b",y\n"
        path = written("a.csv", HEADER.encode() + filling * 1_100 + b"\xff\xfe,z\n")

        assert good(path)[-1]["title"] == "\ufffd\ufffd"

    @pytest.mark.parametrize("content", ["", "\n", ",,\n甲,乙\n"])
    def test_needs_a_header(self, written: Written, content: str) -> None:
        with pytest.raises(FileProblemError, match="第一行应为列名"):
            list(read_rows(written("a.csv", content)))

    def test_refuses_what_is_no_text(self, written: Written) -> None:
        with pytest.raises(FileProblemError, match="无法识别文件编码"):
            read_rows(written("a.csv", bytes(range(256)) * 40))

    def test_refuses_an_encoding_that_does_not_exist(self, written: Written) -> None:
        with pytest.raises(FileProblemError, match="没有这种文本编码：klingon"):
            list(read_rows(written("a.csv", HEADER), encoding="klingon"))


class TestJsonLines:
    def test_reads_objects_and_skips_blank_lines(self, written: Written) -> None:
        path = written("a.jsonl", '\ufeff{"title": "甲"}\n\n  \n{"title": "乙"}\n')

        assert list(read_rows(path)) == [(1, {"title": "甲"}, ""), (4, {"title": "乙"}, "")]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"title": ', "这一行不是有效的 JSON。"),
            ("[1, 2]", "这一行应为一个 JSON 对象。"),
            ('"甲"', "这一行应为一个 JSON 对象。"),
            ("[" * 100_000, "这一行不是有效的 JSON。"),
            (f'{{"a": {"9" * 5_000}}}', "这一行不是有效的 JSON。"),
            (f'{{"a": "{"字" * LINE_MAX}"}}', f"这一行超过 {LINE_MAX} 个字符。"),
            ("\x00\x01", "这一行不是有效的 JSON。"),
        ],
    )
    def test_a_bad_line_is_named_and_stops_nothing(
        self, written: Written, line: str, reason: str
    ) -> None:
        path = written("a.jsonl", f'{{"n": 1}}\n{line}\n{{"n": 3}}\n')

        assert bad(path) == [(2, reason)]
        assert good(path) == [{"n": 1}, {"n": 3}]

    def test_an_empty_file_has_no_rows(self, written: Written) -> None:
        assert list(read_rows(written("a.jsonl", ""))) == []


class TestXlsx:
    def test_reads_the_first_sheet(self, book: Callable[..., Path]) -> None:
        path = book(["title", "n"], ["甲", 7], [None, None], ["乙", 2.5])

        assert list(read_rows(path)) == [
            (2, {"title": "甲", "n": 7}, ""),
            (4, {"title": "乙", "n": 2.5}, ""),
        ]

    def test_a_formula_without_a_stored_value_is_empty(self, book: Callable[..., Path]) -> None:
        path = book(["title", "content"], ["甲", '=HYPERLINK("http://x","点我")'])

        assert good(path) == [{"title": "甲", "content": None}]

    def test_formatted_but_empty_columns_are_nothing(self, tmp_path: Path) -> None:
        made = openpyxl.Workbook()
        assert made.active is not None
        made.active.append(["title"])
        made.active.append(["甲"])
        made.active["H2"].number_format = "0.00"
        made.save(tmp_path / "a.xlsx")

        assert good(tmp_path / "a.xlsx") == [{"title": "甲"}]

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04garbage", b"title,content\n"])
    def test_refuses_what_is_no_workbook(self, written: Written, content: bytes) -> None:
        with pytest.raises(FileProblemError, match="不是有效的 XLSX"):
            list(read_rows(written("a.xlsx", content)))

    @pytest.mark.parametrize(
        ("part", "content"),
        [
            ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c"),
            ("xl/worksheets/sheet1.xml", b""),
            ("xl/workbook.xml", b"<workbook/>"),
            ("[Content_Types].xml", b"<Types/>"),
        ],
    )
    def test_refuses_a_workbook_that_is_broken_inside(
        self, book: Callable[..., Path], tmp_path: Path, part: str, content: bytes
    ) -> None:
        path = repacked(book(["title"], ["甲"]), tmp_path / "broken.xlsx", {part: content})

        with pytest.raises(FileProblemError, match="不是有效的 XLSX"):
            list(read_rows(path))

    def test_refuses_a_sheet_that_unpacks_a_thousandfold(
        self, book: Callable[..., Path], tmp_path: Path
    ) -> None:
        bomb = {"xl/sharedStrings.xml": b"<si><t>0</t></si>" * 1_000_000}
        path = repacked(book(["title"], ["甲"]), tmp_path / "bomb.xlsx", bomb)
        assert path.stat().st_size < 200_000

        with pytest.raises(FileProblemError, match="解压后过大"):
            list(read_rows(path))

    def test_refuses_a_thousand_parts(self, book: Callable[..., Path], tmp_path: Path) -> None:
        parts = {f"xl/media/{n}.png": b"x" for n in range(readers.PARTS_MAX)}

        with pytest.raises(FileProblemError, match="解压后过大"):
            list(read_rows(repacked(book(["title"]), tmp_path / "many.xlsx", parts)))

    def test_needs_a_header(self, book: Callable[..., Path]) -> None:
        with pytest.raises(FileProblemError, match="第一行应为列名"):
            list(read_rows(book([None, None], ["甲"])))


def repacked(source: Path, target: Path, parts: dict[str, bytes]) -> Path:
    """Copy a workbook with other parts in it."""
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return target


class TestFiles:
    @pytest.mark.parametrize("name", ["a.xls", "a.txt", "a", "a.csv.zip"])
    def test_other_endings_are_refused(self, written: Written, name: str) -> None:
        with pytest.raises(FileProblemError, match=r"只支持 \.csv、\.xlsx 和 \.jsonl"):
            read_rows(written(name, HEADER))

    def test_endings_may_be_capital(self, written: Written) -> None:
        assert good(written("A.CSV", f"{HEADER}甲,乙\n")) == [{"title": "甲", "content": "乙"}]

    def test_rows_are_counted_where_that_is_cheap(self, written: Written) -> None:
        assert count_rows(written("a.jsonl", "{}\n{}\n")) == 2
        assert count_rows(written("a.csv", HEADER)) is None
        assert count_rows(written("a.xlsx", "")) is None


@pytest.mark.slow
class TestMemory:
    ROWS = 20_000
    BOUND_BYTES = 8 << 20

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_stays_flat_however_long_the_file_is(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / f"long.{kind}"
        row = {"title": "小区门口路灯不亮", "content": "三盏路灯一周不亮，老人出行不便。" * 12}
        with path.open("w", encoding="utf-8", newline="") as file:
            text = io.StringIO()
            csv.writer(text).writerow(row.values())
            line = text.getvalue() if kind == "csv" else json.dumps(row, ensure_ascii=False) + "\n"
            file.write(HEADER if kind == "csv" else "")
            file.writelines(line for _ in range(self.ROWS))
        assert path.stat().st_size > self.BOUND_BYTES

        tracemalloc.start()
        try:
            count = sum(1 for _ in read_rows(path))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

        assert count == self.ROWS
        assert peak < self.BOUND_BYTES
