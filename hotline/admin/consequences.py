"""What deeds of the kernel mean for the hotline's rows."""

from django.utils.translation import gettext as _

from core.accounts.models import Organisation
from core.administration import consequences
from hotline.models import Category, HandlingOrder
from hotline.states import WAITING_ORDER_STATES

MOST = 1_000


def _retiring(unit: Organisation) -> str:
    """Say what happens to the orders that the unit holds."""
    open_ones = HandlingOrder.objects.filter(unit=unit, state__in=WAITING_ORDER_STATES)
    held = open_ones[:MOST].count()
    text = f"{MOST}+" if held >= MOST else str(held)
    return _("停用后该单位不能再被派单，正在办理的 %(n)s 件不受影响，仍由该单位办结。") % {
        "n": text
    }


def _losing_categories(unit: Organisation) -> str:
    """Name the categories that usually go there."""
    count = Category.objects.filter(default_unit=unit, is_active=True).count()
    if not count:
        return ""
    return _("有 %(n)s 个诉求分类以它为默认承办单位，请随后改为其他单位。") % {"n": count}


consequences.tell("retire_organisation", _retiring)
consequences.tell("retire_organisation", _losing_categories)
