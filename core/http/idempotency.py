"""The same key twice gives the same answer, also when both arrive at once.

    BEGIN
      INSERT key … ON CONFLICT DO NOTHING      a rival with the same key waits here for our end
      the work
      UPDATE key SET answer
    COMMIT

If the work fails, the key goes with the transaction and is free again. If we are the rival, the
insert returns nothing once the winner has committed, and we read the winner's answer.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from core.errors import DomainError, InvalidError
from core.errors import gettext_noop as _
from core.http.models import IdempotencyKey
from core.personal_data import keys

Work = Callable[[], tuple[int, dict[str, Any]]]
KEY = re.compile(r"[\x21-\x7e]{1,200}")
HEADER = "Idempotency-Key"
ATTEMPTS = 3


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
        with transaction.atomic():
            row_id = _claim(scope, key, digest)
            if row_id is not None:
                return (*_do(row_id, work), False)
            stored = IdempotencyKey.objects.filter(scope=scope, key=key).first()
        if stored is not None:
            return (*_replay(stored, digest), True)
    raise IdempotencyBusyError


def forget_keys_before(*, at: datetime) -> int:
    """Delete the keys made before a moment; return how many. A day is customary."""
    deleted, _by_model = IdempotencyKey.objects.filter(created_at__lt=at).delete()
    return deleted


def _claim(scope: str, key: str, digest: bytes) -> int | None:
    """Insert the key; None when somebody else has it. Waits for a rival who is at work."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_idempotencykey (scope, key, body_digest, created_at)"
                " VALUES (%s, %s, %s, statement_timestamp())"
                " ON CONFLICT (scope, key) DO NOTHING RETURNING id",
                [scope, key, digest],
            )
            row = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise IdempotencyBusyError from error
        raise
    return int(row[0]) if row else None


def _do(row_id: int, work: Work) -> tuple[int, dict[str, Any]]:
    status, answer = work()
    stored = json.dumps(answer, cls=DjangoJSONEncoder, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_idempotencykey SET status_code = %s, response = %s WHERE id = %s",
            [status, keys.encrypt(stored), row_id],
        )
    plain: dict[str, Any] = json.loads(stored)
    return status, plain


def _replay(stored: IdempotencyKey, digest: bytes) -> tuple[int, dict[str, Any]]:
    if bytes(stored.body_digest) != digest:
        raise IdempotencyMismatchError
    if stored.status_code is None or not stored.response:
        raise IdempotencyBusyError
    answer: dict[str, Any] = json.loads(stored.response)
    return stored.status_code, answer
