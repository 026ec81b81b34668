"""No phone, ID number or plate reaches a log line."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.module_loading import import_string

DIGIT = re.compile(r"\d")  # phones, ID numbers and plates all hold one
OWN_KEYS = frozenset({"timestamp", "level", "logger", "request_id"})
FAILED = "[log line withheld: it could not be redacted]"


class RedactFilter(logging.Filter):
    """Redact message, arguments and traceback in place. It never raises and drops no record.

    A line that cannot be redacted is replaced by a fixed sentence: silence about personal data
    comes before the line itself.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self._redact: Callable[[str], str] | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cleaned."""
        try:
            self._clean(record)
        except Exception:  # noqa: BLE001  a logging filter must not break what it logs about
            record.msg, record.args = FAILED, ()
            record.exc_info = record.exc_text = record.stack_info = None
        return True

    def _clean(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, Mapping):
            record.msg = self._value(record.msg)
            return
        record.msg, record.args = self._text(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            # The formatter would print the exception's own words; only this text is safe.
            record.stack_info = "".join(traceback.format_exception(*record.exc_info))
            record.exc_info = record.exc_text = None
        if record.stack_info:
            record.stack_info = self._text(record.stack_info)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {
                key: item if key in OWN_KEYS else self._value(item) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._text(str(value))

    def _text(self, text: str) -> str:
        return self._redactor()(text) if DIGIT.search(text) else text

    def _redactor(self) -> Callable[[str], str]:
        if self._redact is None:
            # By name and late: logging is configured before the app registry is ready.
            self._redact = import_string("core.personal_data.masking.redact")
        return self._redact
