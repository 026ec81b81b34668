"""Real little files, made here."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)
SCRIPT = b"<script>alert(document.cookie)</script>"


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(
    form: str = "PNG", size: tuple[int, int] = (12, 8), mode: str = "RGB", **options: Any
) -> bytes:
    """Return a real picture."""
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else None).save(out, form, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    """Return a JPEG whose EXIF holds a camera and a place, turned on its side."""
    image = Image.new("RGB", (40, 20), "blue")
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90°
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (30.0, 39.0, 1.5)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"SecretComment")
    return out.getvalue()


def document(main: str = "word/document.xml", **parts: bytes | str) -> bytes:
    """Return a small OOXML file; ``parts`` are further entries (``__`` stands for ``/``)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr(main, "<x/>")
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def lying_bomb() -> bytes:
    """Return a document whose directory calls 210 MB of zeros a hundred bytes."""
    true_size = 210 * 1024 * 1024
    content = bytearray(document(word__media__a=b"\0" * true_size))
    claimed = struct.pack("<I", 100)
    start = 0
    while (at := content.find(struct.pack("<I", true_size), start)) >= 0:
        content[at : at + 4] = claimed
        start = at + 4
    return bytes(content)


def huge_png() -> bytes:
    """Return a PNG of a few hundred bytes that claims 20,000 × 20,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def upload(content: bytes, name: str = "照片.png") -> SimpleUploadedFile:
    """Return the content as Django hands it over."""
    return SimpleUploadedFile(name, content)


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 64
WAV = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 32
AMR = b"#!AMR\n" + b"\x3c" * 32
MP3 = b"\xff\xfb\x90\x64" + b"\0" * 64
TAGGED_MP3 = b"ID3\x04\0\0\0\0\0\0" + MP3
