"""Reading JSON without letting its size or depth hurt."""

from collections.abc import Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON of at most ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes; too deep counts as malformed.

    DRF's parser reads the stream itself and so walks around Django's limit.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body; raises RequestDataTooBig or ParseError."""
        try:
            return super().parse(cast("IO[Any]", _Bounded(stream)), media_type, parser_context)
        except RecursionError as error:
            raise ParseError from error


class _Bounded:
    """A readable that gives at most the allowed number of bytes."""

    def __init__(self, stream: IO[Any]) -> None:
        self._stream = stream
        self._left: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def read(self, size: int = -1) -> bytes:
        """Read on; raises RequestDataTooBig past the limit."""
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        data: bytes = self._stream.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            raise RequestDataTooBig
        return data
