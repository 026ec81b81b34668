"""诉求分类: the three-level subject tree with the city's own codes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data.register import classify
from hotline.states import MatterKind


class Category(models.Model):
    """One subject; ``code`` has two digits a level, so a prefix contains all below it."""

    code = models.CharField(_("代码"), max_length=6, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    full_name = models.CharField(_("全称"), max_length=200, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级分类"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    external_code = models.CharField(_("外部代码"), max_length=40, blank=True)
    standard = models.CharField(_("所依标准"), max_length=60, blank=True)
    keywords = ArrayField(
        models.CharField(max_length=20), verbose_name=_("关键词"), default=list, blank=True
    )
    default_kind = models.CharField(_("默认类型"), max_length=20, choices=MatterKind, blank=True)
    default_unit = models.ForeignKey(
        "core.Organisation",
        verbose_name=_("默认承办单位"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    is_active = models.BooleanField(_("启用"), default=True)

    data_classes = classify(
        public="id code name full_name parent external_code standard keywords default_kind"
        " default_unit is_active"
    )

    class Meta:
        verbose_name = _("诉求分类")
        verbose_name_plural = _("诉求分类")
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^([0-9]{2}){1,3}$"), name="category_code_digits"
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.name
