"""Every model of the kernel, gathered for Django. Import from the noun's own package instead."""

from core.accounts.models import ApiKey, Membership, Organisation, Person, User
from core.attachments.models import Attachment
from core.audit.models import AuditEntry, AuditHead, AuditSeal
from core.clocks.models import Clock, ClockEntry, ClockPolicy
from core.documents.models import Document
from core.drafts.models import Draft
from core.events.models import Event, Subscription
from core.http.models import IdempotencyKey
from core.notifications.models import Notification
from core.numbering.models import NumberSeries
from core.regions.models import Region
from core.transitions.models import TransitionLog
from core.workdays.models import HolidayNotice, SpecialDay

__all__ = [
    "ApiKey",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "Clock",
    "ClockEntry",
    "ClockPolicy",
    "Document",
    "Draft",
    "Event",
    "HolidayNotice",
    "IdempotencyKey",
    "Membership",
    "Notification",
    "NumberSeries",
    "Organisation",
    "Person",
    "Region",
    "SpecialDay",
    "Subscription",
    "TransitionLog",
    "User",
]
