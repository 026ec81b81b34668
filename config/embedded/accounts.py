"""The unprivileged account under which servers run when the plant itself runs as root."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import PlantError

DEDICATED = "tongban"
LAST_RESORT = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account; `changes` tells whether a process must switch to it."""

    name: str
    uid: int
    gid: int

    @property
    def changes(self) -> bool:
        return self.uid != os.geteuid()

    def own(self, path: Path) -> None:
        """Give `path` to this account where that is a change."""
        if self.changes:
            os.chown(path, self.uid, self.gid)


def server_account(cluster: Path) -> Account:
    """Choose who runs the servers: oneself, or as root the owner of the cluster or a safe account.

    Raises PlantError when root finds no unprivileged account at all.
    """
    if os.geteuid() != 0:
        return _account(os.geteuid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        return _account(cluster.stat().st_uid)
    for name in (DEDICATED, _created(DEDICATED), LAST_RESORT):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PlantError(
        "PostgreSQL 不能以 root 运行，且找不到可用的普通账户。"
        " / PostgreSQL refuses to run as root and no unprivileged account exists."
    )


def _account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise PlantError(
            f"系统中没有编号为 {uid} 的账户，PostgreSQL 无法启动。"
            f" / No account has the number {uid}; PostgreSQL needs one."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _created(name: str) -> str:
    """Create the system account `name` if that is possible; answer its name either way."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd:
            subprocess.run(  # noqa: S603  a fixed command with a fixed name
                [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    return name


def can_pass(account: Account, path: Path) -> bool:
    """Answer whether `account` may enter `path` and every directory above it."""
    here = path.resolve()
    return all(_may_enter(account, place) for place in (here, *here.parents))


def _may_enter(account: Account, place: Path) -> bool:
    try:
        facts = place.stat()
    except FileNotFoundError:
        return True
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)
