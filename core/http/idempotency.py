"""The same key twice gives the same answer, also when both arrive at once.

    BEGIN
      lock the key, look for an answer         a rival with the same key waits here for our end
      the work
      INSERT key and answer
    COMMIT

If the work fails, nothing is stored and the key is free again. Who looks in the instant between
the winner's commit and the end of his lock finds no answer: his insert is refused, his work
undone, and he reads the winner's answer.
"""

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, transaction
from psycopg.errors import LockNotAvailable

from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.http.models import IdempotencyKey
from core.personal_data import keys
from core.prepared import prepared_cursor

Work = Callable[[], tuple[int, dict[str, Any]]]
KEY = re.compile(r"[\x21-\x7e]{1,200}")
HEADER = "Idempotency-Key"
ATTEMPTS = 3
_LOOK = """
SELECT ours, body_digest, status_code, response
FROM (SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)) AS ours) AS lock
LEFT JOIN core_idempotencykey ON scope = %s AND key = %s
"""
_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_STORE = """
INSERT INTO core_idempotencykey
  (scope, key, body_digest, status_code, response, created_at)
VALUES (%s, %s, %s, %s, %s, statement_timestamp())
ON CONFLICT (scope, key) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was answered to a key."""

    body_digest: bytes
    status_code: int
    response: bytes


class IdempotencyMismatchError(DomainError):
    """The key was used before with another body."""

    code = "idempotency_mismatch"
    message = _("这个 Idempotency-Key 已用于另一份内容，请换一个新的。")


class IdempotencyBusyError(DomainError):
    """The first request with this key is still running."""

    code = "idempotency_busy"
    message = _("相同的请求正在处理，请稍后用同一个 Idempotency-Key 再试。")


class InvalidKeyError(InvalidError):
    """The key is too long or holds other than visible ASCII."""

    code = "invalid_idempotency_key"
    message = _("Idempotency-Key 须为 1 至 200 个可见的 ASCII 字符，不含空格。")


def run_once(*, scope: str, key: str, body: bytes, work: Work) -> tuple[int, dict[str, Any], bool]:
    """Do the work once per (scope, key); return status, answer, and whether it was a replay.

    Everything is one transaction. Without a key the work just runs in it. The answer is returned
    as JSON gives it back, so the first caller and every later one see the same.
    Raises InvalidKeyError, IdempotencyMismatchError or IdempotencyBusyError.
    """
    if not key:
        with transaction.atomic():
            return (*work(), False)
    if not KEY.fullmatch(key):
        raise InvalidKeyError(fields={HEADER: [InvalidKeyError.message]})
    digest = hashlib.sha256(body).digest()
    for _attempt in range(ATTEMPTS):
        with suppress(_BeatenError), transaction.atomic():
            stored = _look(scope, key)
            if stored is not None:
                return (*_replay(stored, digest), True)
            return (*_do(scope, key, digest, work), False)
    raise IdempotencyBusyError


def forget_keys_before(*, at: datetime) -> int:
    """Delete the keys made before a moment; return how many. A day is customary."""
    deleted, _by_model = IdempotencyKey.objects.filter(created_at__lt=at).delete()
    return deleted


class _BeatenError(Exception):
    """Somebody else has stored an answer to this key meanwhile."""


def _look(scope: str, key: str) -> _Stored | None:
    """Return the stored answer, if any; waits for a rival who is at work and looks again."""
    name = f"{scope} {key}"
    try:
        with prepared_cursor() as cursor:
            cursor.execute(_LOOK, [name, scope, key])
            ours, *row = cursor.fetchone()
            if not ours:
                cursor.execute(_WAIT, [name])
                cursor.execute(_LOOK, [name, scope, key])
                ours, *row = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise IdempotencyBusyError from error
        raise
    return _Stored(*row) if row[0] is not None else None


def _do(scope: str, key: str, digest: bytes, work: Work) -> tuple[int, dict[str, Any]]:
    status, answer = work()
    stored = json.dumps(answer, cls=DjangoJSONEncoder, ensure_ascii=False)
    with prepared_cursor() as cursor:
        cursor.execute(_STORE, [scope, key, digest, status, keys.encrypt(stored)])
        if not cursor.rowcount:
            raise _BeatenError
    plain: dict[str, Any] = json.loads(stored)
    return status, plain


def _replay(stored: _Stored, digest: bytes) -> tuple[int, dict[str, Any]]:
    if stored.body_digest != digest:
        raise IdempotencyMismatchError
    answer: dict[str, Any] = json.loads(keys.decrypt(stored.response))
    return stored.status_code, answer
