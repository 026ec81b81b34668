"""Who is called when a clock falls due or its deadline moves, and how apps name their clocks.

Handlers are registered once, in ``AppConfig.ready`` of the app that owns the subject. They run
inside the transaction that changes the clock and get the locked clock and the moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.clocks.models import Clock

Handler = Callable[[Clock, datetime], None]


@dataclass(frozen=True, slots=True)
class Registration:
    """What one app wants to hear about its clocks of one kind."""

    due: Handler
    moved: Handler | None = None


Handlers = Mapping[tuple[str, str], Registration]
Label = str | Promise


@dataclass(slots=True)
class Words:
    """What apps call their clocks and their kinds of subjects in an explanation."""

    deeds: dict[str, Label] = field(default_factory=dict)
    subject_kinds: dict[str, Label] = field(default_factory=dict)

    def deed(self, kind: str) -> str:
        """Return what a clock of this kind promises, such as 答复."""
        return str(self.deeds.get(kind) or _("办理"))

    def policy(self, subject_kind: str) -> str:
        """Return what the length follows from, such as 咨询类; any subject is 此类事项."""
        label = self.subject_kinds.get(subject_kind)
        return _("%(kind)s类") % {"kind": label} if label else _("此类事项")


_words = Words()
_registered: dict[tuple[str, str], Registration] = {}


def register(subject_type: str, kind: str, due: Handler, *, moved: Handler | None = None) -> None:
    """Have ``due`` called when such a clock fires, and ``moved`` when its ``due_at`` changes.

    ``due`` locks its subject first of all and is quick: the scheduler gives way to anybody who
    holds that lock and tries again in the next round. ``moved`` keeps copies of the deadline in
    step. Registering again replaces.
    """
    _registered[subject_type, kind] = Registration(due, moved)


def handlers() -> Handlers:
    """Return everything that is registered."""
    return _registered


def name_clocks(
    *, deeds: Mapping[str, Label], subject_kinds: Mapping[str, Label] | None = None
) -> None:
    """Give words for clock kinds (what is promised) and for kinds of subjects (of whom)."""
    _words.deeds.update(deeds)
    _words.subject_kinds.update(subject_kinds or {})


def words() -> Words:
    """Return the words that apps gave."""
    return _words
