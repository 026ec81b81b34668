"""Storing, binding and letting go."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from core.accounts.models import User
from core.attachments import actions
from core.attachments.errors import (
    FileBrokenError,
    FileMissingError,
    FileTooLargeError,
    InfectedError,
    ScannerUnavailableError,
    TooManyFilesError,
    TypeNotAllowedError,
    UploadUnknownError,
)
from core.attachments.models import Attachment
from core.attachments.queries import get_for_download, list_for_subject
from core.attachments.responses import download
from core.errors import NotFoundError
from tests.core.attachments.conftest import (
    MP4,
    PDF,
    SCRIPT,
    document,
    photo_with_place,
    upload,
)
from tests.factories.core import UserFactory
from tests.fakes import FakeClamd

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOLDER = "a" * 64


def store(
    content: bytes = PDF, name: str = "材料.pdf", *, by: User | None = None, holder: str = HOLDER
) -> Attachment:
    return actions.store_upload(upload=upload(content, name), by=by, holder=holder, at=AT)


def bind(*rows: Attachment, by: User | None = None, holder: str = HOLDER) -> int:
    tokens = [row.token for row in rows]
    return actions.bind(
        tokens=tokens, subject_type="tests.subject", subject_id=7, by=by, holder=holder
    )


class TestStore:
    def test_keeps_a_document_byte_for_byte(self) -> None:
        row = store(PDF, "..\\申请表.exe")

        with row.file.open("rb") as file:
            assert file.read() == PDF
        assert (row.name, row.content_type, row.size) == ("申请表.pdf", "application/pdf", len(PDF))
        assert row.sha256 == hashlib.sha256(PDF).hexdigest()
        assert (row.subject_type, row.subject_id) == ("", None)

    def test_keeps_a_picture_without_its_place(self) -> None:
        row = store(photo_with_place(), "IMG_1.JPG")

        with row.file.open("rb") as file:
            content = file.read()
        assert b"Secret" not in content
        assert (row.size, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert row.name == "IMG_1.jpg"

    @pytest.mark.parametrize("content", [MP4, document()])
    def test_names_the_file_on_disk_by_its_token(self, content: bytes) -> None:
        row = store(content, "身份证 张三.bin")

        assert Path(row.file.name).stem == row.token.hex

    def test_belongs_to_the_person_or_to_the_browser(self) -> None:
        alice = UserFactory()

        signed_in, unnamed = store(by=alice), store()

        assert (signed_in.uploaded_by, signed_in.holder) == (alice, "")
        assert (unnamed.uploaded_by, unnamed.holder) == (None, HOLDER)

    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (b"", FileMissingError),
            (SCRIPT, TypeNotAllowedError),
            (b"\x89PNG\r\n\x1a\n" + SCRIPT, FileBrokenError),
            (b"%PDF-1.7 and nothing more", FileBrokenError),
            (b"PK\x03\x04" + b"\0" * 100, FileBrokenError),
        ],
    )
    def test_refuses_and_leaves_nothing_behind(
        self, content: bytes, error: type[Exception], tmp_path: Path
    ) -> None:
        with pytest.raises(error):
            store(content)

        assert not Attachment.objects.exists()
        assert not list(tmp_path.rglob("*.*"))

    def test_refuses_more_than_the_limit(self, settings: Any) -> None:
        settings.ATTACHMENT_MAX_BYTES = len(PDF)
        store(PDF)

        with pytest.raises(FileTooLargeError):
            store(PDF + b"\n")

    def test_a_row_that_cannot_be_written_leaves_no_file(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def refused(*_args: object, **_kwargs: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(Attachment, "save", refused)

        with pytest.raises(RuntimeError):
            store()

        assert not list(tmp_path.rglob("*.pdf"))


class TestScan:
    @pytest.fixture
    def clamd(self, settings: Any) -> Iterator[FakeClamd]:
        """A scanner on a free port, named by the settings."""
        with FakeClamd().running() as running:
            settings.CLAMAV_ADDRESS = running.address
            yield running

    def test_sees_all_of_the_file_and_lets_it_pass(self, clamd: FakeClamd) -> None:
        content = PDF + b" " * 200_000 + b"%%EOF"

        store(content)

        assert clamd.scanned == [len(content)]

    def test_a_find_is_refused(self, clamd: FakeClamd) -> None:
        with pytest.raises(InfectedError):
            store(b"%PDF-1.7 " + FakeClamd.EICAR + b" %%EOF")

        assert not Attachment.objects.exists()

    @pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"\0"])
    def test_no_clear_answer_keeps_nothing(self, clamd: FakeClamd, answer: bytes) -> None:
        clamd.answer = answer

        with pytest.raises(ScannerUnavailableError) as refused:
            store()

        assert refused.value.status == 503
        assert not Attachment.objects.exists()

    def test_a_scanner_that_is_gone_keeps_nothing(self, settings: Any, tmp_path: Path) -> None:
        settings.CLAMAV_ADDRESS = str(tmp_path / "clamd.sock")

        with pytest.raises(ScannerUnavailableError):
            store()


class TestBind:
    def test_gives_uploads_to_a_subject_in_one_update(self, django_assert_num_queries: Any) -> None:
        rows = [store() for _file in range(3)]

        with django_assert_num_queries(3):  # savepoint, update, release
            assert bind(*rows) == 3

        assert list(list_for_subject(subject_type="tests.subject", subject_id=7)) == rows

    def test_takes_no_more_than_a_form_may_carry(self, settings: Any) -> None:
        settings.ATTACHMENT_MAX_FILES = 2
        rows = [store() for _file in range(3)]

        with pytest.raises(TooManyFilesError):
            bind(*rows)

        assert not Attachment.objects.exclude(subject_id=None).exists()

    def test_a_thousand_tokens_are_refused_before_any_is_looked_up(
        self, django_assert_num_queries: Any
    ) -> None:
        tokens = [uuid4() for _token in range(1000)]

        with django_assert_num_queries(3), pytest.raises(TooManyFilesError):  # the savepoint
            actions.bind(tokens=tokens, subject_type="t", subject_id=1, by=None)

    @pytest.mark.parametrize("case", ["unknown", "used", "of_charlie", "of_other_browser", "junk"])
    def test_binds_all_or_none(self, case: str) -> None:
        mine, tokens = store(), []
        if case == "unknown":
            tokens = [uuid4()]
        elif case == "used":
            other = store()
            bind(other)
            tokens = [other.token]
        elif case == "of_charlie":
            tokens = [store(by=UserFactory()).token]
        elif case == "of_other_browser":
            tokens = [store(holder="b" * 64).token]
        else:
            tokens = ["not-a-token"]

        with pytest.raises(UploadUnknownError):
            actions.bind(
                tokens=[mine.token, *tokens],
                subject_type="tests.subject",
                subject_id=8,
                by=None,
                holder=HOLDER,
            )

        mine.refresh_from_db()
        assert mine.subject_id is None

    def test_one_who_signed_in_meanwhile_keeps_both(self) -> None:
        alice = UserFactory()

        assert bind(store(), store(by=alice), by=alice) == 2

    def test_a_program_without_a_cookie_binds_by_token(self) -> None:
        assert bind(store(holder=""), by=UserFactory(), holder="") == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.slow
    def test_two_forms_with_one_file_get_it_once(self) -> None:
        row, start, results = store(), threading.Barrier(4), []

        def work(subject_id: int) -> None:
            start.wait()
            try:
                actions.bind(tokens=[row.token], subject_type="t", subject_id=subject_id, by=None)
                results.append("bound")
            except UploadUnknownError:
                results.append("refused")
            connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(results) == ["bound", "refused", "refused", "refused"]


class TestDownload:
    def test_a_token_opens_only_through_its_own_subject(self) -> None:
        row = store()
        bind(row)

        found = get_for_download(token=row.token, subject_type="tests.subject", subject_id=7)

        assert found == row
        for subject in [("tests.subject", 8), ("tests.other", 7)]:
            with pytest.raises(NotFoundError):
                get_for_download(token=row.token, subject_type=subject[0], subject_id=subject[1])

    def test_an_unbound_file_opens_to_nobody(self) -> None:
        with pytest.raises(NotFoundError):
            get_for_download(token=store().token, subject_type="", subject_id=0)

    def test_is_saved_and_never_run(self) -> None:
        response = download(store(PDF, "申请 表.pdf"))

        assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("sandbox")
        assert response["Cache-Control"] == "private, no-store"
        assert b"".join(response.streaming_content) == PDF
        response.close()


class TestDiscard:
    def test_removes_row_and_file(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        row = store()

        with django_capture_on_commit_callbacks(execute=True):
            actions.discard_upload(token=row.token, by=None, holder=HOLDER)

        assert not Attachment.objects.exists()
        assert not list(tmp_path.rglob("*.pdf"))

    @pytest.mark.parametrize("who", ["charlie", "other_browser", "nobody"])
    def test_nobody_elses(self, who: str) -> None:
        row = store(by=UserFactory()) if who == "charlie" else store()
        by = UserFactory() if who == "charlie" else None
        holder = {"charlie": HOLDER, "other_browser": "b" * 64, "nobody": ""}[who]

        with pytest.raises(NotFoundError):
            actions.discard_upload(token=row.token, by=by, holder=holder)

        assert Attachment.objects.filter(pk=row.pk).exists()

    def test_not_once_it_is_bound(self) -> None:
        row = store()
        bind(row)

        with pytest.raises(NotFoundError):
            actions.discard_upload(token=row.token, by=None, holder=HOLDER)


class TestPurge:
    def test_removes_what_nobody_sent_after_a_day(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        old, bound, young = store(), store(), store()
        bind(bound)
        made = young.created_at
        Attachment.objects.filter(pk__in=[old.pk, bound.pk]).update(
            created_at=made - timedelta(hours=25)
        )

        with django_capture_on_commit_callbacks(execute=True):
            assert actions.purge_unbound(at=made) == 1

        assert set(Attachment.objects.all()) == {bound, young}
        assert not Path(old.file.path).exists()
        assert Path(young.file.path).exists()
