"""Administrative divisions: codes of 6, 9 or 12 digits, valid between dates, in a tree."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify


class RegionLevel(models.TextChoices):
    """Levels of the tree."""

    PROVINCE = "province", _("省")
    CITY = "city", _("市州")
    DISTRICT = "district", _("区县")
    STREET = "street", _("街道乡镇")
    COMMUNITY = "community", _("社区村")


class Region(models.Model):
    """One division in one period. ``path`` (codes joined by /) answers "lies in" by prefix."""

    code = models.CharField(_("区划代码"), max_length=12)
    name = models.CharField(_("名称"), max_length=60)
    full_name = models.CharField(_("全称"), max_length=160, blank=True)
    level = models.CharField(_("级别"), max_length=12, choices=RegionLevel)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = models.CharField(max_length=80, editable=False)
    starts_date = models.DateField(_("启用日期"))
    ends_date = models.DateField(_("停用日期"), null=True, blank=True)
    lng = models.DecimalField(_("经度"), max_digits=9, decimal_places=6, null=True, blank=True)
    lat = models.DecimalField(_("纬度"), max_digits=8, decimal_places=6, null=True, blank=True)
    boundary = models.JSONField(_("边界"), null=True, blank=True)

    data_classes = classify(
        public="id code name full_name level parent path starts_date ends_date lng lat boundary"
    )

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        indexes = [
            models.Index(
                fields=["path"], name="region_path_prefix_idx", opclasses=["varchar_pattern_ops"]
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["code", "starts_date"], name="region_code_period_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(ends_date__isnull=True), name="region_one_current"
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$"),
                name="region_code_digits",
            ),
            models.CheckConstraint(
                condition=Q(ends_date__isnull=True) | Q(starts_date__lt=F("ends_date")),
                name="region_period_forward",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.name
