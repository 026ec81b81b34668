"""The virtual environment, the locked dependencies and the system packages, where missing.

Runs under the machine's own Python with the standard library alone: `python3 -m config.workspace
run` for what serving needs, `test` for the suite as well.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": "requirements.lock", "test": "requirements-dev.lock"}
OLDEST_PYTHON = (3, 11)
PANGO = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
"""Libraries that make PDF documents, and the Debian packages that hold them."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class ObstacleError(Exception):
    """Something a person must do first; `str()` says what."""


def main(purpose: str) -> int:
    """Make the workspace fit for `purpose`; an obstacle becomes one sentence and exit code 1."""
    try:
        with (ROOT / LOCKS[purpose]).open() as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            make_venv()
            install_dependencies(purpose)
        install_missing_packages(purpose)
    except ObstacleError as obstacle:
        sys.stderr.write(f"{obstacle}\n")
        return 1
    return 0


def make_venv() -> None:
    """Create the virtual environment unless a working one is there."""
    if works(PYTHON):
        return
    if sys.version_info < OLDEST_PYTHON:
        raise ObstacleError(
            f"需要 Python 3.11 或更新版本，现在是 {sys.version.split()[0]}；"
            "请安装后用 PYTHON=… 指定。"
            " / Python 3.11 or newer is needed."
        )
    say("创建虚拟环境…… / Creating the virtual environment.")
    if importlib.util.find_spec("ensurepip") is None and not install_packages(["python3-venv"]):
        if importlib.util.find_spec("pip") is None:
            raise ObstacleError(
                "缺少 python3-venv，请执行：apt-get install python3-venv"
                " / Install python3-venv first."
            )
        run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "虚拟环境")
        return
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "虚拟环境")


def works(python: Path) -> bool:
    """Answer whether the environment's interpreter still runs and is new enough."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    try:
        done = subprocess.run([str(python), "-c", check], check=False, capture_output=True)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def install_dependencies(purpose: str) -> None:
    """Install exactly what the lock file says, unless that was done before."""
    lock = ROOT / LOCKS[purpose]
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f".{LOCKS[purpose]}.sha256"
    if stamp.exists() and stamp.read_text().strip() == digest:
        return
    say("安装锁定的依赖（首次约需几分钟）…… / Installing the locked dependencies.")
    run([*pip(), "install", "--require-hashes", "--no-deps", "-q", "-r", str(lock)], "安装依赖")
    stamp.write_text(f"{digest}\n")


def pip() -> list[str]:
    """The pip to install with: the environment's own, else the machine's, working for it."""
    quiet = ["--disable-pip-version-check", "--no-input"]
    own = [str(PYTHON), "-m", "pip"]
    done = subprocess.run([*own, "--version"], check=False, capture_output=True)  # noqa: S603
    if done.returncode == 0:
        return [*own, *quiet]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON), *quiet]


def install_missing_packages(purpose: str) -> None:
    """Install missing system packages where that is allowed, else say in one line what to do.

    Nothing here is fatal: without Pango documents fail, without a browser its tests are skipped.
    """
    missing = [package for library, package in PANGO.items() if not loads(library)]
    if purpose == "test" and not any(shutil.which(name) for name in BROWSERS):
        missing.append("chromium")
    if missing and not install_packages(missing):
        names = " ".join(missing)
        say(f"缺少系统软件包，请执行：apt-get install {names} / Missing system packages: {names}")


def loads(library: str) -> bool:
    """Answer whether the machine has a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_packages(names: Sequence[str]) -> bool:
    """Install Debian packages as root or with a sudo that asks nothing; answers success."""
    apt = shutil.which("apt-get")
    prefix = privilege()
    if apt is None or prefix is None:
        return False
    say(f"安装系统软件包 {' '.join(names)}…… / Installing system packages.")
    install = [
        *(*prefix, apt, "-qq", "-o", "DPkg::Lock::Timeout=120"),
        *("install", "-y", "--no-install-recommends", *names),
    ]
    return quietly(install) or (quietly([*prefix, apt, "-qq", "update"]) and quietly(install))


def privilege() -> list[str] | None:
    """The words before a command that needs root; None when root cannot be had."""
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    sudo = shutil.which("sudo")
    if sudo and quietly([sudo, "-n", "true"]):
        return [sudo, "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    return None


def quietly(command: Sequence[str]) -> bool:
    """Run a command without its noise; answers success."""
    done = subprocess.run(  # noqa: S603  fixed commands
        list(command), check=False, stdin=subprocess.DEVNULL, capture_output=True
    )
    return done.returncode == 0


def run(command: Sequence[str], what: str) -> None:
    """Run a command; raise ObstacleError with its last words if it fails."""
    done = subprocess.run(list(command), check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        if "No space left on device" in done.stderr:
            raise ObstacleError("磁盘空间不足，请清理后重试。 / Disk full.")
        last = (done.stderr.strip() or done.stdout.strip() or "?").splitlines()[-1]
        raise ObstacleError(f"{what}失败：{last}")


def say(sentence: str) -> None:
    """Tell the person at the keyboard."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
