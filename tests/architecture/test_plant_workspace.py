"""Setting up the environment: nothing is installed here, only what would be is looked at."""

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from config import checks, workspace
from config.embedded.layout import REPOSITORY


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """A workspace in an empty directory; answers the commands that were asked for."""
    commands: list[Sequence[str]] = []
    monkeypatch.setattr(workspace, "ROOT", tmp_path)
    monkeypatch.setattr(workspace, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(workspace, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(workspace, "run", lambda command, _what: commands.append(command))
    monkeypatch.setattr(workspace, "pip", lambda: ["pip"])
    for name in workspace.LOCKS.values():
        (tmp_path / name).write_text("one==1 --hash=sha256:0\n")
    (tmp_path / ".venv").mkdir()
    return commands


class TestDependencies:
    def test_are_installed_with_hashes(self, machine: list[Sequence[str]]) -> None:
        workspace.install_dependencies("run")

        assert machine[0][:4] == ["pip", "install", "--require-hashes", "--no-deps"]
        assert machine[0][-1].endswith("requirements.lock")

    def test_are_left_alone_while_the_lock_is_unchanged(self, machine: list[Sequence[str]]) -> None:
        workspace.install_dependencies("run")
        workspace.install_dependencies("run")

        assert len(machine) == 1

    def test_are_installed_again_when_the_lock_changes(
        self, machine: list[Sequence[str]], tmp_path: Path
    ) -> None:
        workspace.install_dependencies("run")
        (tmp_path / "requirements.lock").write_text("one==2 --hash=sha256:1\n")

        workspace.install_dependencies("run")

        assert len(machine) == 2

    def test_a_failed_installation_is_not_taken_for_done(
        self, machine: list[Sequence[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_command: Sequence[str], what: str) -> None:
            raise workspace.ObstacleError(f"{what}失败")

        monkeypatch.setattr(workspace, "run", fail)

        with pytest.raises(workspace.ObstacleError):
            workspace.install_dependencies("run")

        assert list((tmp_path / ".venv").glob("*.sha256")) == []


class TestVirtualEnvironment:
    def test_a_working_one_is_kept(
        self, machine: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workspace, "PYTHON", Path(sys.executable))

        workspace.make_venv()

        assert machine == []

    def test_a_broken_one_is_made_again(self, machine: list[Sequence[str]]) -> None:
        workspace.make_venv()

        assert machine[0][1:4] == ["-m", "venv", "--clear"]

    def test_a_machine_without_the_venv_package_is_told_which_one(
        self, machine: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
        monkeypatch.setattr(workspace, "install_packages", lambda _names: False)

        with pytest.raises(workspace.ObstacleError, match="apt-get install python3-venv"):
            workspace.make_venv()

        assert machine == []

    def test_an_old_python_is_told_so(
        self, machine: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workspace, "OLDEST_PYTHON", (4, 0))

        with pytest.raises(workspace.ObstacleError, match=r"需要 Python 3\.11"):
            workspace.make_venv()

        assert machine == []


class TestSystemPackages:
    def test_without_rights_the_person_is_told_in_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(workspace, "loads", lambda library: "subset" not in library)
        monkeypatch.setattr(workspace, "privilege", lambda: None)

        workspace.install_missing_packages("run")

        (line,) = capsys.readouterr().out.splitlines()
        assert "apt-get install libharfbuzz-subset0 /" in line

    def test_only_the_tests_ask_for_a_browser(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[Sequence[str]] = []
        monkeypatch.setattr(workspace, "loads", lambda _library: True)
        monkeypatch.setattr(workspace.shutil, "which", lambda _name: None)
        monkeypatch.setattr(workspace, "install_packages", lambda names: bool(asked.append(names)))

        workspace.install_missing_packages("run")
        workspace.install_missing_packages("test")

        assert asked == [["chromium"]]

    def test_a_library_that_is_there_is_found(self) -> None:
        assert workspace.loads("libc.so.6")
        assert not workspace.loads("libno-such-library.so.0")


class TestLockFiles:
    @pytest.mark.parametrize("name", sorted(workspace.LOCKS.values()))
    def test_carry_a_hash_for_everything_and_no_address(self, name: str) -> None:
        text = (REPOSITORY / name).read_text()

        requirements = text.replace("\\\n", "").splitlines()

        assert len(requirements) > 50
        assert [line for line in requirements if "--hash=sha256:" not in line] == []
        assert "://" not in text

    def test_the_stamp_is_the_digest_of_the_lock(
        self, machine: list[Sequence[str]], tmp_path: Path
    ) -> None:
        workspace.install_dependencies("test")

        digest = hashlib.sha256((tmp_path / "requirements-dev.lock").read_bytes()).hexdigest()
        assert (tmp_path / ".venv" / ".requirements-dev.lock.sha256").read_text().strip() == digest


class TestChecks:
    def test_a_failing_check_shows_what_it_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        script = "print('the reason'); raise SystemExit(2)"

        passed = checks.passes(checks.Check("broken", (sys.executable, "-c", script)))

        assert not passed
        assert "✗ broken" in capsys.readouterr().out

    def test_a_passing_check_is_one_quiet_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        passed = checks.passes(checks.Check("fine", (sys.executable, "-c", "print('noise')")))

        assert passed
        assert "noise" not in capsys.readouterr().out
