"""Which room belongs to which role."""

from core.accounts.queries import AnyUser, roles_of
from core.accounts.states import ADMIN_ROLES, CENTRE_ROLES, UNIT_ROLES, Role

CONSOLE = "/console/"
ADMIN = "/admin/"
CITIZEN = "/my/"


def landing_url(user: AnyUser) -> str:
    """Return the room of the user's busiest role: desk and unit, then admin, then citizen."""
    roles = roles_of(user)
    if roles & (CENTRE_ROLES | UNIT_ROLES):
        return CONSOLE
    if roles & (ADMIN_ROLES | {Role.COMMUNITY_WORKER}):
        return ADMIN
    return CITIZEN
