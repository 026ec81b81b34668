"""What an API key may be allowed to do."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """One right of a machine; roles say which rows it reaches."""

    CONTACTS_WRITE = "contacts:write", _("提交诉求")
    TICKETS_READ = "tickets:read", _("查询工单")
    TICKETS_WRITE = "tickets:write", _("办理工单")
    ORDERS_WRITE = "orders:write", _("办理承办单")
    EVENTS_READ = "events:read", _("读取事件")
    SUGGEST_READ = "suggest:read", _("获取建议")
