"""Draw every state machine from its table, so that picture and rule cannot differ."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from django.apps import AppConfig, apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import TextChoices
from django.utils.translation import override

FILE = "states.md"
HEAD = (
    "# States\n\nDrawn from `states.py` by `manage.py draw_states`;"
    " change the tables there and run it again."
)


class Rule(Protocol):
    """What a row of a transition table tells."""

    sources: frozenset[str]
    target: str
    roles: frozenset[Any]
    needs_reason: bool


Table = Mapping[str, Rule]
Diagrams = Mapping[str, tuple[Table, type[TextChoices]]]


class Command(BaseCommand):
    """Write ``states.md`` beside every ``states.py`` that lists ``DIAGRAMS``."""

    help = "按流转表绘制状态图（Mermaid），写入各应用的 states.md；--check 只比对。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the mode."""
        parser.add_argument("--check", action="store_true", help="不写文件，有差异则以 1 退出")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, then write or compare."""
        stale = [path for path, text in drawings() if read(path) != text]
        if options["check"]:
            if stale:
                names = "、".join(path.as_posix() for path in stale)
                raise CommandError(f"状态图已过时：{names}。请运行 manage.py draw_states。")
            self.stdout.write("状态图与流转表一致。")
            return
        for path, text in drawings():
            path.write_text(text, encoding="utf-8")
        self.stdout.write(f"已更新 {len(stale)} 个文件。")


def read(path: Path) -> str:
    """Return what the file holds, nothing when it is not there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def drawings() -> Iterator[tuple[Path, str]]:
    """Yield each app's file and what it should hold."""
    for config in apps.get_app_configs():
        diagrams = diagrams_of(config)
        if diagrams:
            with override("zh-hans"):
                parts = [draw(title, *diagram) for title, diagram in diagrams.items()]
            yield Path(config.path) / FILE, "\n\n".join([HEAD, *parts]) + "\n"


def diagrams_of(config: AppConfig) -> Diagrams:
    """Return the diagrams that an app lists in its ``states`` module."""
    if find_spec(f"{config.name}.states") is None:
        return {}
    found: Diagrams = getattr(import_module(f"{config.name}.states"), "DIAGRAMS", {})
    return found


def draw(title: str, table: Table, states: type[TextChoices]) -> str:
    """Return one machine as a diagram and a table."""
    lines = [f"## {title}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.label}" as {state.value}' for state in states]
    lines += [f"    [*] --> {next(iter(states)).value}"]
    lines += [f"    {source} --> {target}: {name}" for name, source, target in moves(table, states)]
    left = {source for _name, source, _target in moves(table, states)}
    lines += [f"    {state.value} --> [*]" for state in states if state.value not in left]
    lines += ["```", "", "| transition | from | to | who | reason |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(row(name, rule, states) for name, rule in table.items())])


def moves(table: Table, states: type[TextChoices]) -> list[tuple[str, str, str]]:
    """Return (transition, source, target) in the order of the table and of the states."""
    return [
        (name, state.value, str(rule.target))
        for name, rule in table.items()
        for state in states
        if state.value in rule.sources
    ]


def row(name: str, rule: Rule, states: type[TextChoices]) -> str:
    """Return one line of the table."""
    sources = "、".join(str(state.label) for state in states if state.value in rule.sources)
    who = "、".join(str(role.label) for role in sorted(rule.roles)) or "系统"
    reason = "✓" if rule.needs_reason else ""
    return f"| `{name}` | {sources} | {states(rule.target).label} | {who} | {reason} |"
