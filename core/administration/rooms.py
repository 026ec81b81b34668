"""The groups of the side bar, by job."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Room:
    """One group; apps above the kernel bring their own."""

    order: int
    title: Any


PEOPLE = Room(10, _("机构与人员"))
REGIONS = Room(20, _("区划"))
TIME = Room(40, _("时限与节假日"))
MESSAGES = Room(60, _("消息与文书"))
AUDIT = Room(70, _("审计"))
