"""The one gate for every state machine.

    lock the row → compare the expected version → ask the policy → fire the django-fsm transition
    (it moves fields only) → version + 1 → TransitionLog → event

A machine is declared once beside its app (``hotline.machines``) and is the only caller of its
model's transitions. Two editors: the second gets StaleVersionError with both versions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import models, transaction
from django_fsm import TransitionNotAllowed, can_proceed

from core.accounts.models import User
from core.errors import DomainError, InvalidError, NotFoundError
from core.errors import gettext_noop as _
from core.events.actions import publish
from core.inserts import save_new, together
from core.transitions.models import TransitionLog

S = TypeVar("S", bound=models.Model)
REASON_MAX = 1_000


class StaleVersionError(DomainError):
    """Somebody else changed the object since the caller read it."""

    code = "stale_version"
    message = _("在您编辑期间，别人已更新了这条记录。请比较后再提交。")


class TransitionRefusedError(DomainError):
    """The state does not allow this transition."""

    code = "transition_not_allowed"
    message = _("当前状态不能执行此操作。")


class ReasonMissingError(InvalidError):
    """Law or practice wants a reason here."""

    code = "reason_required"
    message = _("请填写理由。")


class ReasonTooLongError(InvalidError):
    """The reason does not fit the log."""

    code = "reason_too_long"
    message = _("理由最多 1000 个字。")


class UnknownTransitionError(NotFoundError):
    """There is no such transition."""

    code = "unknown_transition"
    message = _("没有这个操作。")


@dataclass(frozen=True, slots=True)
class TransitionRule:
    """What the gate must know of one transition; apps derive it from their table."""

    target: str
    needs_reason: bool = False


@dataclass(frozen=True)
class Machine(Generic[S]):
    """One state machine and everything the gate asks about it.

    ``name`` is the subject type of logs and events (``hotline.ticket``); ``visible`` gives the
    rows a user may know of; ``check`` raises when this user may not fire this transition on this
    row; ``scopes`` names who hears of it; ``number`` reads the readable number.
    """

    name: str
    model: type[S]
    rules: dict[str, TransitionRule]
    visible: Callable[[User | None], models.QuerySet[S]]
    check: Callable[[User | None, S, str], None]
    scopes: Callable[[S], Sequence[str]]
    number: Callable[[S], str]

    def lock(self, *, by: User | None, related: tuple[str, ...] = (), **lookup: Any) -> S:
        """Return the visible row, locked until the transaction ends; else NotFoundError.

        The lock leaves the key alone: who adds a note that points here need not wait for us,
        and so cannot wait in a ring with us.
        """
        queryset = self.visible(by).select_for_update(of=("self",), no_key=True)
        if related:
            queryset = queryset.select_related(*related)
        subject = queryset.filter(**lookup).first()
        if subject is None:
            raise NotFoundError
        return subject

    @transaction.atomic
    def fire(
        self,
        subject: S,
        transition: str,
        *,
        by: User | None,
        at: datetime,
        expected_version: int | None = None,
        reason: str = "",
        data: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> S:
        """Fire one transition on a row that this transaction has locked.

        Raises UnknownTransitionError, StaleVersionError, ForbiddenError (from the policy),
        TransitionRefusedError, ReasonMissingError or ReasonTooLongError, and then nothing has
        changed.
        """
        rule = self.rules.get(transition)
        if rule is None:
            raise UnknownTransitionError
        check_version(subject, expected_version)
        self.check(by, subject, transition)
        _check_reason(rule, reason)
        source = subject.state  # type: ignore[attr-defined]  # every machine's model has a state
        self._move(subject, transition, at=at, **arguments)
        with together():
            self._log(subject, transition, source, by=by, at=at, reason=reason, data=data or {})
            self.announce(subject, transition, at=at)
        return subject

    def announce(self, subject: S, kind: str, *, at: datetime, **data: Any) -> None:
        """Write one event about the subject in this transaction."""
        publish(
            kind=f"{self.name}.{kind}",
            scopes=self.scopes(subject),
            subject_type=self.name,
            subject_id=subject.pk,
            subject_no=self.number(subject),
            version=subject.version,  # type: ignore[attr-defined]
            data=data,
            at=at,
        )

    def _move(self, subject: S, transition: str, **arguments: Any) -> None:
        method = getattr(subject, transition)
        if not can_proceed(method):
            raise TransitionRefusedError(
                state=subject.state,  # type: ignore[attr-defined]
                transition=transition,
            )
        try:
            method(**arguments)
        except TransitionNotAllowed as error:
            raise TransitionRefusedError(transition=transition) from error
        subject.version += 1  # type: ignore[attr-defined]
        subject.save()

    def _log(
        self,
        subject: S,
        transition: str,
        source: str,
        *,
        by: User | None,
        at: datetime,
        reason: str,
        data: dict[str, Any],
    ) -> None:
        entry = TransitionLog(
            subject_type=self.name,
            subject_id=subject.pk,
            version=subject.version,  # type: ignore[attr-defined]
            transition=transition,
            source=source,
            target=subject.state,  # type: ignore[attr-defined]
            by=by,
            at=at,
            reason=reason,
            data=data,
        )
        save_new(entry)


def _check_reason(rule: TransitionRule, reason: str) -> None:
    if rule.needs_reason and not reason.strip():
        raise ReasonMissingError(fields={"reason": [ReasonMissingError.message]})
    if len(reason) > REASON_MAX:
        raise ReasonTooLongError(fields={"reason": [ReasonTooLongError.message]})


def check_version(subject: Any, expected_version: int | None) -> None:
    """Raise StaleVersionError unless the caller saw the present version (None: did not say)."""
    if expected_version is not None and subject.version != expected_version:
        raise StaleVersionError(expected=expected_version, current=subject.version)
