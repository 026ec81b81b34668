"""CSV, XLSX and JSONL as one stream of rows; memory stays flat however long the file is."""

import codecs
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl

ENCODINGS = ("utf-8-sig", "gb18030")
SAMPLE_BYTES = 1 << 20
FIELD_LIMIT = 1 << 20
Item = tuple[int, dict[str, Any], str]


class FileProblemError(ValueError):
    """The file as a whole cannot be read; the text says why, in Chinese."""


def read_rows(path: Path, *, encoding: str = "") -> Iterator[Item]:
    """Yield (line, values, problem) for every row; ``problem`` is empty for a readable one.

    Raises FileProblemError for an unknown ending, a broken workbook or a missing header.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _read_csv(path, encoding or detect_encoding(path))
    if suffix in {".jsonl", ".ndjson"}:
        return _read_jsonl(path)
    if suffix == ".xlsx":
        return _read_xlsx(path)
    raise FileProblemError("只支持 .csv、.xlsx 和 .jsonl 文件。")


def detect_encoding(path: Path) -> str:
    """Return utf-8-sig when the beginning of the file is UTF-8, else gb18030 if it is that."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for name in ENCODINGS:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            decoder.decode(sample)
        except UnicodeDecodeError:
            continue
        return name
    raise FileProblemError("无法识别文件编码，请另存为 UTF-8 后再导入。")


def count_rows(path: Path) -> int | None:
    """Return about how many rows will come, for a progress bar; None when it is not cheap."""
    if path.suffix.lower() == ".xlsx":
        return None
    with path.open("rb") as file:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    return None if path.suffix.lower() == ".csv" else lines


def _read_csv(path: Path, encoding: str) -> Iterator[Item]:
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, None)
        if not header or not any(cell.strip() for cell in header):
            raise FileProblemError("文件第一行应为列名。")
        names = [cell.strip() for cell in header]
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield reader.line_num, {}, f"这一行不是有效的 CSV（{error}）。"
                continue
            if any(cells):
                yield _named(reader.line_num, names, cells)


def _named(line: int, names: list[str], cells: list[Any]) -> Item:
    if len(cells) > len(names):
        return line, {}, f"有 {len(cells)} 列，但列名只有 {len(names)} 个。"
    return line, dict(zip(names, cells, strict=False)), ""


def _read_jsonl(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line, text in enumerate(file, start=1):
            if text.strip():
                yield _parsed(line, text)


def _parsed(line: int, text: str) -> Item:
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return line, {}, "这一行不是有效的 JSON。"
    if not isinstance(values, dict):
        return line, {}, "这一行应为一个 JSON 对象。"
    return line, values, ""


def _read_xlsx(path: Path) -> Iterator[Item]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise FileProblemError("这个文件不是有效的 XLSX 工作簿。") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = next(rows, None)
        if not header or not any(header):
            raise FileProblemError("工作表第一行应为列名。")
        names = [str(cell or "").strip() for cell in header]
        for line, cells in enumerate(rows, start=2):
            if any(cell is not None for cell in cells):
                yield _named(line, names, list(cells))
    finally:
        book.close()
