"""What `manage.py` decides before Django starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import manage
from config.embedded.layout import REPOSITORY
from config.launch import site_of


class TestNeedsServers:
    @pytest.mark.parametrize(
        "words", [["migrate"], ["shell"], ["runserver", "8001"], ["load_demo"], ["createsuperuser"]]
    )
    def test_a_command_that_reads_rows_does(self, words: list[str]) -> None:
        assert manage.needs_servers(["manage.py", *words])

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["help"],
            ["--version"],
            ["check", "--deploy"],
            ["migrate", "--help"],
            ["compilemessages"],
        ],
    )
    def test_a_command_that_reads_none_does_not(self, words: list[str]) -> None:
        assert not manage.needs_servers(["manage.py", *words])


class TestProductionSecrets:
    @pytest.mark.parametrize(
        ("module", "words", "expected"),
        [
            ("config.settings.prod", [], True),
            ("config.settings.dev", ["--settings=config.settings.prod"], True),
            ("config.settings.dev", ["--settings", "config.settings.prod"], True),
            ("config.settings.dev", [], False),
        ],
    )
    def test_come_from_the_environment_alone(
        self, monkeypatch: pytest.MonkeyPatch, module: str, words: list[str], expected: bool
    ) -> None:
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", module)

        assert manage.is_production(["manage.py", "migrate", *words]) is expected


@pytest.mark.slow
class TestObstacles:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"}, "无法连接 DATABASE_URL"),
            ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL 格式不正确"),
        ],
    )
    def test_are_one_sentence_and_no_traceback(
        self, tmp_path: Path, settings: dict[str, str], words: str
    ) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate"],
            env={**os.environ, "DATA_DIR": str(tmp_path / "var"), **settings},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

    def test_a_missing_one_is_one_sentence(self) -> None:
        env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.prod"}

        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            env=env,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 1
        assert done.stderr.strip().splitlines() == [
            "生产环境必须设置环境变量 DJANGO_SECRET_KEY。 / The settings are incomplete."
        ]


class TestAskingWhetherTheSiteAnswers:
    @pytest.mark.parametrize(
        ("allowed", "public", "expected"),
        [
            ("tongban.example,10.0.0.7", "https://x.example", "tongban.example"),
            (".tongban.example", "https://x.example", "tongban.example"),
            ("*", "https://x.example", "x.example"),
            ("", "http://127.0.0.1:8000", "127.0.0.1:8000"),
        ],
    )
    def test_uses_a_name_that_the_site_accepts(
        self, allowed: str, public: str, expected: str
    ) -> None:
        assert site_of({"ALLOWED_HOSTS": allowed, "PUBLIC_URL": public}) == expected
