"""Addresses of drafts. Form and key are names that our own pages chose."""

from django.urls import path, register_converter

from core.drafts.views import DraftView


class NameConverter:
    """Letters, digits, dot, dash and underscore: nothing that means something in a path."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"

    def to_python(self, value: str) -> str:
        """Return the name."""
        return value

    def to_url(self, value: str) -> str:
        """Return the name."""
        return value


register_converter(NameConverter, "draft_name")

urlpatterns = [
    path("drafts/<draft_name:form>/<draft_name:key>/", DraftView.as_view(), name="draft"),
]
