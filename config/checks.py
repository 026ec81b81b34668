"""`make check`: every rule the project sets itself, cheapest first; the tests come after."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.keys import MAKERS

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
OWN_APPS = ("core", "hotline")
TEST_SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings.test"}


@dataclass(frozen=True, slots=True)
class Check:
    """A command that must end with 0."""

    title: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def templates() -> list[str]:
    """Every HTML template of ours."""
    places = (ROOT / "templates", *(ROOT / app for app in OWN_APPS))
    return sorted(str(path) for place in places for path in place.rglob("*.html"))


def throwaway_production() -> dict[str, str]:
    """Production settings with secrets that live as long as the check."""
    secrets = {name: make() for name, make in MAKERS.items()}
    hosts = {"ALLOWED_HOSTS": "tongban.example", "PUBLIC_URL": "https://tongban.example"}
    return {"DJANGO_SETTINGS_MODULE": "config.settings.prod", **hosts, **secrets}


CHECKS = (
    Check("格式 format", (PYTHON, "-m", "ruff", "format", "--check", ".")),
    Check("规则 lint", (PYTHON, "-m", "ruff", "check", ".")),
    Check("模板 templates", ("djade", "--check", "--target-version", "5.2", *templates())),
    Check("依赖方向 import contracts", ("lint-imports",)),
    Check(
        "接口描述 API schema",
        (*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull),
        TEST_SETTINGS,
    ),
    Check("状态图 state diagrams", (*MANAGE, "draw_states", "--check"), TEST_SETTINGS),
    Check(
        "系统检查与迁移线性 system checks, linear migrations",
        (*MANAGE, "check", "--fail-level", "WARNING"),
        TEST_SETTINGS,
    ),
    Check(
        "部署检查 deploy check",
        (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
        throwaway_production(),
    ),
    Check(
        "迁移齐全 migrations complete",
        (*MANAGE, "makemigrations", "--check", "--dry-run"),
        TEST_SETTINGS,
    ),
    Check(
        "迁移安全 migration lint",
        (*MANAGE, "lintmigrations", "--include-apps", *OWN_APPS, "--quiet", "ok", "ignore"),
        TEST_SETTINGS,
    ),
    Check("类型 types", (PYTHON, "-m", "mypy", "config", *OWN_APPS)),
)
"""Cheapest first."""


def main() -> int:
    """Run all checks, show what the failing ones say, answer whether one failed."""
    began = time.monotonic()
    failed = [check.title for check in CHECKS if not passes(check)]
    seconds = time.monotonic() - began
    if failed:
        sys.stdout.write(f"\n✗ {len(failed)} 项未通过 failed（{seconds:.0f} s）：\n")
        sys.stdout.write("".join(f"  ✗ {title}\n" for title in failed))
        return 1
    sys.stdout.write(f"\n✓ {len(CHECKS)} 项全部通过 all passed（{seconds:.0f} s）\n")
    return 0


def passes(check: Check) -> bool:
    """Run one check and print one line, and its output only if it fails."""
    began = time.monotonic()
    path = f"{Path(PYTHON).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**os.environ, "PATH": path, **check.env}
    done = subprocess.run(  # noqa: S603  the commands above
        check.command, cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    mark = "✓" if done.returncode == 0 else "✗"
    sys.stdout.write(f"{mark} {check.title}  {time.monotonic() - began:.1f} s\n")
    if done.returncode != 0:
        sys.stdout.write(f"{done.stdout}{done.stderr}\n")
    sys.stdout.flush()
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
