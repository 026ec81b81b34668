"""The private PostgreSQL: made once, started, recognised when broken, stopped."""

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded import binaries
from config.embedded.accounts import Account, can_pass
from config.embedded.errors import PlantError, disk_full, from_os_error
from config.embedded.keys import password_of, stored_secrets
from config.embedded.layout import Layout
from config.embedded.plan import LOOPBACK, Plan, socket_dir
from config.embedded.processes import is_alive, processes_in, run_tool

ROLE = "tongban"
DATABASE = "tongban"
SOCKET_PORT = 5432
"""Only a part of the socket's name; nothing listens on that port."""
ROOM_FOR_A_CLUSTER = 200 * 1024 * 1024
ORPHAN_PATIENCE = 20.0
BUILTIN_LOCALE_SINCE = 17

SETTINGS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_parallel_workers_per_gather": "1",
}
"""For a machine of two cores that also runs the web server and the workers."""
CAREFUL = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One embedded cluster of one data directory."""

    layout: Layout
    plan: Plan
    account: Account

    name = "postgres"
    stop_signal = signal.SIGINT
    log_name = "postgres.log"

    @property
    def home(self) -> Path:
        """Where the cluster really lies: below DATA_DIR, unless the account cannot go there."""
        if self.layout.cluster.is_symlink() or can_pass(self.account, self.layout.data_dir):
            return self.layout.cluster.resolve()
        # the password is part of the name, so that fresh secrets never meet an older cluster
        seed = f"{self.layout.data_dir}\n{password_of(self.layout)}"
        name = hashlib.sha256(seed.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return binaries.READABLE_PLACE / f"cluster-{name}"

    def prepare(self) -> list[str]:
        """Make the cluster if there is none and bring its access rules up to date.

        Answers sentences about what was put right. Raises PlantError where the directory is half
        made, foreign, in use or of another version.
        """
        home = self.home
        try:
            notes = self._clear_unfinished(home)
            if not home.exists():
                self._make(home)
            notes += self._link(home)
            self._check_whole(home)
            self._write_access_rules(home)
            open_socket_dir(self.layout, self.plan, self.account)
        except OSError as error:
            raise from_os_error(error, home) from error
        self._await_predecessor(home)
        return notes

    def command(self) -> list[str]:
        """The command line of the server."""
        home = self.home
        program = binaries.postgres_bin(self.account, cluster_major(home)) / "postgres"
        options = {
            **SETTINGS,
            **(CAREFUL if self.plan.durable else CARELESS),
            "max_connections": str(self.plan.max_connections),
            "listen_addresses": LOOPBACK if self.plan.loopback else "",
            "port": str(self.plan.postgres_port if self.plan.loopback else SOCKET_PORT),
            "unix_socket_directories": ""
            if self.plan.loopback
            else str(socket_dir(self.layout, self.plan)),
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(program), "-D", str(home), *arguments]

    def standard_input(self) -> str:
        """The server reads nothing."""
        return ""

    def is_ready(self) -> bool:
        """Answer whether the server says of itself that it takes connections, and does."""
        lines = _lock_lines(self.home)
        if len(lines) < 8 or lines[7].strip() != "ready":  # noqa: PLR2004  its eighth line
            return False
        return is_alive(int(lines[0])) and self._accepts()

    def explain(self, tail: str) -> PlantError:
        """Turn the last words of a server that did not start into a sentence."""
        if "No space left on device" in tail:
            return disk_full(self.home)
        if "Address already in use" in tail:
            return PlantError(
                f"端口 {self.plan.postgres_port} 已被占用，PostgreSQL 无法启动。"
                f" / Port {self.plan.postgres_port} is taken."
            )
        fatal = re.findall(r"(?:FATAL|PANIC):\s*(.+)", tail)
        reason = fatal[-1].strip() if fatal else "原因不明 unknown"
        return PlantError(
            f"PostgreSQL 无法启动：{reason}；详见 {self.layout.logs / self.log_name}。"
            " / PostgreSQL does not start."
        )

    def clear_after_crash(self) -> None:
        """End what a killed server left behind, so that the next one may start."""
        for pid in list(processes_in(self.home)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT)
        self._await_predecessor(self.home)

    def _accepts(self) -> bool:
        try:
            if self.plan.loopback:
                socket.create_connection((LOOPBACK, self.plan.postgres_port), timeout=2).close()
                return True
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(2)
                place = socket_dir(self.layout, self.plan)
                probe.connect(str(place / f".s.PGSQL.{SOCKET_PORT}"))
        except OSError:
            return False
        return True

    def _clear_unfinished(self, home: Path) -> list[str]:
        """Remove what an interrupted creation left; set aside an empty shell; never touch data."""
        notes = []
        for draft in home.parent.glob(f"{home.name}.making*"):
            shutil.rmtree(draft)
            notes.append(f"上次初始化数据库时中断，已清除未完成的 {draft} 并重新创建。")
        if not home.exists() or (home / "global" / "pg_control").exists():
            return notes
        if not any(home.iterdir()):
            home.rmdir()
            return notes
        if _may_hold_data(home):
            raise PlantError(
                f"数据库目录 {home} 不完整（缺少 global/pg_control），但其中可能有数据，"
                f"因此不予处理；请从备份恢复，或把该目录移走后重试。"
                f" / The cluster is incomplete but may hold data; restore it or move it away."
            )
        aside = home.with_name(f"{home.name}.aside-{time.strftime('%Y%m%d%H%M%S')}")
        home.rename(aside)
        return [*notes, f"数据库目录只初始化了一半且没有数据，已移到 {aside} 并重新创建。"]

    def _make(self, home: Path) -> None:
        """Create the cluster beside its place and move it there once it is whole."""
        directory = binaries.postgres_bin(self.account, None)
        home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if shutil.disk_usage(home.parent).free < ROOM_FOR_A_CLUSTER:
            raise disk_full(home.parent)
        draft = home.with_name(f"{home.name}.making")
        draft.mkdir(mode=0o700)
        self.account.own(draft)
        try:
            self._initdb(directory, draft)
            self._create_database(directory, draft)
            draft.rename(home)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _initdb(self, directory: Path, draft: Path) -> None:
        locale = ["--locale=C.UTF-8"]
        if binaries.postgres_major(directory) >= BUILTIN_LOCALE_SINCE:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = run_tool(
            [
                str(directory / "initdb"),
                *("-D", str(draft), "-U", ROLE, "-E", "UTF8", "--data-checksums", *locale),
                *("--auth-local=peer", "--auth-host=scram-sha-256"),
                *([] if self.plan.durable else ["--no-sync"]),
            ],
            account=self.account,
        )
        if done.returncode != 0:
            raise self._creation_failed(done.stderr or done.stdout, draft)

    def _create_database(self, directory: Path, draft: Path) -> None:
        password = stored_secrets(self.layout)["EMBEDDED_PASSWORD"]
        done = run_tool(
            [str(directory / "postgres"), "--single", "-D", str(draft), "postgres"],
            account=self.account,
            text=f"ALTER ROLE {ROLE} PASSWORD '{password}';\nCREATE DATABASE {DATABASE};\n",
        )
        if done.returncode != 0 or "ERROR" in done.stderr:
            raise self._creation_failed(done.stderr, draft)

    def _creation_failed(self, said: str, draft: Path) -> PlantError:
        if "No space left on device" in said:
            return disk_full(draft.parent)
        reasons = re.findall(r"(?:error|FATAL|ERROR):\s*(.+)", said) or [said.strip()[-200:]]
        return PlantError(
            f"数据库初始化失败：{reasons[0].strip()}。 / The cluster could not be made."
        )

    def _link(self, home: Path) -> list[str]:
        """Leave a pointer below DATA_DIR to a cluster that had to lie elsewhere."""
        if home == self.layout.cluster.resolve():
            return []
        self.layout.cluster.symlink_to(home)
        return [f"服务账户进不了 {self.layout.data_dir}，数据库放在 {home}。"]

    def _check_whole(self, home: Path) -> None:
        if os.geteuid() not in {0, home.stat().st_uid}:
            raise PlantError(
                f"数据库目录 {home} 属于另一个账户，请以该账户运行或用 DATA_DIR 另选目录。"
                f" / The cluster belongs to another account."
            )
        if cluster_major(home) == 0:
            raise PlantError(
                f"数据库目录 {home} 缺少 PG_VERSION，可能已损坏；请从备份恢复或把它移走。"
                f" / The cluster has no PG_VERSION."
            )

    def _write_access_rules(self, home: Path) -> None:
        """Let in only ourselves over the socket, and the password over loopback TCP."""
        people = {self.account.name, _own_name()}
        rules = {
            "pg_hba.conf": f"local all all peer map=plant\n"
            f"host all all {LOOPBACK}/32 scram-sha-256\n"
            f"local replication all peer map=plant\n",
            "pg_ident.conf": "".join(f'plant "{person}" {ROLE}\n' for person in sorted(people)),
        }
        for name, text in rules.items():
            (home / name).write_text(text, encoding="utf-8")
            self.account.own(home / name)

    def _await_predecessor(self, home: Path) -> None:
        """Give an older server on this cluster time to end; forget a lock whose owner is gone."""
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while running := list(processes_in(home)):
            if time.monotonic() > deadline:
                raise PlantError(
                    f"另一个 PostgreSQL（进程 {running[0]}）正在使用 {home}，请先停止它。"
                    f" / Another PostgreSQL (process {running[0]}) uses this cluster."
                )
            time.sleep(0.05)
        lines = _lock_lines(home)
        stale = Path("/proc").is_dir() and lines and is_alive(int(lines[0]))
        if stale:  # the number was given to a stranger since; PostgreSQL would take it for its own
            (home / "postmaster.pid").unlink()


def cluster_major(home: Path) -> int:
    """The major version a cluster belongs to; 0 when it does not say."""
    try:
        return int((home / "PG_VERSION").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return 0


def open_socket_dir(layout: Layout, plan: Plan, account: Account) -> None:
    """Create the private directory of the sockets, or refuse one that is somebody else's."""
    if plan.loopback:
        return
    place = socket_dir(layout, plan)
    place.mkdir(mode=0o700, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid not in {0, os.geteuid(), account.uid}:
        raise PlantError(
            f"套接字目录 {place} 属于另一个账户，拒绝使用。 / {place} belongs to somebody else."
        )
    place.chmod(0o700)
    account.own(place)


def _lock_lines(home: Path) -> list[str]:
    try:
        lines = (home / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return lines if lines and lines[0].strip().isdigit() else []


def _may_hold_data(home: Path) -> bool:
    """Answer whether a broken cluster has any table or log file that initdb did not just begin."""
    return any(path.is_file() for part in ("base", "pg_wal") for path in (home / part).glob("**/*"))


def _own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name
