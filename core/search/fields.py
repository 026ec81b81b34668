"""The token column behind full-text search: kept in step with its source fields on every save."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.search.rules import tokenise


class SearchTokensField(ArrayField):  # type: ignore[type-arg]  # not subscriptable
    """Tokens of ``sources`` (names of text fields of the same row), for a GIN index.

    ``save(update_fields=…)`` must name it beside its sources, or it keeps the old words.
    """

    def __init__(self, *args: Any, sources: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.sources = tuple(sources)
        kwargs["base_field"] = models.CharField(max_length=40)
        kwargs["default"] = list
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Keep the sources in migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["sources"] = self.sources
        kwargs.pop("base_field", None)
        kwargs.pop("default", None)
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> list[str]:  # noqa: FBT001  Django's signature
        """Compute the tokens from the source fields."""
        text = " ".join(getattr(model_instance, source) or "" for source in self.sources)
        tokens = sorted(tokenise(text))
        setattr(model_instance, self.attname, tokens)
        return tokens
