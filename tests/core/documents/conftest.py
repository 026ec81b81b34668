"""A kind of document that only these tests know."""

from pathlib import Path
from typing import Any

import pytest

from core.accounts.models import User
from core.documents import renderers
from core.documents.record import Entry, Record, Section
from core.errors import NotFoundError

RECORD = Record(
    organ="蓉江市12345热线",
    title="诉求办理记录",
    number="蓉热线〔2026〕1号",
    date="2026年11月23日",
    sections=(
        Section(
            heading="一、诉求",
            facts=(("工单编号", "R20261123000018"), ("联系电话", "139****8000")),
            paragraphs=("夜间占道经营，影响通行。罕见字：𬭚䶮。<b>不是标签</b>",),
        ),
        Section(
            heading="二、办理经过",
            entries=(Entry(when="2026年11月23日 10:05", what="现场劝离。", who="综合执法局"),),
        ),
    ),
    note="本记录供当事人查阅。",
)
HIDDEN = 404


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """Keep files and the seal's key in a directory of the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def _demo_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register ``tests.record`` about the subject type ``tests.subject``."""
    monkeypatch.setattr(renderers, "_renderers", {})
    renderers.register(
        renderers.Renderer(
            kind="tests.record", subject_type="tests.subject", check=_check, build=_build
        )
    )


def _check(_by: User | None, subject_id: int) -> None:
    if subject_id == HIDDEN:
        raise NotFoundError


def _build(_by: User | None, _subject_id: int) -> renderers.Page:
    return renderers.Page(template="documents/record.html", context={"record": RECORD})
