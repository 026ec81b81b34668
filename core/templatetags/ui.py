"""Template filters and tags that give every page the same icons, dates, money and script texts.

Dates, times and money read aloud well and never depend on the browser. Times are shown in the
current time zone (Asia/Shanghai) and are written out again in English when English is chosen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.utils import dateformat, timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()

WEEKDAYS = "一二三四五六日"
SOON_PERCENT = 75
FULL_PERCENT = 100

# state → (tone, icon). The word beside the icon carries the meaning; the colour only groups.
STATE_LOOKS: dict[str, tuple[str, str]] = {
    "registered": ("blue", "inbox"),
    "answered": ("green", "message-circle"),
    "transferred": ("", "arrow-right-left"),
    "redirected": ("", "corner-up-right"),
    "explained": ("", "book-open"),
    "abuse": ("", "ban"),
    "dispatched": ("blue", "send"),
    "replied": ("green", "message-circle"),
    "callback_due": ("amber", "phone-call"),
    "review": ("amber", "scale"),
    "linked": ("", "link"),
    "guided": ("", "signpost"),
    "redo": ("amber", "rotate-ccw"),
    "closed": ("green", "circle-check"),
    "withdrawn": ("", "undo-2"),
    "issued": ("amber", "bell"),
    "signed": ("blue", "signature"),
    "handling": ("blue", "hourglass"),
    "approved": ("green", "badge-check"),
    "objected": ("red", "hand"),
    "reassigned": ("", "arrow-right-left"),
    "terminated": ("", "circle-x"),
}


@register.simple_tag
def icon(name: str, label: str = "", css_class: str = "") -> SafeString:
    """Draw the Lucide icon `name`: silent for screen readers unless it has a `label`.

    Raises `lucide.IconDoesNotExist` for an unknown name, so that a misspelling fails in tests.
    """
    drawing = _drawing(str(name), css_class=str(css_class))
    if label:
        return format_html('<span role="img" aria-label="{}">{}</span>', label, drawing)
    return drawing


@lru_cache(maxsize=512)
def _drawing(name: str, *, css_class: str) -> SafeString:
    classes = f"icon {css_class}".strip()
    svg: str = lucide._render_icon(  # noqa: SLF001  the package's only Python entry besides its tag
        name, 24, **{"class": classes, "aria-hidden": "true", "focusable": "false"}
    )
    drawing: SafeString = mark_safe(svg)  # noqa: S308  the drawing comes from the package
    return drawing


@register.filter
def zh_date(value: dt.date | None) -> str:
    """2026年11月22日（周日）; an empty string for nothing."""
    if value is None or value == "":
        return ""
    day = _local(value)
    if _is_english():
        return dateformat.format(day, "D j M Y")
    return f"{day.year}年{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


@register.filter
def zh_time(value: dt.datetime | dt.time | None) -> str:
    """14:32 on the 24-hour clock; an empty string for nothing."""
    if value is None or value == "":
        return ""
    moment = _local(value) if isinstance(value, dt.datetime) else value
    return f"{moment:%H:%M}"


@register.filter
def zh_datetime(value: dt.datetime | None) -> str:
    """2026年11月22日（周日） 14:32; an empty string for nothing."""
    if value is None or value == "":
        return ""
    return f"{zh_date(value)} {zh_time(value)}"


@register.filter
def short_datetime(value: dt.datetime | None) -> str:
    """11-22 14:32 for dense lists; the year appears only when it is not the current one."""
    if value is None or value == "":
        return ""
    moment = _local(value)
    this_year = timezone.localtime().year
    return f"{moment:%m-%d %H:%M}" if moment.year == this_year else f"{moment:%Y-%m-%d %H:%M}"


@register.filter
def money(value: Decimal | float | str | None) -> str:
    """¥1,280.00, rounded half up to the fen; an empty string for nothing or for no number."""
    if value is None or value == "":
        return ""
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return ""
    if not amount.is_finite():
        return ""
    sign = "-" if amount < 0 else ""
    return f"{sign}¥{abs(amount):,.2f}"


@register.filter
def grouped(value: int | str | None) -> str:
    """12,345 with grouped digits; an empty string for nothing."""
    return "" if value is None or value == "" else f"{int(value):,}"


@register.filter
def lookup(mapping: Mapping[Any, Any] | None, key: object) -> object:
    """Read `mapping[key]` in a template; an empty string when it is absent."""
    return (mapping or {}).get(key, "")


@register.filter
def due_tone(percent: float | None) -> str:
    """Name the tone of a due bar from the share of the time used up: "", "soon" or "over"."""
    used = percent or 0
    if used >= FULL_PERCENT:
        return "over"
    return "soon" if used >= SOON_PERCENT else ""


@register.filter
def state_look(state: str | None) -> dict[str, str]:
    """Choose the icon and the tone of a state badge; an unknown state gets a plain dot."""
    tone, name = STATE_LOOKS.get(str(state), ("", "circle-dot"))
    return {"tone": tone, "icon": name}


@register.simple_tag
def ui_texts() -> SafeString:
    """Emit the sentences that the scripts say, in the chosen language, as `#ui-texts`."""
    return json_script(_script_texts(), "ui-texts")


def _script_texts() -> dict[str, str]:
    return {
        **_saving_texts(),
        **_upload_texts(),
        "undo": _("撤销"),
        "dismiss": _("关闭"),
        "copied": _("已复制"),
        "copy_failed": _("没能复制，请手动选择后复制。"),
        "count_left": _("还可输入 {n} 字"),
        "count_over": _("超出 {n} 字"),
        "seconds_left": _("还剩 {n} 秒"),
        "time_up": _("时间到"),
        "request_failed": _("没能完成，您填写的内容还在。请稍后再试。"),
        "network_failed": _("网络不通，您填写的内容还在。请检查网络后再试。"),
        "locating": _("正在获取您的位置……"),
        "locate_failed": _("没能获取位置。您可以在地图上点选，或直接填写地址。"),
        "zoom_in": _("放大"),
        "zoom_out": _("缩小"),
        "passkey_cancelled": _("没有使用通行密钥。可以再试一次，或用密码登录。"),
        "passkey_failed": _("这台设备暂时不能用通行密钥，请用密码登录。"),
        "point_set": _("已标记位置：{lat}, {lng}"),
        "point_cleared": _("已清除标记"),
        "region_chosen": _("已选择：{name}"),
    }


def _saving_texts() -> dict[str, str]:
    return {
        "saving": _("正在保存……"),
        "saved": _("已保存 {time}"),
        "saved_here": _("已保存在本机 {time}，登录或联网后会自动上传"),
        "restored": _("已恢复您上次填写的内容"),
    }


def _upload_texts() -> dict[str, str]:
    return {
        "upload_waiting": _("等待上传"),
        "upload_done": _("已上传"),
        "upload_failed": _("上传失败，请重试"),
        "upload_retry": _("重试"),
        "upload_remove": _("移除"),
        "upload_removed": _("已移除"),
        "upload_empty": _("这是一个空文件，请重新选择"),
        "upload_too_big": _("超过 {size}，请压缩后再传"),
        "upload_bad_type": _("不支持这种文件，请上传：{types}"),
        "upload_too_many": _("最多上传 {n} 个文件"),
    }


def _local(value: dt.date) -> dt.date:
    """Move an aware moment into the current time zone; leave dates and naive moments alone."""
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def _is_english() -> bool:
    return (get_language() or "").startswith("en")
