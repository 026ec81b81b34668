"""Deeds: what an administrator does to a row beyond filling in its form.

Each deed has one page: it says the consequence in words, asks what must be asked, shows a preview
where there is one, and calls one domain action. The same page refuses a request posted by hand.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.accounts.states import Role
from core.errors import DomainError

Label = Any  # text, or a lazy translation


class DeedNotPossibleError(DomainError):
    """The row is not in a state for this deed: somebody else was faster, or the page is old."""

    code = "deed_not_possible"
    message = _("这条记录当前的状态不能执行此操作，可能已有人处理过。")


class DeedForm(forms.Form):
    """What a deed asks; the domain's refusal appears beside the field that it names."""

    required_css_class = "required"

    def __init__(self, *args: Any, deed_request: HttpRequest, subject: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.subject = deed_request, subject

    def take_refusal(self, error: DomainError) -> None:
        """Show why the domain said no."""
        named: Mapping[str, Sequence[Any]] = error.details.get("fields", {})
        for name, texts in named.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, gettext(str(text)))
        if not named:
            self.add_error(None, gettext(str(error.message)))

    def digest(self) -> str:
        """Return a digest of what was filled in, so that only what was previewed is confirmed."""
        values = {name: str(value) for name, value in sorted(self.cleaned_data.items())}
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


class ReasonForm(DeedForm):
    """A deed that must be explained."""

    reason = forms.CharField(
        label=_("理由"),
        max_length=300,
        help_text=_("会写入审计记录，请勿填写个人信息。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True)
class Doing:
    """One deed being done: by whom, when, to what, with which answers."""

    request: HttpRequest
    subject: Any
    data: Mapping[str, Any]
    by: User
    at: datetime

    @property
    def reason(self) -> str:
        """What was given as the reason."""
        return str(self.data.get("reason", ""))


def _nothing(subject: Any) -> list[str]:
    return []


def _always(subject: Any) -> bool:
    return True


def _nobody_minds(actor: User, subject: Any) -> bool:
    return True


@dataclass(frozen=True)
class Deed:
    """One button, its page and what it calls.

    ``run`` returns the sentence to show afterwards, or a whole answer. ``consequence`` says before
    what will happen; ``fits`` whether the row is in a state for it, ``allowed`` whether this
    person may do it to this row. ``preview`` gives context for ``preview_template``; then the deed
    is done in two steps: shown, and confirmed unchanged.
    """

    name: str
    title: Label
    roles: frozenset[Role]
    run: Callable[[Doing], Label | HttpResponseBase]
    form: type[DeedForm] = DeedForm
    consequence: Callable[[Any], Sequence[Label]] = _nothing
    fits: Callable[[Any], bool] = _always
    allowed: Callable[[User, Any], bool] = _nobody_minds
    initial: Callable[[Any], dict[str, Any]] = lambda subject: {}
    preview: Callable[[Doing], dict[str, Any]] | None = None
    preview_template: str = ""
    icon: str = "arrow_forward"
    on_list: bool = False
    dangerous: bool = False
    button: Label = ""

    @property
    def button_text(self) -> Label:
        """The verb on the button of the page."""
        return self.button or self.title
