"""Roles and kinds of organisation."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may be in an organisation; the three admins are separated (三员分立)."""

    CITIZEN = "citizen", _("市民")
    AGENT = "agent", _("话务员")
    SHIFT_LEAD = "shift_lead", _("值班长")
    DISPATCHER = "dispatcher", _("派单员")
    HANDLER = "handler", _("承办人")
    UNIT_HEAD = "unit_head", _("单位负责人")
    SUPERVISOR = "supervisor", _("督办员")
    AUDITOR = "auditor", _("审核员")
    CLERK = "clerk", _("窗口人员")
    EXAMINER = "examiner", _("审查人")
    DECIDER = "decider", _("决定人")
    LICENSE_OFFICER = "license_officer", _("证照管理员")
    COMMUNITY_WORKER = "community_worker", _("社区工作者")
    PROVIDER_STAFF = "provider_staff", _("服务机构人员")
    CARE_WORKER = "care_worker", _("护理员")
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
    AUDIT_ADMIN = "audit_admin", _("审计管理员")


ADMIN_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
CENTRE_ROLES = frozenset(
    {Role.AGENT, Role.SHIFT_LEAD, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR}
)
UNIT_ROLES = frozenset({Role.HANDLER, Role.UNIT_HEAD})


class OrganisationKind(models.TextChoices):
    """What an organisation is."""

    GOVERNMENT = "government", _("人民政府")
    CENTRE = "centre", _("热线管理机构")
    DEPARTMENT = "department", _("政府部门")
    STREET = "street", _("街道乡镇")
    UTILITY = "utility", _("公共企业")
    INSTITUTION = "institution", _("事业单位")
    COMPANY = "company", _("企业")
