"""A refusal of permission leaves a row in the audit trail, whichever edge answered it."""

import structlog
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from core.audit.actions import record
from core.audit.models import Outcome

logger = structlog.get_logger(__name__)


def record_refusal(request: HttpRequest, *, code: str) -> None:
    """Record that a signed-in caller was refused; call it after the deed was rolled back.

    Strangers are not recorded: they hold no rights that could be abused, and would let anybody
    fill the trail. If the trail cannot be written the refusal still stands and is logged.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return
    match = request.resolver_match
    try:
        record(
            action="request.refused",
            by=user,
            at=timezone.now(),
            outcome=Outcome.REFUSED,
            subject_type="route",
            subject_id=(match.view_name if match else "")[:60],
            data={"code": code, "method": request.method, "path": request.path[:200]},
        )
    except DatabaseError:
        logger.exception("refusal_not_recorded", code=code)
