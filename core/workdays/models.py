"""Holiday notices as rows: the yearly notice of the State Council, and regional overlays."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class HolidayNotice(models.Model):
    """One notice for one year; a region makes it an overlay (自治州 holidays, for example)."""

    year = models.PositiveSmallIntegerField(_("年份"))
    region = models.ForeignKey(
        "core.Region",
        verbose_name=_("适用区域（空为全国）"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    source = models.CharField(_("文件依据"), max_length=200)
    published_date = models.DateField(_("发布日期"), null=True, blank=True)

    data_classes = classify(public="id year region source published_date")

    class Meta:
        verbose_name = _("放假通知")
        verbose_name_plural = _("放假通知")
        constraints = [
            models.UniqueConstraint(
                fields=["year", "region"], name="holiday_notice_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.source}"


class SpecialDay(models.Model):
    """A day that differs from its weekday: a holiday, or a weekend that is worked (调休)."""

    notice = models.ForeignKey(HolidayNotice, on_delete=models.CASCADE, related_name="days")
    day = models.DateField(_("日期"))
    is_off = models.BooleanField(_("休息"))
    name = models.CharField(_("名称"), max_length=40, blank=True)

    data_classes = classify(public="id notice day is_off name")

    class Meta:
        verbose_name = _("特殊日期")
        verbose_name_plural = _("特殊日期")
        constraints = [models.UniqueConstraint(fields=["notice", "day"], name="special_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {'休' if self.is_off else '班'}"
