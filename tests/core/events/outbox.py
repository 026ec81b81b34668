"""Writing events by hand."""

from core.events.actions import publish
from core.events.models import Event
from tests.factories.core import EPOCH


def write(no: str = "1", *scopes: str) -> Event:
    """Publish one event of a subject with this number."""
    return publish(
        kind="test.thing.moved",
        scopes=scopes or ("desk:519900",),
        subject_type="test.thing",
        subject_id=1,
        subject_no=no,
        version=1,
        at=EPOCH,
    )
