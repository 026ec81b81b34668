"""Looking into a ZIP that wants to be a Word or Excel document, without being unpacked by it."""

import zipfile
import zlib
from typing import BinaryIO

from core.attachments.errors import ArchiveUnsafeError, FileBrokenError, TypeNotAllowedError
from core.attachments.kinds import DOCX, XLSX, Kind

MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 120
RATIO_FROM_BYTES = 1024 * 1024
CHUNK = 256 * 1024
ENCRYPTED = 0x1
_MAIN_PARTS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_ACTIVE = ("vbaproject", "vbadata", "activex/", "embeddings/", "macrosheets/")


def inspect(file: BinaryIO) -> Kind:
    """Return DOCX or XLSX for a sound document without macros.

    Sizes are read from the directory first and counted again while every part is read, so that a
    directory that lies is found. Raises TypeNotAllowedError for any other ZIP,
    ArchiveUnsafeError for bombs, macros and odd names, FileBrokenError for damage.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_directory(entries, _size_of(file))
            kind = _kind_of(archive, entries)
            _read_all(archive, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise FileBrokenError from error
    except (RuntimeError, UnicodeError, ValueError) as error:
        raise ArchiveUnsafeError from error
    file.seek(0)
    return kind


def _size_of(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _check_directory(entries: list[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    names = [entry.filename.lower() for entry in entries]
    unsafe = (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED_BYTES
        or packed > size
        or len(set(names)) != len(names)
        or any(entry.flag_bits & ENCRYPTED for entry in entries)
        or any(_is_unsafe_name(name) for name in names)
        or any(_is_too_dense(entry) for entry in entries)
    )
    if unsafe:
        raise ArchiveUnsafeError


def _is_unsafe_name(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith("/") or ".." in parts or any(active in name for active in _ACTIVE)


def _is_too_dense(entry: zipfile.ZipInfo) -> bool:
    if entry.file_size < RATIO_FROM_BYTES:
        return False
    return entry.file_size > MAX_RATIO * max(entry.compress_size, 1)


def _kind_of(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Kind:
    by_name = {entry.filename: entry for entry in entries}
    kinds = [kind for part, kind in _MAIN_PARTS.items() if part in by_name]
    types = by_name.get("[Content_Types].xml")
    if len(kinds) != 1 or types is None or types.file_size > CHUNK:
        raise TypeNotAllowedError(found="application/zip")
    declared = archive.read(types)[:CHUNK].lower()
    if b"macroenabled" in declared or b"vbaproject" in declared:
        raise ArchiveUnsafeError
    return kinds[0]


def _read_all(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    total = 0
    for entry in entries:
        with archive.open(entry) as part:
            while chunk := part.read(CHUNK):
                total += len(chunk)
                if total > MAX_UNPACKED_BYTES:
                    raise ArchiveUnsafeError
