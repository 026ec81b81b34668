"""The root of every refusal that a caller can understand and answer."""

from typing import Any

from django.utils.functional import Promise


def gettext_noop(message: str) -> str:
    """Mark a message for ``makemessages`` (import it as ``_``); edges translate what they show.

    Unlike Django's function of this name it needs no settings, so that rules can be read anywhere.
    """
    return message


class DomainError(Exception):
    """A rule said no. ``code`` is stable for machines, ``message`` is Chinese for people.

    ``status`` is the HTTP status that edges answer with; ``details`` travels with it.
    """

    code = "refused"
    message: "str | Promise" = gettext_noop("操作未被允许。")
    status = 409

    def __init__(self, message: "str | Promise" = "", **details: Any) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.message)


class NotFoundError(DomainError):
    """Absent or hidden: the two look the same to whom it does not concern."""

    code = "not_found"
    message = gettext_noop("没有找到，或您无权查看。")
    status = 404


class ForbiddenError(DomainError):
    """Visible, but not for this role or this person to do."""

    code = "forbidden"
    message = gettext_noop("您没有执行此操作的权限。")
    status = 403


class InvalidError(DomainError):
    """Input breaks a rule; ``details["fields"]`` maps each field to its messages."""

    code = "invalid"
    message: "str | Promise" = gettext_noop("填写的内容有误，请检查后再提交。")
    status = 400
