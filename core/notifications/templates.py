"""The texts that may be sent. Each app registers its own; nothing else leaves the house."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.errors import InvalidError, NotFoundError
from core.errors import gettext_noop as _
from core.notifications.models import Channel

TITLE_LENGTH = 120
ALL_CHANNELS = frozenset(Channel)


class UnknownTemplateError(NotFoundError):
    """Nobody registered a template under this key."""

    code = "unknown_template"
    message = _("没有这个消息模板。")


class PlaceholderMissingError(InvalidError):
    """The context does not fill every placeholder; a half-filled text is never sent."""

    code = "placeholder_missing"
    message = _("消息模板缺少内容。")


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a body with named placeholders such as ``{no}``, for some channels.

    Title and body may be lazy translations. They travel on unsafe ways: keep personal data out.
    """

    key: str
    title: str
    body: str
    channels: frozenset[Channel] = field(default=ALL_CHANNELS)


_templates: dict[str, Template] = {}


def register(template: Template) -> None:
    """Add a template; the same key with other words is a programming error (ValueError),
    and so is a placeholder that is more than a name."""
    list(_placeholders(f"{template.title}{template.body}"))
    if _templates.setdefault(template.key, template) != template:
        raise ValueError(f"template {template.key} is registered twice")


def get(key: str) -> Template:
    """Return the template, or raise UnknownTemplateError."""
    template = _templates.get(key)
    if template is None:
        raise UnknownTemplateError(template=key)
    return template


def fill(template: Template, context: Mapping[str, object]) -> tuple[str, str]:
    """Return title and body with every placeholder filled, values taken literally."""
    texts = str(template.title), str(template.body)
    missing = sorted({name for text in texts for name in _placeholders(text)} - set(context))
    if missing:
        raise PlaceholderMissingError(template=template.key, missing=missing)
    values = {name: str(value) for name, value in context.items()}
    title, body = (text.format_map(values) for text in texts)
    return title[:TITLE_LENGTH], body


def _placeholders(text: str) -> Iterator[str]:
    """Yield the names in a text; attributes, indexes and formats raise ValueError."""
    for _literal, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"only plain names may stand in a template, not {{{name}}}")
        yield name
