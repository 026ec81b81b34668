"""CSV, XLSX and JSONL as one stream of rows; memory stays flat however long the file is."""

import codecs
import csv
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

ENCODINGS = ("utf-8-sig", "gb18030")
SAMPLE_BYTES = 1 << 20
LINE_MAX = 1 << 20
FIELD_MAX = 1 << 17
TOO_LONG = "x" * (FIELD_MAX + 1)
PARTS_MAX = 1_000
UNPACKED_MAX = 512 << 20
STRINGS_MAX = 64 << 20
RATIO_MAX = 200
RATIO_FREE = 1 << 20
BROKEN_BOOK = (
    ArithmeticError,
    AttributeError,
    BadZipFile,
    EOFError,
    InvalidFileException,
    LookupError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)
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
    csv.field_size_limit(FIELD_MAX)
    with _opened(path, encoding) as file:
        reader = csv.reader(_bounded(file))
        header = next(reader, None)
        if not header or not any(cell.strip() for cell in header):
            raise FileProblemError("文件第一行应为列名。")
        names = _names(header)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield reader.line_num, {}, f"这一行不是有效的 CSV，或一格超过 {FIELD_MAX} 个字符。"
                continue
            if any(cells):
                yield _named(reader.line_num, names, cells)


def _opened(path: Path, encoding: str) -> TextIO:
    try:
        return path.open(encoding=encoding, errors="replace", newline="")
    except LookupError as error:
        raise FileProblemError(f"没有这种文本编码：{encoding}。") from error


def _bounded(file: TextIO) -> Iterator[str]:
    """Yield the lines; in the place of one longer than LINE_MAX one that every reader refuses."""
    while line := file.readline(LINE_MAX):
        if line.endswith(("\n", "\r")) or len(line) < LINE_MAX:
            yield line
            continue
        while line and not line.endswith(("\n", "\r")):
            line = file.readline(LINE_MAX)
        yield TOO_LONG


def _names(header: Sequence[Any]) -> list[str]:
    names = [str(cell or "").strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    return names


def _named(line: int, names: list[str], cells: list[Any]) -> Item:
    while len(cells) > len(names) and cells[-1] in {None, ""}:
        cells.pop()
    if len(cells) > len(names):
        return line, {}, f"有 {len(cells)} 列，但列名只有 {len(names)} 个。"
    return line, dict(zip(names, cells, strict=False)), ""


def _read_jsonl(path: Path) -> Iterator[Item]:
    with _opened(path, "utf-8-sig") as file:
        for line, text in enumerate(_bounded(file), start=1):
            if text.strip():
                yield _parsed(line, text)


def _parsed(line: int, text: str) -> Item:
    if text is TOO_LONG:
        return line, {}, f"这一行超过 {LINE_MAX} 个字符。"
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):  # also a number with thousands of digits
        return line, {}, "这一行不是有效的 JSON。"
    if not isinstance(values, dict):
        return line, {}, "这一行应为一个 JSON 对象。"
    return line, values, ""


def _read_xlsx(path: Path) -> Iterator[Item]:
    with path.open("rb") as file:  # a sheet that was not read to its end would keep it open
        yield from _read_book(file)


def _read_book(file: BinaryIO) -> Iterator[Item]:
    try:
        _check_book(file)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except BROKEN_BOOK as error:
        raise _broken(error) from error
    try:
        yield from _read_sheet(book.worksheets[0].iter_rows(values_only=True))
    except BROKEN_BOOK as error:
        raise _broken(error) from error
    finally:
        book.close()


def _read_sheet(rows: Iterator[tuple[Any, ...]]) -> Iterator[Item]:
    header = next(rows, None)
    if not header or not any(header):
        raise FileProblemError("工作表第一行应为列名。")
    names = _names(header)
    for line, cells in enumerate(rows, start=2):
        if any(cell is not None for cell in cells):
            yield _named(line, names, list(cells))


def _check_book(file: BinaryIO) -> None:
    """Refuse a workbook that unpacks to far more than it holds; raises FileProblemError.

    The sizes are those that the archive states. One that states too little ends early and fails
    its checksum.
    """
    with ZipFile(file) as archive:
        parts = archive.infolist()
    strings = max(
        (p.file_size for p in parts if p.filename.endswith("sharedStrings.xml")), default=0
    )
    bombs = [p for p in parts if p.file_size > max(RATIO_FREE, RATIO_MAX * p.compress_size)]
    unpacked = sum(part.file_size for part in parts)
    if bombs or len(parts) > PARTS_MAX or unpacked > UNPACKED_MAX or strings > STRINGS_MAX:
        raise FileProblemError("这个工作簿解压后过大，请拆分，或另存为 CSV 后再导入。")


def _broken(error: Exception) -> FileProblemError:
    if isinstance(error, FileProblemError):
        return error
    return FileProblemError("这个文件不是有效的 XLSX 工作簿。")
