"""Holiday notices: entered as a whole, with a preview of the deadlines that move."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.accounts.reach import reaches_city, within_reach
from core.accounts.states import Role
from core.administration import rooms, vocabulary
from core.administration.deeds import Deed, DeedForm, Doing
from core.administration.rights import ReadOnlyInline, RoleModelAdmin, acting_user
from core.administration.year_picture import year_picture
from core.clocks.previews import preview_moves
from core.regions.models import Region
from core.regions.queries import valid_on
from core.workdays.actions import publish_notice
from core.workdays.models import HolidayNotice, SpecialDay
from core.workdays.previews import calendar_with
from core.workdays.rules import BadNotice, NoticeDay, parse_notice

KEEPERS = frozenset({Role.SYSTEM_ADMIN})
SHOWN_MOVES = 50
LONGEST_SPAN = 31
_LINE = re.compile(
    r"^(?P<first>\d{4}-\d{1,2}-\d{1,2})(?:\s*[~～至]\s*(?P<last>\d{4}-\d{1,2}-\d{1,2}))?"
    r"\s+(?P<kind>休|班)(?:\s+(?P<name>\S.*))?$"
)


def _date(text: str) -> date:
    year, month, day = (int(part) for part in text.split("-"))
    return date(year, month, day)


def _rows_of(line: str) -> list[dict[str, Any]]:
    """Return one row for each day of a line; raise ValueError where it cannot be read."""
    match = _LINE.match(line)
    if match is None:
        raise ValueError(line)
    first = _date(match["first"])
    last = _date(match["last"]) if match["last"] else first
    if not 0 <= (last - first).days < LONGEST_SPAN:
        raise ValueError(line)
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [{"date": day, "isOffDay": match["kind"], "name": match["name"] or ""} for day in span]


class NoticeForm(DeedForm):
    """The year, the decree, and the days as people write them."""

    year = forms.IntegerField(label=_("年份"), min_value=2000, max_value=2100)
    region = forms.ModelChoiceField(
        label=_("适用区域"), queryset=Region.objects.none(), required=False
    )
    source = forms.CharField(
        label=_("文件依据"), max_length=200, help_text=_("发文机关、文号和名称。")
    )
    published_date = forms.DateField(
        label=_("发布日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    days = forms.CharField(
        label=_("放假与调休"),
        help_text=_("每行一段：日期或起止日期，休或班，名称。例：2027-10-01~2027-10-07 休 国庆节"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor = acting_user(self.request)
        places = Region.objects.filter(valid_on(timezone.localdate())).defer("boundary")
        field: Any = self.fields["region"]
        field.queryset = within_reach(
            places.order_by("path"), user=actor, roles=KEEPERS, lookups=("path",)
        )
        field.required = not reaches_city(actor, KEEPERS)
        field.empty_label = _("请选择") if field.required else _("全国")

    def clean_days(self) -> tuple[NoticeDay, ...]:
        """Read the lines; name the first that cannot be read."""
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(self.cleaned_data["days"].splitlines(), start=1):
            if not line.strip():
                continue
            try:
                rows += _rows_of(line.strip())
            except ValueError:
                text = _("第 %(n)s 行无法识别，应如“2027-10-01~2027-10-07 休 国庆节”。")
                raise forms.ValidationError(text % {"n": number}) from None
        try:
            return parse_notice(rows)
        except BadNotice as error:
            raise forms.ValidationError(gettext(str(error.message))) from error

    def clean(self) -> dict[str, Any]:
        """The days lie in the year, or in the week before it or after it."""
        cleaned: dict[str, Any] = super().clean() or {}
        year, days = cleaned.get("year"), cleaned.get("days")
        if year and days:
            first, last = date(year - 1, 12, 24), date(year + 1, 1, 7)
            strange = [day.date for day in days if not first <= day.date <= last]
            if strange:
                text = _("%(day)s 不在 %(year)s 年内。") % {"day": strange[0], "year": year}
                self.add_error("days", text)
        return cleaned


def _publish(doing: Doing) -> Any:
    publish_notice(
        year=doing.data["year"],
        days=doing.data["days"],
        source=doing.data["source"],
        region=doing.data["region"],
        published_date=doing.data["published_date"],
        by=doing.by,
        at=doing.at,
    )
    return _("放假通知已发布，在办事项的期限正在后台重新计算。")


def _preview(doing: Doing) -> dict[str, Any]:
    data = doing.data
    days: tuple[NoticeDay, ...] = data["days"]
    preview = preview_moves(
        calendar_of=calendar_with(year=data["year"], region=data["region"], days=days)
    )
    return {
        "months": year_picture(
            year=data["year"],
            days={day.date: day.is_off for day in days},
            names={day.date: day.name for day in days},
        ),
        "preview": preview,
        "moves": [
            (
                vocabulary.word("clock_kind", move.clock.kind),
                vocabulary.word("subject_type", move.clock.subject_type),
                move,
            )
            for move in preview.moves[:SHOWN_MOVES]
        ],
        "more_moves": max(0, len(preview.moves) - SHOWN_MOVES),
        "off_count": sum(day.is_off for day in days),
        "worked_count": sum(not day.is_off for day in days),
    }


class SpecialDayInline(ReadOnlyInline):
    """The days of one notice."""

    model = SpecialDay
    fields = ("day", "kind", "name")
    readonly_fields = fields
    ordering = ("day",)
    verbose_name_plural = _("日期清单")

    @admin.display(description=_("安排"))
    def kind(self, day: SpecialDay) -> Any:
        """Say off or worked."""
        return _("休息") if day.is_off else _("上班（调休）")


@admin.register(HolidayNotice)
class HolidayNoticeAdmin(RoleModelAdmin):
    """National notices by the whole city's system administrator, local ones in the region."""

    room, place, icon = rooms.TIME, 20, "calendar_month"
    viewers = KEEPERS
    region_lookups = ("region__path",)
    fields = ("year", "region", "source", "published_date")
    list_display = ("year", "where", "source", "published_date")
    list_filter = ("year",)
    list_select_related = ("region",)
    ordering = ("-year", "id")
    sortable_by = ()
    inlines = (SpecialDayInline,)
    change_form_after_template = "admin/year_picture.html"
    deeds = (
        Deed(
            name="publish",
            title=_("发布放假通知"),
            roles=KEEPERS,
            run=_publish,
            form=NoticeForm,
            consequence=lambda _subject: [
                _("发布后，所有按日计算且尚未结束的期限会按新日历重新计算，先给您看哪些会变。"),
                _("同一年份、同一区域已有通知的，本次内容整体替换原有日期。"),
            ],
            initial=lambda _subject: {"year": timezone.localdate().year + 1},
            preview=_preview,
            preview_template="admin/notice_preview.html",
            icon="event_available",
            on_list=True,
            button=_("确认发布"),
        ),
    )

    @admin.display(description=_("适用区域"))
    def where(self, notice: HolidayNotice) -> Any:
        """Name the region; none is the whole country."""
        return notice.region or _("全国")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Draw the year beside the days."""
        extra = {**(extra_context or {}), "months": self._months(request, object_id)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return answer

    def _months(self, request: HttpRequest, object_id: str) -> Any:
        notice = self.get_object(request, object_id)
        if notice is None:
            return []
        rows = list(SpecialDay.objects.filter(notice=notice))
        return year_picture(
            year=notice.year,
            days={row.day: row.is_off for row in rows},
            names={row.day: row.name for row in rows},
        )
