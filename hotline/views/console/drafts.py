"""What a member of staff was typing: shown again after a reload, forgotten once it was sent."""

from typing import Any

from django.urls import reverse

from core.accounts.models import User
from core.drafts.actions import discard_draft
from core.drafts.queries import load_draft


class DraftPlace:
    """The draft of one form about one thing, owned by one user."""

    def __init__(self, form: str, key: str, user: User) -> None:
        self.form, self.key, self.user = form, key, user

    @property
    def url(self) -> str:
        """Where the page script saves to."""
        return reverse("draft", args=[self.form, self.key])

    def load(self) -> dict[str, Any]:
        """Return the fields that were typed, ready to be a form's initial values."""
        content = load_draft(form=self.form, key=self.key, user=self.user) or {}
        fields = content.get("fields")
        if not isinstance(fields, dict):
            return {}
        return {str(name): _value(value) for name, value in fields.items()}

    def forget(self) -> None:
        """Drop it: it was sent."""
        discard_draft(form=self.form, key=self.key, user=self.user)


def _value(value: Any) -> Any:
    """A lone checkbox is saved as the list of its checked values."""
    return bool(value) if isinstance(value, list) else value
