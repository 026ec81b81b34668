"""What a loader reports, and where it reads."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows of one kind were added, and how many were there before."""

    title: str
    added: int
    present: int
    note: str = ""

    def __str__(self) -> str:
        line = f"{self.title}：新增 {self.added}，已有 {self.present}"
        return f"{line}（{self.note}）" if self.note else line


def read_rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of a JSON file of the project; ``path`` starts at its root."""
    rows: list[dict[str, Any]] = json.loads((settings.BASE_DIR / path).read_text(encoding="utf-8"))
    return rows
