"""The embedded default: a private PostgreSQL and Valkey below DATA_DIR when no address is given.

Needs the standard library alone, because settings import it. `service_urls` answers addresses and
starts nothing; `hold` starts what is missing and gives a lease; the last lease to end stops it.
"""

from config.embedded.errors import PlantError
from config.embedded.keys import load_secrets
from config.embedded.layout import layout_of
from config.embedded.leases import Lease, embedded_names, hold, status, stop
from config.embedded.plan import Plan, Services, service_urls

__all__ = [
    "Lease",
    "Plan",
    "PlantError",
    "Services",
    "embedded_names",
    "hold",
    "layout_of",
    "load_secrets",
    "service_urls",
    "status",
    "stop",
]
