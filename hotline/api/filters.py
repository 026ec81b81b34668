"""What a ticket list can be narrowed by."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from core.errors import InvalidError
from core.errors import gettext_noop as _
from core.search.queries import matches
from hotline.models import Ticket
from hotline.states import MatterKind, TicketState, Urgency


class TicketFilter:
    """Query parameters → conditions. An unknown value is an error, never an empty filter."""

    choices: Mapping[str, list[str]] = {
        "state": list(TicketState.values),
        "kind": list(MatterKind.values),
        "urgency": list(Urgency.values),
    }
    prefixes: Mapping[str, tuple[str, str]] = {
        "category": ("category__code__startswith", "分类代码，含下级"),
        "region": ("region__path__contains", "区划代码，含下级"),
        "unit": ("orders__unit__code", "承办单位代码"),
    }

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self.parameters_given = parameters

    @classmethod
    def parameters(cls) -> list[OpenApiParameter]:
        """Describe the parameters for the schema."""
        listed = [OpenApiParameter(name, enum=values) for name, values in cls.choices.items()]
        listed += [
            OpenApiParameter(name, OpenApiTypes.STR, description=words)
            for name, (_, words) in cls.prefixes.items()
        ]
        listed.append(OpenApiParameter("q", OpenApiTypes.STR, description="标题、内容、地址中的词"))
        listed.append(OpenApiParameter("page_size", OpenApiTypes.INT, description="1 至 200"))
        return listed

    def apply(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Narrow the rows; raises InvalidError for a value that is not known."""
        for name, values in self.choices.items():
            value = self.parameters_given.get(name)
            if value and value not in values:
                raise InvalidError(fields={name: [_("不在可选范围内。")]})
            if value:
                rows = rows.filter(**{name: value})
        for name, (lookup, _words) in self.prefixes.items():
            value = self._code(name)
            if value:
                rows = rows.filter(**{lookup: f"{value}/" if name == "region" else value})
        words = self.parameters_given.get("q", "")
        if self.parameters_given.get("unit"):
            rows = rows.distinct()
        return matches(rows, words) if words.strip() else rows

    def _code(self, name: str) -> Any:
        value = self.parameters_given.get(name, "")
        if "\x00" in value or len(value) > 40:  # noqa: PLR2004  longest code
            raise InvalidError(fields={name: [_("代码不正确。")]})
        return value
