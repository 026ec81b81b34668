"""Who did what, read from the log of the gate."""

from collections.abc import Collection

from core.accounts.models import User
from core.transitions.models import TransitionLog


def has_fired(
    *, user: User, subject_type: str, subject_ids: Collection[int], transitions: Collection[str]
) -> bool:
    """Tell whether the user ever fired one of the transitions on one of the subjects."""
    rows = TransitionLog.objects.filter(subject_type=subject_type, subject_id__in=subject_ids)
    return rows.filter(by=user, transition__in=transitions).exists()
