"""The citizen's form as plain answers: which questions there are, and what the answers make.

Answers are kept exactly as typed, page by page; only here they become a contact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import gettext_noop as _
from hotline.rules.intake import Errors, NewContact, check_contact, clean_contact
from hotline.states import MatterKind, Source

ACCUSING_KINDS = frozenset({MatterKind.COMPLAINT, MatterKind.REPORT})
REGION_FIELDS = ("community", "street", "district")
YES = frozenset({"on", "true", "1"})

# Where the page shows what the domain says about a field.
SHOWN_AT = {
    "region": "district",
    "location": "address",
    "caller.name": "name",
    "caller.phone": "phone",
}
_DEGREES = Decimal("0.000001")
_MOST_DEGREES = 180
_OUTSIDE = Decimal(999)  # no point on Earth: the check of the contact says so


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask; ``fields`` are the names of its inputs."""

    slug: str
    fields: tuple[str, ...]


WHAT_KIND = Question("kind", ("kind",))
WHAT = Question("content", ("title", "content", "category"))
WHERE = Question("where", ("district", "street", "community", "address", "lng", "lat"))
ACCUSED = Question("accused", ("accused_unit",))
EVIDENCE = Question("evidence", ("attachments",))
CONTACT = Question("contact", ("name", "phone"))
WISHES = Question("wishes", ("confidential", "publishable"))
QUESTIONS = (WHAT_KIND, WHAT, WHERE, ACCUSED, EVIDENCE, CONTACT, WISHES)
SLUGS = tuple(question.slug for question in QUESTIONS)
FIELDS = frozenset(name for question in QUESTIONS for name in question.fields)


@dataclass(frozen=True, slots=True)
class Page:
    """Questions that are asked together; named after the first one."""

    questions: tuple[Question, ...]

    @property
    def slug(self) -> str:
        """Return the page's name in its address."""
        return self.questions[0].slug

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the inputs of the page in order."""
        return tuple(name for question in self.questions for name in question.fields)


def pages_one_by_one(kind: str) -> list[Page]:
    """Return one page for each question: for phones and for elder mode."""
    return [Page((question,)) for question in QUESTIONS if _is_asked(question, kind)]


def pages_grouped(kind: str) -> list[Page]:
    """Return the pages for a wide screen: what, where and whom, evidence, about me."""
    groups = ((WHAT_KIND, WHAT), (WHERE, ACCUSED), (EVIDENCE,), (CONTACT, WISHES))
    return [Page(tuple(q for q in group if _is_asked(q, kind))) for group in groups]


def find_page(pages: list[Page], slug: str) -> Page | None:
    """Return the page that asks the question, whether the page is named after it or not."""
    for page in pages:
        if any(question.slug == slug for question in page.questions):
            return page
    return None


def page_of_field(pages: list[Page], name: str) -> Page:
    """Return the page with an input; the first one for an unknown name."""
    return next((page for page in pages if name in page.fields), pages[0])


def is_yes(value: Any) -> bool:
    """Tell whether a checkbox is ticked: a form says "on", the page script ["on"]."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(item, str) and item.lower() in YES for item in values)


def innermost_region(answers: Mapping[str, Any]) -> str:
    """Return the code of the smallest division that was chosen."""
    return next((text_of(answers, name) for name in REGION_FIELDS if text_of(answers, name)), "")


def contact_of(answers: Mapping[str, Any]) -> NewContact:
    """Return what the answers make.

    A 举报 and a matter to be kept secret are never published, whatever is ticked; an accused unit
    counts only for 投诉 and 举报.
    """
    kind = text_of(answers, "kind")
    confidential = is_yes(answers.get("confidential"))
    secret = confidential or kind == MatterKind.REPORT
    return NewContact(
        source=Source.PORTAL,
        title=text_of(answers, "title"),
        content=text_of(answers, "content"),
        region=innermost_region(answers),
        kind=kind,
        category=text_of(answers, "category"),
        address=text_of(answers, "address"),
        lng=_degrees(answers, "lng"),
        lat=_degrees(answers, "lat"),
        caller_name=text_of(answers, "name"),
        caller_phone=text_of(answers, "phone"),
        accused_unit=text_of(answers, "accused_unit") if kind in ACCUSING_KINDS else "",
        confidential=confidential,
        publishable=is_yes(answers.get("publishable")) and not secret,
        attachments=tuple(attachments_of(answers)),
    )


def attachments_of(answers: Mapping[str, Any]) -> list[str]:
    """Return the tokens of the uploads, each once, in order."""
    given = answers.get("attachments") or []
    tokens = given if isinstance(given, list) else [given]
    return list(dict.fromkeys(token for token in tokens if isinstance(token, str) and token))


def check_answers(answers: Mapping[str, Any], *, at: datetime) -> Errors:
    """Return every broken rule by input, in Chinese; regions and units are looked up elsewhere.

    The portal asks for a phone number, so that somebody can call back; who reports a wrong may
    stay unknown.
    """
    new = clean_contact(contact_of(answers))
    errors = shown_errors(check_contact(new, at=at))
    if not new.kind:
        errors["kind"] = [_("请选择诉求类型。")]
    if not new.region:
        errors["district"] = [_("请选择事情发生在哪个区县。")]
    if not new.caller_phone and new.kind != MatterKind.REPORT:
        errors["phone"] = [_("请填写联系电话，承办单位要用它与您核实情况。")]
    if not new.content:
        errors.pop("title", None)
    return errors


def shown_errors(errors: Mapping[str, list[str]]) -> Errors:
    """Return the domain's errors by the input that shows them."""
    return {SHOWN_AT.get(name, name): list(messages) for name, messages in errors.items()}


def _is_asked(question: Question, kind: str) -> bool:
    return question is not ACCUSED or kind in ACCUSING_KINDS


def text_of(answers: Mapping[str, Any], name: str) -> str:
    value = answers.get(name, "")
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _degrees(answers: Mapping[str, Any], name: str) -> Decimal | None:
    text = text_of(answers, name)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return _OUTSIDE
    on_earth = value.is_finite() and -_MOST_DEGREES <= value <= _MOST_DEGREES
    return value.quantize(_DEGREES) if on_earth else _OUTSIDE
