"""The hotline's groups of the side bar."""

from django.utils.translation import gettext_lazy as _

from core.administration.rooms import Room

CATEGORIES = Room(30, _("诉求分类"))
HOTLINE = Room(50, _("热线数据（只读）"))
