"""What a file is, and what is left of it."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from core.attachments import images, kinds, office
from core.attachments.errors import (
    ArchiveUnsafeError,
    FileBrokenError,
    PictureTooLargeError,
    TypeNotAllowedError,
)
from core.attachments.names import clean_name
from tests.core.attachments.conftest import (
    AMR,
    MP3,
    MP4,
    PDF,
    SCRIPT,
    TAGGED_MP3,
    WAV,
    document,
    huge_png,
    lying_bomb,
    photo_with_place,
    picture,
)


class TestSniff:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (picture("PNG"), kinds.PNG),
            (picture("JPEG"), kinds.JPEG),
            (picture("WEBP"), kinds.WEBP),
            (PDF, kinds.PDF),
            (MP4, kinds.MP4),
            (WAV, kinds.WAV),
            (AMR, kinds.AMR),
            (MP3, kinds.MP3),
            (TAGGED_MP3, kinds.MP3),
            (document(), kinds.OOXML),
        ],
        ids=lambda value: value.extension if isinstance(value, kinds.Kind) else "",
    )
    def test_tells_what_we_take(self, content: bytes, kind: kinds.Kind) -> None:
        assert kinds.sniff(io.BytesIO(content)) is kind

    @pytest.mark.parametrize(
        "content",
        [
            SCRIPT,
            b"<html>" + picture("PNG"),
            b"\n" + PDF,
            b"MZ\x90\0" + b"\0" * 100,
            b"\x7fELF" + b"\0" * 100,
            b"#!/bin/sh\nrm -rf /\n",
            b"<?php system($_GET['c']);",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            picture("GIF"),
            picture("BMP"),
            b"Rar!\x1a\x07\x01\0",
            b"\x1f\x8b\x08\0",
            b"\0\0\0\x18ftypheic" + b"\0" * 64,
            b"\xff\xff\xff\xff",
            b"RIFF\0\0\0\0AVI ",
            b"PK\x05\x06" + b"\0" * 18,
            "您好，这是一段文字。".encode(),
        ],
        ids=lambda content: repr(content[:12]),
    )
    def test_refuses_everything_else(self, content: bytes) -> None:
        with pytest.raises(TypeNotAllowedError) as refused:
            kinds.sniff(io.BytesIO(content))

        assert refused.value.status == 415

    @given(content=st.binary(max_size=200))
    def test_has_an_answer_for_any_bytes(self, content: bytes) -> None:
        try:
            kind = kinds.sniff(io.BytesIO(content))
        except TypeNotAllowedError:
            return

        assert kind.extension


class TestPictures:
    def test_come_out_upright_without_place_camera_or_comment(self) -> None:
        original = photo_with_place()
        assert b"SecretCamera" in original

        written = images.rewrite(io.BytesIO(original), kinds.JPEG)

        with Image.open(io.BytesIO(written)) as result:
            assert result.size == (20, 40)
            assert not result.getexif()
            assert "comment" not in result.info
        assert b"Secret" not in written

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_leave_behind_what_was_appended(self, form: str) -> None:
        kind = {"PNG": kinds.PNG, "JPEG": kinds.JPEG, "WEBP": kinds.WEBP}[form]

        written = images.rewrite(io.BytesIO(picture(form) + SCRIPT + document()), kind)

        assert SCRIPT not in written
        assert b"PK\x03\x04" not in written
        assert kinds.sniff(io.BytesIO(written)) is kind

    def test_a_script_behind_a_signature_is_refused(self) -> None:
        with pytest.raises(FileBrokenError):
            images.rewrite(io.BytesIO(b"\x89PNG\r\n\x1a\n" + SCRIPT * 20), kinds.PNG)

    def test_a_half_picture_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        whole = picture("JPEG", size=(200, 200))

        with pytest.raises(FileBrokenError):
            images.rewrite(io.BytesIO(whole[: len(whole) // 2]), kinds.JPEG)

    def test_one_that_unpacks_into_gigabytes_is_refused_unread(self) -> None:
        with pytest.raises(PictureTooLargeError) as refused:
            images.rewrite(io.BytesIO(huge_png()), kinds.PNG)

        assert refused.value.status == 413

    def test_a_large_one_is_made_smaller(self) -> None:
        wide = picture("JPEG", size=(images.MAX_SIDE + 1000, 30))

        written = images.rewrite(io.BytesIO(wide), kinds.JPEG)

        with Image.open(io.BytesIO(written)) as result:
            assert result.width == images.MAX_SIDE

    @pytest.mark.parametrize(
        ("form", "mode"),
        [("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("PNG", "LA"), ("PNG", "RGBA"),
         ("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGBA")],
    )  # fmt: skip
    def test_any_mode_can_be_written_again(self, form: str, mode: str) -> None:
        kind = {"PNG": kinds.PNG, "JPEG": kinds.JPEG, "WEBP": kinds.WEBP}[form]

        written = images.rewrite(io.BytesIO(picture(form, mode=mode)), kind)

        with Image.open(io.BytesIO(written)) as result:
            assert result.size == (12, 8)

    def test_transparency_stays(self) -> None:
        written = images.rewrite(io.BytesIO(picture("PNG", mode="RGBA")), kinds.PNG)

        with Image.open(io.BytesIO(written)) as result:
            assert result.mode == "RGBA"


class TestOffice:
    @pytest.mark.parametrize(
        ("main", "kind"), [("word/document.xml", kinds.DOCX), ("xl/workbook.xml", kinds.XLSX)]
    )
    def test_takes_plain_documents(self, main: str, kind: kinds.Kind) -> None:
        assert office.inspect(io.BytesIO(document(main))) is kind

    def test_takes_one_that_a_real_program_wrote(self) -> None:
        from openpyxl import Workbook

        out = io.BytesIO()
        book = Workbook()
        book.active["A1"] = "蓉江市"
        book.save(out)

        assert office.inspect(out) is kinds.XLSX

    @pytest.mark.parametrize(
        "parts",
        [
            {"word__vbaProject.bin": b"x"},
            {"word__activeX__activeX1.xml": b"x"},
            {"word__embeddings__oleObject1.bin": b"x"},
            {"..__..__etc__passwd": b"x"},
            {"__etc__passwd": b"x"},
            {"word__big.xml": b"\0" * (20 * 1024 * 1024)},
        ],
    )
    def test_refuses_macros_escapes_and_bombs(self, parts: dict[str, bytes]) -> None:
        with pytest.raises(ArchiveUnsafeError):
            office.inspect(io.BytesIO(document(**parts)))

    def test_refuses_declared_macros(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("[Content_Types].xml", "application/vnd.ms-word.macroEnabled.main")
            archive.writestr("word/document.xml", "<x/>")

        with pytest.raises(ArchiveUnsafeError):
            office.inspect(out)

    @pytest.mark.slow
    def test_refuses_a_directory_that_lies_about_sizes(self) -> None:
        with pytest.raises((ArchiveUnsafeError, FileBrokenError)):
            office.inspect(io.BytesIO(lying_bomb()))

    def test_refuses_too_many_entries(self) -> None:
        parts = {f"word__{number}.xml": b"" for number in range(office.MAX_ENTRIES)}

        with pytest.raises(ArchiveUnsafeError):
            office.inspect(io.BytesIO(document(**parts)))

    def test_refuses_too_much_in_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(office, "MAX_UNPACKED_BYTES", 1000)

        with pytest.raises(ArchiveUnsafeError):
            office.inspect(io.BytesIO(document(word__a=b"abcdefghij" * 200)))

    def test_counts_again_while_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        content = document(word__a=b"abcdefghij" * 200)
        monkeypatch.setattr(office, "_check_directory", lambda _entries, _size: None)
        monkeypatch.setattr(office, "MAX_UNPACKED_BYTES", 1000)

        with pytest.raises(ArchiveUnsafeError):
            office.inspect(io.BytesIO(content))

    @pytest.mark.parametrize("main", ["a.txt", "ppt/presentation.xml"])
    def test_refuses_any_other_zip(self, main: str) -> None:
        with pytest.raises(TypeNotAllowedError):
            office.inspect(io.BytesIO(document(main)))

    def test_refuses_one_that_is_two_things(self) -> None:
        with pytest.raises(TypeNotAllowedError):
            office.inspect(io.BytesIO(document(xl__workbook="x", **{"xl__workbook.xml": "x"})))

    @pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
    def test_refuses_a_broken_one(self, cut: float) -> None:
        whole = document(word__a=b"abc" * 100)

        with pytest.raises(FileBrokenError):
            office.inspect(io.BytesIO(whole[: int(len(whole) * cut)]))

    def test_refuses_a_wrong_checksum(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", "original text")
        changed = out.getvalue().replace(b"original text", b"modified text")

        with pytest.raises(FileBrokenError):
            office.inspect(io.BytesIO(changed))


class TestCleanName:
    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            ("照片.png", "照片.png"),
            ("C:\\Users\\li\\照片.PNG", "照片.png"),
            ("../../etc/passwd", "passwd.png"),
            ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie x=1.png"),
            ("发票\u202egnp.exe", "发票gnp.png"),
            ("a\x00b\u200b.html", "ab.png"),
            ('<img src="x">.png', "img src=x.png"),
            ("", "附件.png"),
            ("...", "附件.png"),
            (".htaccess", "htaccess.png"),
            ("报告.docx.png", "报告.docx.png"),
        ],
    )
    def test_keeps_what_is_harmless(self, raw: str, clean: str) -> None:
        assert clean_name(raw, extension="png") == clean

    @given(raw=st.text(max_size=400))
    def test_any_name_becomes_a_short_plain_one(self, raw: str) -> None:
        name = clean_name(raw, extension="docx")

        assert name.endswith(".docx")
        assert 6 <= len(name) <= 120
        assert not set(name) & set('/\\:*?"<>|\r\n\0\u202e')
        assert clean_name(name, extension="docx") == name
