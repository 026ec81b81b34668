"""Ordering, making and taking documents."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from kombu.exceptions import OperationalError

from core.accounts.models import User
from core.audit.models import AuditEntry
from core.documents import actions, renderers, seals
from core.documents.models import Document, DocumentState
from core.documents.queries import get_document, list_queued_ids
from core.errors import NotFoundError
from tests.core.documents.conftest import HIDDEN
from tests.factories.core import UserFactory

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the worker would have been told."""
    told: list[int] = []
    monkeypatch.setattr(actions, "_nudge", told.append)
    return told


def order(by: User | None, *, subject_id: int = 7, kind: str = "tests.record") -> Document:
    return actions.request_document(
        kind=kind, subject_type="tests.subject", subject_id=subject_id, by=by, at=AT
    )


@pytest.mark.django_db
class TestRequest:
    def test_queues_an_order_and_tells_the_worker_after_the_commit(
        self, nudged: list[int], django_capture_on_commit_callbacks: Any
    ) -> None:
        alice = UserFactory()

        with django_capture_on_commit_callbacks(execute=True):
            document = order(alice)
            assert nudged == []

        assert document.state == DocumentState.QUEUED
        assert nudged == [document.pk]
        entry = AuditEntry.objects.get(action="document.request")
        assert (entry.actor, entry.subject_id) == (alice, "7")

    def test_pressing_twice_is_one_order(self, nudged: list[int]) -> None:
        alice = UserFactory()

        assert order(alice) == order(alice)
        assert Document.objects.count() == 1

    def test_two_people_get_two_papers(self, nudged: list[int]) -> None:
        assert order(UserFactory()) != order(UserFactory())

    def test_refuses_what_the_kind_refuses(self) -> None:
        with pytest.raises(NotFoundError):
            order(UserFactory(), subject_id=HIDDEN)

        assert not Document.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_refuses_an_unknown_kind(self) -> None:
        with pytest.raises(renderers.UnknownKindError):
            order(UserFactory(), kind="tests.other")

    def test_refuses_a_kind_for_another_subject(self) -> None:
        with pytest.raises(renderers.UnknownKindError):
            actions.request_document(
                kind="tests.record", subject_type="tests.else", subject_id=7, by=None, at=AT
            )

    def test_stands_when_no_worker_can_be_told(
        self, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        def refused(*_args: object, **_kwargs: object) -> None:
            raise OperationalError

        monkeypatch.setattr(actions.current_app, "send_task", refused)

        with django_capture_on_commit_callbacks(execute=True):
            document = order(UserFactory())

        assert list_queued_ids() == [document.pk]


@pytest.mark.django_db
@pytest.mark.slow
class TestRender:
    def test_makes_a_sealed_file_with_its_digest(self, media: Path, nudged: list[int]) -> None:
        document = order(UserFactory())

        assert actions.render_document(document_id=document.pk, at=AT)

        document.refresh_from_db()
        with document.file.open("rb") as file:
            content = file.read()
        assert (document.state, document.ready_at) == (DocumentState.READY, AT)
        assert document.sha256 == hashlib.sha256(content).hexdigest()
        assert seals.provider().check(content).ok

    def test_does_it_once(self, media: Path, nudged: list[int]) -> None:
        document = order(UserFactory())
        actions.render_document(document_id=document.pk, at=AT)

        assert not actions.render_document(document_id=document.pk, at=AT)

    def test_a_right_lost_meanwhile_is_a_failure_in_words(
        self, media: Path, nudged: list[int]
    ) -> None:
        document = order(UserFactory())
        Document.objects.update(subject_id=HIDDEN)

        actions.render_document(document_id=document.pk, at=AT)

        document.refresh_from_db()
        assert (document.state, document.error) == (DocumentState.FAILED, NotFoundError.message)

    def test_a_broken_template_is_a_failure_and_stops_nothing(
        self, media: Path, nudged: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = order(UserFactory())
        broken = renderers.Renderer(
            kind="tests.record",
            subject_type="tests.subject",
            check=lambda _by, _id: None,
            build=lambda _by, _id: renderers.Page(template="documents/nothing.html", context={}),
        )
        monkeypatch.setitem(renderers._renderers, "tests.record", broken)

        assert actions.render_document(document_id=document.pk, at=AT)

        document.refresh_from_db()
        assert (document.state, document.error) == (DocumentState.FAILED, "TemplateDoesNotExist")


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestTwoWorkers:
    def test_make_it_once(
        self, media: Path, nudged: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = order(None)
        start, made = threading.Barrier(4), []
        monkeypatch.setattr(actions, "_make", lambda _document: b"%PDF-1.7")

        def work() -> None:
            start.wait()
            made.append(actions.render_document(document_id=document.pk, at=AT))
            connection.close()

        threads = [threading.Thread(target=work) for _worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(made) == [False, False, False, True]


@pytest.mark.django_db
class TestOpen:
    def ready(self, by: User | None) -> Document:
        return Document.objects.create(
            token=uuid4(),
            kind="tests.record",
            subject_type="tests.subject",
            subject_id=7,
            requested_by=by,
            state=DocumentState.READY,
        )

    def test_the_owner_gets_it_and_the_trail_says_so(self) -> None:
        alice = UserFactory()
        document = self.ready(alice)

        assert actions.open_document(token=document.token, by=alice, at=AT) == document

        assert AuditEntry.objects.get(action="document.download").actor == alice

    @pytest.mark.parametrize("stranger", ["charlie", "nobody"])
    def test_nobody_else_finds_it(self, stranger: str) -> None:
        document = self.ready(UserFactory())
        by = UserFactory() if stranger == "charlie" else None

        with pytest.raises(NotFoundError):
            actions.open_document(token=document.token, by=by, at=AT)
        with pytest.raises(NotFoundError):
            get_document(token=document.token, by=by)

        assert not AuditEntry.objects.exists()

    def test_an_unfinished_one_is_not_found(self, nudged: list[int]) -> None:
        alice = UserFactory()
        document = order(alice)

        with pytest.raises(NotFoundError):
            actions.open_document(token=document.token, by=alice, at=AT)

        assert get_document(token=document.token, by=alice) == document


@pytest.mark.django_db
class TestPurge:
    def test_removes_old_rows_with_their_files(
        self,
        media: Path,
        nudged: list[int],
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        monkeypatch.setattr(actions, "_make", lambda _document: b"%PDF-1.7")
        document = order(None)
        actions.render_document(document_id=document.pk, at=AT)
        document.refresh_from_db()
        path = Path(document.file.path)
        now = document.created_at + actions.KEPT

        with django_capture_on_commit_callbacks(execute=True):
            assert actions.purge_old(at=now) == 0
            assert path.exists()
            assert actions.purge_old(at=now + timedelta(seconds=1)) == 1

        assert not path.exists()
