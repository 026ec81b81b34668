"""The page behind the QR code: it vouches for a document and says nothing of its content."""

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.documents.models import Document, DocumentState
from core.documents.render import render
from core.documents.seals import provider

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def sealed() -> bytes:
    context = {"title": "办理记录", "sections": []}
    made = render(
        template="documents/record.html", context=context, verify_url="http://127.0.0.1/verify/x/"
    )
    return provider().seal(pdf=made.pdf, place=None, reason="测试")


@pytest.fixture
def document(sealed: bytes) -> Document:
    made = Document(
        token=uuid4(),
        kind="demo",
        subject_type="demo",
        subject_id=1,
        sha256="ab" * 32,
        state=DocumentState.READY,
        ready_at=timezone.now(),
    )
    made.file.save("x.pdf", ContentFile(sealed))
    return made


def upload(document: Document, content: bytes) -> str:
    file = SimpleUploadedFile("copy.pdf", content, content_type="application/pdf")
    answer = Client().post(f"/verify/{document.token}/", {"file": file})
    return answer.content.decode()


class TestVerifyDocument:
    def test_says_when_it_was_made_and_shows_its_digest(self, document: Document) -> None:
        page = Client().get(f"/verify/{document.token}/").content.decode()

        assert "ab" * 32 in page
        assert str(document.token) in page

    def test_an_unknown_and_an_unfinished_document_are_not_found(self, document: Document) -> None:
        Document.objects.update(state=DocumentState.QUEUED)

        unfinished = Client().get(f"/verify/{document.token}/")
        unknown = Client().get(f"/verify/{uuid4()}/")

        assert (unfinished.status_code, unknown.status_code) == (404, 404)

    def test_accepts_the_sealed_copy(self, document: Document, sealed: bytes) -> None:
        assert "印章有效，文件完整，未被改动。" in upload(document, sealed)

    def test_refuses_a_changed_copy(self, document: Document, sealed: bytes) -> None:
        changed = sealed.replace(b"/Type /Page", b"/Type /Pagf", 1)

        assert "核验未通过" in upload(document, changed)

    def test_refuses_what_is_no_pdf(self, document: Document) -> None:
        assert "这个文件不是 PDF。" in upload(document, b"GIF89a")
