"""The hotline's words for what the kernel stores as codes."""

from django.utils.translation import gettext_lazy as _

from core.administration import vocabulary
from hotline.states import ClockKind, MatterKind, Urgency

vocabulary.name("clock_kind", ClockKind.choices)
vocabulary.name("subject_kind", MatterKind.choices)
vocabulary.name("urgency", Urgency.choices)
vocabulary.name("subject_type", [("hotline.ticket", _("工单")), ("hotline.order", _("承办单"))])
vocabulary.name(
    "audit_action",
    [("category.retired", _("停用分类")), ("category.reinstated", _("重新启用分类"))],
)
