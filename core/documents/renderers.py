"""The kinds of document that can be asked for. Each app registers its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.accounts.models import User
from core.errors import NotFoundError
from core.errors import gettext_noop as _


class UnknownKindError(NotFoundError):
    """There is no such document for such a subject."""

    code = "unknown_document"
    message = _("没有这种文书。")


@dataclass(frozen=True, slots=True)
class Page:
    """What to render: a template that extends ``documents/base.html``, and its context."""

    template: str
    context: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Renderer:
    """One kind of document about one type of subject.

    ``check`` raises NotFoundError or ForbiddenError when this person may not have the paper;
    ``build`` reads what stands in it for that person, at the time of rendering.
    """

    kind: str
    subject_type: str
    check: Callable[[User | None, int], None]
    build: Callable[[User | None, int], Page]


_renderers: dict[str, Renderer] = {}


def register(renderer: Renderer) -> None:
    """Add a kind; another renderer under the same name is a programming error (ValueError)."""
    if _renderers.setdefault(renderer.kind, renderer) != renderer:
        raise ValueError(f"document kind {renderer.kind} is registered twice")


def get(*, kind: str, subject_type: str) -> Renderer:
    """Return the renderer, or raise UnknownKindError."""
    renderer = _renderers.get(kind)
    if renderer is None or renderer.subject_type != subject_type:
        raise UnknownKindError(kind=kind)
    return renderer
