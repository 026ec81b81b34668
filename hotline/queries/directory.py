"""The units that matters can be sent to."""

from django.db.models import QuerySet

from core.accounts.models import Organisation
from core.accounts.states import OrganisationKind

HANDLING_KINDS = [
    OrganisationKind.DEPARTMENT,
    OrganisationKind.GOVERNMENT,
    OrganisationKind.STREET,
    OrganisationKind.UTILITY,
    OrganisationKind.INSTITUTION,
]


def list_handling_units() -> QuerySet[Organisation]:
    """Return every unit that may be 主办 or 协办, by name."""
    return Organisation.objects.filter(is_active=True, kind__in=HANDLING_KINDS).order_by(
        "name", "pk"
    )
