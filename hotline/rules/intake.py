"""What a contact must look like, and how its text is cleaned without changing its meaning."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext

from core.errors import gettext_noop as _
from core.identifiers.rules import InvalidIdentifier, check_resident_id, normalise_phone
from hotline.states import MatterKind, Source, Urgency

TITLE_MAX = 200
CONTENT_MAX = 20_000
ADDRESS_MAX = 200
NAME_MAX = 60
CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = date(2000, 1, 1)
WEST, EAST, SOUTH, NORTH = 73, 136, 3, 54
_KEPT_CONTROLS = {"\n", "\t"}
_DROPPED_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0x200E, 0x200F])

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact as it arrives; codes are still codes, texts still raw.

    ``received_at`` None means now. ``lng`` and ``lat`` are degrees (CGCS2000 or WGS 84).
    """

    source: str
    title: str
    content: str
    region: str
    kind: str = MatterKind.HELP
    external_id: str = ""
    caller_name: str = ""
    caller_phone: str = ""
    caller_id_no: str = ""
    category: str = ""
    address: str = ""
    lng: Decimal | None = None
    lat: Decimal | None = None
    urgency: str = Urgency.ORDINARY
    confidential: bool = False
    publishable: bool = False
    accused_unit: str = ""
    received_at: datetime | None = None
    attachments: tuple[str, ...] = ()


def clean_line(text: str) -> str:
    """Return one line: no control or direction characters, blanks collapsed."""
    return " ".join(clean_text(text).split())


_CHOICES = {
    "source": frozenset(Source.values),
    "kind": frozenset(MatterKind.values),
    "urgency": frozenset(Urgency.values),
}


def clean_text(text: str) -> str:
    """Return the text in NFC without control, surrogate and text-direction characters.

    Line breaks and tabs stay; emoji, full-width characters and markup stay: they are the
    citizen's words, and output escapes them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BIDI)
    if not text.isprintable():
        text = "".join(
            c
            for c in text
            if c in _KEPT_CONTROLS or unicodedata.category(c) not in _DROPPED_CATEGORIES
        )
    return unicodedata.normalize("NFC", text).strip()


def check_contact(new: NewContact, *, at: datetime) -> Errors:
    """Return every broken rule by field, in Chinese; empty when the contact can be taken."""
    errors: Errors = {}
    _check_texts(new, errors)
    _check_choices(new, errors)
    _check_caller(new, at, errors)
    _check_point(new, errors)
    _check_received(new, at, errors)
    return errors


def _check_texts(new: NewContact, errors: Errors) -> None:
    limits = {"title": TITLE_MAX, "content": CONTENT_MAX, "address": ADDRESS_MAX}
    names = {"title": _("标题"), "content": _("内容"), "address": _("地址")}
    for field, limit in limits.items():
        text = getattr(new, field)
        if len(text) > limit:
            words = gettext("%(field)s最多 %(most)d 个字，现在有 %(now)d 个字。")
            values = {"field": gettext(names[field]), "most": limit, "now": len(text)}
            errors[field] = [words % values]
    if not new.content:
        errors["content"] = [_("请写明您要反映的具体内容。")]
    if not new.title:
        errors["title"] = [_("请用一句话概括您的诉求。")]


def _check_choices(new: NewContact, errors: Errors) -> None:
    names = {"source": _("来源"), "kind": _("诉求类型"), "urgency": _("紧急程度")}
    for field, values in _CHOICES.items():
        if getattr(new, field) not in values:
            errors[field] = [
                gettext("%(field)s不在可选范围内。") % {"field": gettext(names[field])}
            ]


def _check_caller(new: NewContact, at: datetime, errors: Errors) -> None:
    if len(new.caller_name) > NAME_MAX:
        errors["caller.name"] = [gettext("姓名最多 %(most)d 个字。") % {"most": NAME_MAX}]
    if new.caller_phone:
        try:
            normalise_phone(new.caller_phone)
        except InvalidIdentifier as error:
            errors["caller.phone"] = [str(error)]
    if new.caller_id_no:
        try:
            check_resident_id(new.caller_id_no, on=at.date())
        except InvalidIdentifier as error:
            errors["caller.id_no"] = [str(error)]


def _check_point(new: NewContact, errors: Errors) -> None:
    if (new.lng is None) != (new.lat is None):
        errors["location"] = [_("经度和纬度要一起提供。")]
    elif not _in_china(new.lng, new.lat):
        errors["location"] = [_("坐标不在中国境内，请检查经度和纬度。")]


def _in_china(lng: Decimal | None, lat: Decimal | None) -> bool:
    if lng is None or lat is None:
        return True
    return WEST <= lng <= EAST and SOUTH <= lat <= NORTH


def _check_received(new: NewContact, at: datetime, errors: Errors) -> None:
    if new.received_at is None:
        return
    if new.received_at > at + CLOCK_SKEW:
        errors["received_at"] = [_("收到时间不能晚于现在。")]
    elif new.received_at.date() < EARLIEST:
        errors["received_at"] = [_("收到时间过早，请检查日期。")]


def clean_contact(new: NewContact) -> NewContact:
    """Return the contact with every text cleaned; a missing title is made from the content."""
    content = clean_text(new.content)
    title = clean_line(new.title) or clean_line(content)[:30]
    return NewContact(
        source=new.source,
        title=title,
        content=content,
        region=clean_line(new.region),
        kind=new.kind,
        external_id=clean_line(new.external_id)[:120],
        caller_name=clean_line(new.caller_name),
        caller_phone=clean_line(new.caller_phone),
        caller_id_no=clean_line(new.caller_id_no).upper(),
        category=clean_line(new.category),
        address=clean_line(new.address),
        lng=new.lng,
        lat=new.lat,
        urgency=new.urgency,
        confidential=new.confidential,
        publishable=new.publishable,
        accused_unit=clean_line(new.accused_unit),
        received_at=new.received_at,
        attachments=new.attachments,
    )
