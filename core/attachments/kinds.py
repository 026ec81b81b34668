"""What a file really is, told by its content alone.

The allow-list is ours and strict: a signature at the very start, so that nothing can hide in
front of it. Names and declared types are not believed.
"""

from dataclasses import dataclass
from typing import BinaryIO

import puremagic

from core.attachments.errors import TypeNotAllowedError

HEAD_BYTES = 4096
MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "}
)
MPEG_AUDIO_SYNC = 0xE0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that we take."""

    content_type: str
    extension: str


JPEG = Kind("image/jpeg", "jpg")
PNG = Kind("image/png", "png")
WEBP = Kind("image/webp", "webp")
PDF = Kind("application/pdf", "pdf")
MP4 = Kind("video/mp4", "mp4")
MP3 = Kind("audio/mpeg", "mp3")
AMR = Kind("audio/amr", "amr")
WAV = Kind("audio/wav", "wav")
DOCX = Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx")
XLSX = Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
OOXML = Kind("application/zip", "zip")
IMAGES = frozenset({JPEG, PNG, WEBP})

_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"%PDF-", PDF),
    (b"#!AMR\n", AMR),
    (b"#!AMR-WB\n", AMR),
    (b"ID3", MP3),
    (b"PK\x03\x04", OOXML),
)


def sniff(file: BinaryIO) -> Kind:
    """Return what the file begins like, rewound; OOXML stands for "a ZIP, look inside".

    Raises TypeNotAllowedError, with our best guess of what it was in ``details["found"]``.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    kind = _by_start(head) or _by_container(head)
    if kind is None:
        raise TypeNotAllowedError(found=_guess(head))
    return kind


def _by_start(head: bytes) -> Kind | None:
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)


def _by_container(head: bytes) -> Kind | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp" and head[8:12] in MP4_BRANDS:
        return MP4
    return MP3 if _is_mpeg_layer_three(head) else None


def _is_mpeg_layer_three(head: bytes) -> bool:
    """A frame header: eleven sync bits, layer III, and neither reserved version nor bad rates."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & MPEG_AUDIO_SYNC != MPEG_AUDIO_SYNC:  # noqa: PLR2004  header bytes
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, sampling = head[2] >> 4, head[2] >> 2 & 3
    return layer == 1 and version != 1 and 0 < bitrate < 15 and sampling != 3  # noqa: PLR2004  header bits


def _guess(head: bytes) -> str:
    try:
        return str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""
