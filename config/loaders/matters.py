"""The matters that the citizens of the fictional city have raised."""

from django.utils.translation import gettext as _

from config.loaders.outcome import Loaded
from hotline.demo import load_matters
from hotline.models import Ticket


def load_demo_matters() -> Loaded:
    """Play the matters that are missing through the hotline's own actions."""
    present = Ticket.objects.filter(origin__external_id__startswith="demo:").count()
    return Loaded(_("演示诉求"), load_matters(), present)
