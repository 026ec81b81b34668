"""What somebody is about to raise: the kept answers, and what is still wrong with them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import Organisation, User
from core.attachments.models import Attachment
from core.attachments.queries import unbound_of
from core.drafts.models import Draft
from core.drafts.queries import drafts_of
from core.process_cache import ProcessCache
from core.regions.models import Region, RegionLevel
from core.regions.queries import lies_in, list_children, resolve, valid_on
from hotline.queries.categories import resolve_category
from hotline.rules.intake import Errors
from hotline.rules.raising import (
    ACCUSING_KINDS,
    REGION_FIELDS,
    SLUGS,
    attachments_of,
    check_answers,
    text_of,
)

FORM = "hotline.new"
SHAPES_SECONDS = 300

Options = list[tuple[str, str]]


def drafts_of_matter(*, user: User | None, holder: str) -> QuerySet[Draft]:
    """Return the kept pages of the form of this person, or of this browser, oldest first."""
    own = drafts_of(user=user, holder=holder).filter(form=FORM, key__in=SLUGS)
    return own.order_by("updated_at", "id")


def load_answers(*, user: User | None, holder: str) -> dict[str, Any]:
    """Return all that was typed so far."""
    return merge_answers(drafts_of_matter(user=user, holder=holder))


def merge_answers(drafts: Iterable[Draft]) -> dict[str, Any]:
    """Return the answers of some drafts; where two kept one input, the later one counts."""
    answers: dict[str, Any] = {}
    for draft in drafts:
        fields = json.loads(draft.content).get("fields")
        answers.update(fields if isinstance(fields, dict) else {})
    return answers


def find_problems(
    *, answers: Mapping[str, Any], user: User | None, holder: str, at: datetime
) -> Errors:
    """Return every broken rule by input, in Chinese; empty when the matter can be raised."""
    errors = check_answers(answers, at=at)
    errors |= _region_problems(answers)
    category = text_of(answers, "category")
    if category and resolve_category(category) is None:
        errors["category"] = [_("没有这个分类，请从列表中选择。")]
    if _names_unknown_unit(answers):
        errors["accused_unit"] = [_("没有这个单位，请从列表中选择，或者留空。")]
    tokens = attachments_of(answers)
    if len(list_uploads(answers=answers, user=user, holder=holder)) != len(tokens):
        errors["attachments"] = [_("有附件已失效或不是您上传的，请到附件一步检查后重新上传。")]
    if len(tokens) > settings.ATTACHMENT_MAX_FILES:
        most = settings.ATTACHMENT_MAX_FILES
        errors["attachments"] = [_("附件最多 %(most)d 个。") % {"most": most}]
    return errors


def list_uploads(*, answers: Mapping[str, Any], user: User | None, holder: str) -> list[Attachment]:
    """Return the uploads among the answers that are really this person's and not sent yet."""
    tokens = [token for token in attachments_of(answers) if _is_token(token)]
    if not tokens:
        return []
    own = unbound_of(user=user, holder=holder) if user or holder else Attachment.objects.none()
    found = own.filter(token__in=tokens[: settings.ATTACHMENT_MAX_FILES]).order_by("id")
    return list(found)


def region_options(*, answers: Mapping[str, Any]) -> dict[str, Options]:
    """Return what each of the three region lists offers, given what was chosen above it."""
    above: Region | None = resolve(settings.CITY_REGION)
    options: dict[str, Options] = {}
    for name in reversed(REGION_FIELDS):
        options[name] = list_divisions(under=above)
        above = _chosen(answers, name)
    return options


def list_divisions(*, under: Region | None) -> Options:
    """Return code and name of the divisions right below one, by code."""
    if under is None:
        return []
    rows = list_children(region=under, on=timezone.localdate())
    return list(rows.values_list("code", "name"))


def divisions_under(*, code: str) -> Options:
    """Return code and name of the divisions right below a code; none for what is no code."""
    return list_divisions(under=resolve(code) if _is_code(code) else None)


def region_name(*, answers: Mapping[str, Any]) -> str:
    """Return the full name of the chosen division, or "" when there is none."""
    for name in REGION_FIELDS:
        region = _chosen(answers, name)
        if region is not None:
            return region.full_name
    return ""


def unit_name(*, code: str) -> str:
    """Return the name of an active unit, or ""."""
    found = Organisation.objects.filter(code=code, is_active=True).only("name").first()
    return found.name if found else ""


def district_shapes() -> dict[str, Any]:
    """Return the districts' boundaries as GeoJSON; nothing of the smaller divisions."""
    return _shapes.get()


def _load_shapes() -> dict[str, Any]:
    rows = Region.objects.filter(valid_on(timezone.localdate()), level=RegionLevel.DISTRICT)
    rows = rows.filter(parent__code=settings.CITY_REGION).exclude(boundary=None)
    features = [
        {
            "type": "Feature",
            "properties": {"code": row.code, "name": row.name},
            "geometry": row.boundary,
        }
        for row in rows.order_by("code")
    ]
    return {"type": "FeatureCollection", "features": features}


_shapes = ProcessCache(_load_shapes, seconds=SHAPES_SECONDS)


def _region_problems(answers: Mapping[str, Any]) -> Errors:
    above: Region | None = resolve(settings.CITY_REGION)
    for name in reversed(REGION_FIELDS):
        if not text_of(answers, name):
            continue
        chosen = _chosen(answers, name)
        if chosen is None or (above is not None and not lies_in(region=chosen, ancestor=above)):
            message = _("没有这个区域，请从列表中选择。")
            if name != REGION_FIELDS[-1]:
                message = _("不在上面所选的区域里，请重新选择，或者留空。")
            return {name: [message]}
        above = chosen
    return {}


def _chosen(answers: Mapping[str, Any], name: str) -> Region | None:
    code = text_of(answers, name)
    return resolve(code) if _is_code(code) else None


def _is_code(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) <= 12  # noqa: PLR2004  longest code


def _is_token(token: str) -> bool:
    return len(token) == 36 and token.replace("-", "").isalnum() and token.isascii()  # noqa: PLR2004  a UUID


def _names_unknown_unit(answers: Mapping[str, Any]) -> bool:
    code = text_of(answers, "accused_unit")
    if not code or text_of(answers, "kind") not in ACCUSING_KINDS:
        return False
    return not unit_name(code=code)
