"""How promises read in templates."""

from datetime import datetime

from django import template

from core.templatetags.ui import zh_date
from hotline.queries.progress import last_day

register = template.Library()


@register.filter(name="last_day")
def last_day_in_words(due_at: datetime | None) -> str:
    """Return the last day in time, such as 2026年11月25日（周三）; empty for nothing."""
    return zh_date(last_day(due_at))
