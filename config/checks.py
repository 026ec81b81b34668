"""`make check`: every rule the project sets itself, cheapest first; the tests come after."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.embedded.keys import MAKERS

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
TEST_SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings.test"}


@dataclass(frozen=True, slots=True)
class Check:
    """A command that must end with 0."""

    title: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def throwaway_production() -> dict[str, str]:
    """Production settings with secrets that live as long as the check."""
    secrets = {name: make() for name, make in MAKERS.items()}
    hosts = {"ALLOWED_HOSTS": "tongban.example", "PUBLIC_URL": "https://tongban.example"}
    return {"DJANGO_SETTINGS_MODULE": "config.settings.prod", **hosts, **secrets}


CHECKS = (
    Check("格式 format", (PYTHON, "-m", "ruff", "format", "--check", ".")),
    Check("规则 lint", (PYTHON, "-m", "ruff", "check", ".")),
    Check("依赖方向 import contracts", ("lint-imports",)),
    Check("类型 types", (PYTHON, "-m", "mypy", ".")),
    Check(
        "迁移齐全 migrations complete",
        (*MANAGE, "makemigrations", "--check", "--dry-run"),
        TEST_SETTINGS,
    ),
    Check("迁移安全 migration lint", (*MANAGE, "lintmigrations"), TEST_SETTINGS),
    Check(
        "部署检查 deploy check",
        (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
        throwaway_production(),
    ),
    Check("状态图 state diagrams", (*MANAGE, "draw_states", "--check"), TEST_SETTINGS),
    Check("接口描述 API schema", (*MANAGE, "schema", "--check"), TEST_SETTINGS),
)


def main() -> int:
    """Run all checks, show what the failing ones say, answer how many failed."""
    failed = [check.title for check in CHECKS if not passes(check)]
    if failed:
        sys.stderr.write(f"未通过：{'；'.join(failed)} / {len(failed)} checks failed.\n")
    return min(len(failed), 1)


def passes(check: Check) -> bool:
    """Run one check and print one line, and its output only if it fails."""
    began = time.monotonic()
    path = f"{os.path.dirname(PYTHON)}{os.pathsep}{os.environ.get('PATH', '')}"  # noqa: PTH120
    env = {**os.environ, "PATH": path, **check.env}
    done = subprocess.run(  # noqa: S603  the commands above
        check.command, env=env, check=False, capture_output=True, text=True
    )
    mark = "✓" if done.returncode == 0 else "✗"
    sys.stdout.write(f"{mark} {check.title}  {time.monotonic() - began:.1f} s\n")
    if done.returncode != 0:
        sys.stdout.write(f"{done.stdout}{done.stderr}\n")
    sys.stdout.flush()
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
