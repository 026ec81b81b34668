"""Nothing personal in the log, whatever way it comes in."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.conf import settings

from core.http import logs
from core.http.logs import RedactFilter

PHONE = "13912345678"


@pytest.fixture
def out() -> Iterator[StringIO]:
    """The project's own handler, writing where the test can read."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    formatter = dict(settings.LOGGING["formatters"]["json"])
    handler.setFormatter(formatter.pop("()")(**formatter))
    handler.addFilter(RedactFilter())
    logger = logging.getLogger("edge")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


class TestRedactFilter:
    def test_cleans_message_and_arguments(self, out: StringIO) -> None:
        logging.getLogger("edge").warning("call %s at %s", PHONE, 7)

        line = json.loads(out.getvalue())
        assert PHONE not in line["event"]
        assert line["event"].startswith("call ")
        assert line["event"].endswith(" at 7")

    def test_cleans_events_however_deep(self, out: StringIO) -> None:
        logger = structlog.get_logger("edge")

        words = f"rang {PHONE}"

        logger.warning(words, caller={"phones": [PHONE]}, query=f"/track/?phone={PHONE}")

        assert PHONE not in out.getvalue()
        assert "rang" in out.getvalue()

    def test_cleans_the_words_of_an_exception_and_keeps_its_trace(self, out: StringIO) -> None:
        try:
            _fail(f"no such phone {PHONE}")
        except RuntimeError:
            logging.getLogger("edge").exception("failed")

        assert PHONE not in out.getvalue()
        assert "test_logs.py" in out.getvalue()
        assert "RuntimeError" in out.getvalue()

    def test_cleans_a_structured_exception(self, out: StringIO) -> None:
        try:
            _fail(f"no such phone {PHONE}")
        except RuntimeError:
            structlog.get_logger("edge").exception("failed")

        assert PHONE not in out.getvalue()
        assert "RuntimeError" in out.getvalue()

    def test_leaves_ids_and_times_readable(self, out: StringIO) -> None:
        structlog.get_logger("edge").warning("x", request_id="6f1c-13912345678", ticket=4711)

        line = json.loads(out.getvalue())
        assert line["request_id"] == "6f1c-13912345678"
        assert line["ticket"] == 4711

    def test_drops_a_bad_line_and_not_the_program(self, out: StringIO) -> None:
        logging.getLogger("edge").warning("%d things", PHONE + "x")

        assert json.loads(out.getvalue())["event"] == logs.FAILED

    def test_says_nothing_when_it_cannot_redact(self, out: StringIO) -> None:
        broken = RedactFilter()
        broken._redact = _fail
        record = logging.LogRecord("edge", logging.INFO, "", 0, f"call {PHONE}", (), None)

        assert broken.filter(record) is True
        assert record.getMessage() == logs.FAILED


def _fail(text: str) -> Any:
    raise RuntimeError(text)
