"""Database, reference data, demo data and static files brought up to date, in one process."""

import errno
import hashlib
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import Error as DatabaseError

STEPS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("migrate", {"interactive": False, "verbosity": 0}, "数据库结构 migrate"),
    ("load_reference", {}, "基础数据 reference data"),
    ("load_demo", {}, "演示数据 demo data"),
)
"""Each may run any number of times. WITHOUT_DEMO=1 leaves the demo data out."""
NO_SPACE = "No space left on device"


def main(logins: Path) -> int:
    """Do every step and write the table of demo logins to `logins`; answers the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        django.setup()
        for name, options, title in STEPS:
            if name == "load_demo" and os.environ.get("WITHOUT_DEMO") == "1":
                continue
            sys.stdout.write(f"· {title}\n")
            sys.stdout.flush()
            call_command(name, **options)
        collect_static(logins.with_name("static.sha256"))
        write_logins(logins)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error} / The settings are incomplete.\n")
        return 1
    except (DatabaseError, OSError) as error:
        if NO_SPACE in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
            sys.stderr.write("磁盘空间不足，请清理后重试。 / Disk full.\n")
            return 1
        if isinstance(error, DatabaseError):
            sys.stderr.write(f"数据库出错：{' '.join(str(error).split())} / Database error.\n")
            return 1
        raise
    return 0


def collect_static(stamp: Path) -> None:
    """Collect and compress the static files, unless none has changed since the last time."""
    digest = digest_of_static_files()
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    sys.stdout.write("· 静态文件 static files\n")
    sys.stdout.flush()
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(digest, encoding="ascii")


def digest_of_static_files() -> str:
    """A digest that changes when a file, its place or the way of storing changes."""
    digest = hashlib.sha256(repr((settings.STORAGES, settings.STATIC_ROOT)).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=[]):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def write_logins(path: Path) -> None:
    """Write what `demo_logins` prints, or remove the table where there is no demo."""
    if os.environ.get("WITHOUT_DEMO") == "1":
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    call_command("demo_logins", stdout=text)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text.getvalue())
    Path(draft).replace(path)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit(130)
