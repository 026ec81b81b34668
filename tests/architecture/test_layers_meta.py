"""The import contracts hold, and the rules of the house that no linter knows."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("config", "core", "hotline")
NAMELESS = {"utils", "helpers", "common", "misc", "base", "service", "services", "manager"}
DJANGO_WANTS = {
    ROOT / "config" / "settings" / "base.py",
    ROOT / "config" / "database" / "base.py",  # where Django looks for a database backend
}


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.slow
class TestContracts:
    def test_hold(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(ROOT)

        status = lint_imports(no_cache=True)

        assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out

    def test_find_a_breach(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Turned upside down, the same layers must be refused: the contract is alive."""
        monkeypatch.chdir(ROOT)
        config = tmp_path / "upside-down.toml"
        config.write_text(
            '[tool.importlinter]\nroot_packages = ["core", "hotline"]\n'
            '[[tool.importlinter.contracts]]\nname = "x"\ntype = "layers"\n'
            'layers = ["core", "hotline"]\n'
        )

        assert lint_imports(config_filename=str(config), no_cache=True) != EXIT_STATUS_SUCCESS

    def test_cover_every_module_of_the_hotline(self) -> None:
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        layers = [
            contract
            for contract in contracts["tool"]["importlinter"]["contracts"]
            if contract.get("containers") == ["hotline"]
        ]

        assert layers
        assert all(contract["exhaustive"] for contract in layers)


class TestHouse:
    def test_no_module_is_called_after_nothing(self) -> None:
        named = [path for path in sources() if path.stem in NAMELESS]

        assert set(named) <= DJANGO_WANTS

    def test_nothing_listens_to_model_signals(self) -> None:
        guilty = [
            path
            for path in sources()
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("django.db.models.signals")
        ]

        assert guilty == []

    def test_weasyprint_is_imported_where_it_is_used(self) -> None:
        """It loads Pango and a hundred modules: no web worker pays for that at its start."""
        guilty = [
            path
            for path in sources()
            for node in tree_of(path).body
            if "weasyprint" in ast.unparse(node).split("(")[0]
            and isinstance(node, ast.Import | ast.ImportFrom)
        ]

        assert guilty == []

    def test_rows_are_not_moved_behind_the_gates_back(self) -> None:
        """``update(state=…)`` and ``row.state = …`` pass by lock, policy, version and log."""
        guilty = [
            f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
            for path in sources()
            for node in ast.walk(tree_of(path))
            if is_update_of_state(node) or is_assignment_of_state(node)
        ]

        assert [where for where in guilty if not where.startswith(OTHER_STATES)] == []

    def test_the_fsm_librarys_holes_are_not_used(self) -> None:
        words = ("FSMAdminMixin", "FSMModelMixin", "ConcurrentTransitionMixin", "protected=True")
        guilty = [
            path for path in sources() for word in words if word in path.read_text(encoding="utf-8")
        ]

        assert guilty == []


# States that no machine moves: of clocks (they have a ledger), messages, documents and uploads.
OTHER_STATES = ("core/clocks/", "core/notifications/", "core/documents/", "core/attachments/")


def is_update_of_state(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"update", "bulk_update", "aupdate"}
        and any(keyword.arg in {"state", "version"} for keyword in node.keywords)
    )


def is_assignment_of_state(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == "state"
        and not (isinstance(target.value, ast.Name) and target.value.id == "self")
        for target in targets
    )
