"""The embedded PostgreSQL and Valkey, with real processes in a directory of their own."""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.embedded import binaries, leases
from config.embedded.accounts import Account, can_pass, server_account
from config.embedded.keeper import Post
from config.embedded.keys import MAKERS, stored_secrets
from config.embedded.layout import REPOSITORY, Layout, fits_a_socket, layout_of
from config.embedded.plan import Plan, read_plan, settle_plan
from config.embedded.postgres import Postgres
from config.embedded.processes import is_alive, processes_in
from config.embedded.reach import check_given

PATIENCE = 30.0
AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root changes accounts")
Env = dict[str, str]


def eventually(question: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Ask again and again until the answer is yes; False when the time is up."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        if question():
            return True
        pause.wait(0.02)
    return False


@pytest.fixture
def env() -> Iterator[Env]:
    """An environment with a data directory that every account may pass through."""
    place = Path(tempfile.mkdtemp(prefix="plant-", dir="/tmp"))
    place.chmod(0o755)
    settings = {"DATA_DIR": str(place / "var")}
    yield settings
    leases.stop(settings)
    shutil.rmtree(place, ignore_errors=True)


def cli(env: Env, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, "-m", "config.embedded", *words],
        env={**clean, **env},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The single line a failed command says on stderr."""
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) == 1, done.stderr
    return lines[0]


def ask(env: Env, statement: str) -> object:
    url = embedded.service_urls(env).database_url
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def answers(env: Env) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        return ask(env, "SELECT 1") == 1
    return False


def ping(env: Env) -> bool:
    url = embedded.service_urls(env).redis_url
    with contextlib.suppress(redis.ConnectionError), redis.from_url(url) as client:
        return bool(client.ping())
    return False


def cluster(env: Env) -> Path:
    return layout_of(env).cluster


def postmaster(env: Env) -> int:
    return int((cluster(env) / "postmaster.pid").read_text().split()[0])


def keeper(env: Env, name: str) -> int | None:
    return Post(layout_of(env).keepers / name).keeper_pid()


@pytest.mark.slow
class TestUsingTheServers:
    def test_the_last_lease_to_end_stops_both(self, env: Env) -> None:
        first = embedded.hold(env)
        second = embedded.hold(env)

        first.release()
        shared = answers(env) and ping(env)
        second.release()

        assert shared
        assert embedded.status(env) == {"postgres": "stopped", "valkey": "stopped"}
        assert not list(processes_in(cluster(env)))

    def test_a_second_user_joins_the_servers_that_run(self, env: Env) -> None:
        with embedded.hold(env):
            before = postmaster(env), keeper(env, "postgres"), keeper(env, "valkey")

            with embedded.hold(env):
                after = postmaster(env), keeper(env, "postgres"), keeper(env, "valkey")

        assert before == after

    def test_rows_outlive_a_restart(self, env: Env) -> None:
        with embedded.hold(env):
            ask(env, "CREATE TABLE kept AS SELECT 7 AS n")

        with embedded.hold(env):
            kept = ask(env, "SELECT n FROM kept")

        assert kept == 7

    def test_the_cluster_is_durable_checked_and_speaks_chinese(self, env: Env) -> None:
        with embedded.hold(env):
            ask(env, "CREATE EXTENSION pg_trgm")
            ask(env, "CREATE EXTENSION btree_gist")

            shown = {
                name: ask(env, f"SHOW {name}")
                for name in ("fsync", "synchronous_commit", "data_checksums", "jit")
            }
            encoding = ask(env, "SHOW server_encoding")
            trigrams = ask(env, "SELECT cardinality(show_trgm('占道经营'))")

        assert shown == {
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "jit": "off",
        }
        assert encoding == "UTF8"
        assert trigrams == 5

    def test_nothing_listens_on_the_network_by_default(self, env: Env) -> None:
        with embedded.hold(env):
            listening = ask(env, "SHOW listen_addresses")
            with redis.from_url(embedded.service_urls(env).redis_url) as client:
                port = client.config_get("port")["port"]
            mode = Path(layout_of(env).near_socket_dir).stat().st_mode & 0o777

        assert listening == ""
        assert port == "0"
        assert mode == 0o700

    def test_on_loopback_a_password_is_asked_and_shown_in_no_process_list(self, env: Env) -> None:
        password = stored_secrets(layout_of(env))["EMBEDDED_PASSWORD"]
        with embedded.hold(env, Plan(loopback=True, durable=False)):
            services = embedded.service_urls(env)
            right = answers(env) and ping(env)
            lists = [
                Path(f"/proc/{pid}/cmdline").read_bytes()
                for pid in processes_in(layout_of(env).valkey)
            ]

            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(services.database_url.replace(password, "wrong"))
            with pytest.raises(redis.AuthenticationError):
                redis.from_url(services.redis_url.replace(password, "wrong")).ping()

        assert right
        assert lists
        assert not any(password.encode() in line for line in lists)

    def test_given_addresses_start_nothing(self, env: Env) -> None:
        given = {**env, "DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x/0"}

        with embedded.hold(given) as lease:
            names = lease.names

        assert names == []
        assert not Path(env["DATA_DIR"]).exists()

    def test_only_the_server_without_an_address_is_started(self, env: Env) -> None:
        given = {**env, "DATABASE_URL": "postgresql://x/y"}

        with embedded.hold(given):
            states = embedded.status(given)

        assert states == {"postgres": "given", "valkey": "running"}
        assert not cluster(env).exists()

    @needs_root
    def test_as_root_the_servers_run_under_another_account(self, env: Env) -> None:
        with embedded.hold(env):
            owner = Path(f"/proc/{postmaster(env)}").stat().st_uid
            cache = {
                Path(f"/proc/{pid}").stat().st_uid for pid in processes_in(layout_of(env).valkey)
            }

        assert owner != 0
        assert cache == {owner}
        assert cluster(env).stat().st_uid == owner

    def test_the_command_line_starts_tells_and_stops(self, env: Env) -> None:
        started = cli(env, "start", "--throwaway")
        running = cli(env, "status")
        told = cli(env, "urls")
        fsync = ask(env, "SHOW fsync")
        cli(env, "stop")
        stopped = cli(env, "status")

        assert started.returncode == 0, started.stderr
        assert running.stdout == "postgres: running\nvalkey: running\n"
        assert f"DATABASE_URL='{embedded.service_urls(env).database_url}'" in told.stdout
        assert fsync == "off"
        assert (stopped.returncode, stopped.stdout) == (3, "postgres: stopped\nvalkey: stopped\n")

    def test_run_answers_the_exit_code_of_its_command(self, env: Env) -> None:
        done = cli(env, "run", "--throwaway", "--", sys.executable, "-c", "raise SystemExit(5)")

        assert done.returncode == 5
        assert keeper(env, "postgres") is None


@pytest.mark.slow
@pytest.mark.faults
class TestSuddenDeath:
    def test_a_killed_postgresql_comes_back_with_every_committed_row(self, env: Env) -> None:
        with embedded.hold(env):
            ask(env, "CREATE TABLE kept AS SELECT 7 AS n")
            killed = postmaster(env)

            os.kill(killed, signal.SIGKILL)

            assert eventually(lambda: not is_alive(killed) and answers(env))
            assert ask(env, "SELECT n FROM kept") == 7

    def test_a_killed_postgresql_comes_back_while_a_query_is_running(self, env: Env) -> None:
        with embedded.hold(env):
            busy = psycopg.connect(embedded.service_urls(env).database_url)
            busy.execute("CREATE TABLE half (n int)")
            killed = postmaster(env)

            os.kill(killed, signal.SIGKILL)

            assert eventually(lambda: not is_alive(killed) and answers(env))
            assert ask(env, "SELECT to_regclass('half')") is None
            busy.close()

    def test_a_killed_valkey_comes_back(self, env: Env) -> None:
        with embedded.hold(env):
            (killed,) = processes_in(layout_of(env).valkey)

            os.kill(killed, signal.SIGKILL)

            assert eventually(lambda: not is_alive(killed) and ping(env))

    @pytest.mark.parametrize("name", ["postgres", "valkey"])
    def test_a_killed_keeper_takes_its_server_along_and_is_replaced(
        self, env: Env, name: str
    ) -> None:
        with embedded.hold(env) as lease:
            killed = keeper(env, name)
            assert killed is not None

            os.kill(killed, signal.SIGKILL)
            assert eventually(lambda: keeper(env, name) is None)
            lease.heal()

            assert keeper(env, name) != killed
            assert answers(env)
            assert ping(env)

    def test_a_killed_user_leaves_no_server_behind(self, env: Env) -> None:
        clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        script = (
            "import os, sys; from config import embedded; lease = embedded.hold(os.environ);"
            "print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            env={**clean, **env},
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as user:
            assert user.stdout is not None
            assert user.stdout.readline() == "held\n"
            user.kill()

        assert eventually(lambda: keeper(env, "postgres") is None and keeper(env, "valkey") is None)
        assert not list(processes_in(cluster(env)))

    @pytest.mark.parametrize("owner", ["nobody alive", "a stranger"])
    def test_a_stale_lock_file_does_not_stop_the_start(self, env: Env, owner: str) -> None:
        with embedded.hold(env):
            lines = (cluster(env) / "postmaster.pid").read_text().splitlines()
        lines[0] = str(os.getpid()) if owner == "a stranger" else "4194300"
        lock = cluster(env) / "postmaster.pid"
        lock.write_text("\n".join(lines) + "\n")
        shutil.chown(lock, cluster(env).stat().st_uid, cluster(env).stat().st_gid)

        with embedded.hold(env):
            works = answers(env)

        assert works


@pytest.mark.slow
class TestObstacles:
    def test_an_interrupted_creation_is_started_over(self, env: Env) -> None:
        data_dir = Path(env["DATA_DIR"])
        (data_dir / "postgres.making" / "base").mkdir(parents=True)
        (data_dir / "postgres.making" / "PG_VERSION").write_text("18\n")
        data_dir.chmod(0o755)

        with embedded.hold(env):
            works = answers(env)

        assert works
        assert not (data_dir / "postgres.making").exists()

    def test_a_shell_without_data_is_set_aside_and_kept(self, env: Env) -> None:
        data_dir = Path(env["DATA_DIR"])
        (data_dir / "postgres").mkdir(parents=True)
        (data_dir / "postgres" / "PG_VERSION").write_text("18\n")
        data_dir.chmod(0o755)

        started = cli(env, "start", "--throwaway")

        aside = list(data_dir.glob("postgres.aside-*"))
        assert started.returncode == 0, started.stderr
        assert [path.name for path in aside[0].iterdir()] == ["PG_VERSION"]
        assert "已移到" in started.stderr

    def test_a_broken_cluster_that_may_hold_data_is_left_alone(self, env: Env) -> None:
        data_dir = Path(env["DATA_DIR"])
        (data_dir / "postgres" / "base" / "5").mkdir(parents=True)
        table = data_dir / "postgres" / "base" / "5" / "1259"
        table.write_bytes(b"rows")
        data_dir.chmod(0o755)

        sentence = one_sentence(cli(env, "start"))

        assert "可能有数据" in sentence
        assert table.read_bytes() == b"rows"
        assert keeper(env, "postgres") is None

    def test_a_cluster_of_another_major_version_is_refused(self, env: Env) -> None:
        with embedded.hold(env):
            pass
        (cluster(env) / "PG_VERSION").write_text("9\n")

        sentence = one_sentence(cli(env, "start"))

        assert "数据目录属于 PostgreSQL 9" in sentence

    def test_a_file_in_the_place_of_the_data_directory_is_named(self, env: Env) -> None:
        Path(env["DATA_DIR"]).write_text("in the way")

        sentence = one_sentence(cli(env, "start"))

        assert env["DATA_DIR"] in sentence

    def test_an_unwritable_data_directory_is_named(self, env: Env) -> None:
        place = Path(env["DATA_DIR"])
        place.mkdir()
        place.chmod(0o555)
        if AS_ROOT:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            with pytest.raises(embedded.PlantError, match=r"数据目录不可写.*") as caught:
                embedded.hold(env)
        finally:
            if AS_ROOT:
                os.seteuid(0)

        assert str(place) in str(caught.value)

    @needs_root
    def test_a_full_disk_is_said_in_one_sentence(self, env: Env) -> None:
        place = Path(env["DATA_DIR"])
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=755", "plant-test", str(place)]
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            pytest.skip("this machine does not let root mount a small disk")
        try:
            sentence = one_sentence(cli(env, "start"))
            left = sorted(path.name for path in place.glob("postgres*"))
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)

        assert "磁盘空间不足" in sentence
        assert left == []

    @pytest.mark.parametrize(
        ("variable", "url", "words"),
        [
            ("DATABASE_URL", "mysql://u:p@h/d", "格式不正确"),
            ("DATABASE_URL", "postgresql://u:top-secret@127.0.0.1:1/d", "无法连接"),
            ("REDIS_URL", "http://127.0.0.1", "格式不正确"),
            ("REDIS_URL", "redis://:top-secret@127.0.0.1:1/0", "无法连接"),
        ],
    )
    def test_a_wrong_address_is_one_sentence_without_its_password(
        self, variable: str, url: str, words: str
    ) -> None:
        with pytest.raises(embedded.PlantError, match=words) as caught:
            check_given({variable: url})

        assert variable in str(caught.value)
        assert "top-secret" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_working_address_is_accepted(self, env: Env) -> None:
        with embedded.hold(env):
            services = embedded.service_urls(env)
            check_given({"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url})
            with pytest.raises(embedded.PlantError, match="no_such_database"):
                check_given(
                    {
                        "DATABASE_URL": services.database_url.replace(
                            "/tongban?", "/no_such_database?"
                        )
                    }
                )

    def test_a_database_that_cannot_hold_chinese_is_refused(self, env: Env) -> None:
        with embedded.hold(env):
            ask(
                env,
                "CREATE DATABASE narrow ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
                " TEMPLATE template0",
            )
            url = embedded.service_urls(env).database_url.replace("/tongban?", "/narrow?")

            with pytest.raises(embedded.PlantError, match="编码是 SQL_ASCII"):
                check_given({"DATABASE_URL": url})


class TestSecrets:
    def test_they_are_made_once_and_only_their_owner_reads_them(self, env: Env) -> None:
        first: Env = dict(env)
        second: Env = dict(env)

        embedded.load_secrets(first)
        embedded.load_secrets(second)

        file = layout_of(env).secrets_file
        assert first == second
        assert first.keys() - env.keys() == MAKERS.keys() - {"EMBEDDED_PASSWORD"}
        assert file.stat().st_mode & 0o777 == 0o600

    def test_a_value_of_the_environment_wins(self, env: Env) -> None:
        mine = {**env, "AUDIT_KEY": "mine"}

        embedded.load_secrets(mine)

        assert mine["AUDIT_KEY"] == "mine"
        assert mine["BLIND_INDEX_KEY"]

    def test_many_first_users_at_once_get_the_same_secrets(self, env: Env) -> None:
        found: list[dict[str, str]] = []
        start = threading.Barrier(8)

        def read() -> None:
            start.wait()
            found.append(stored_secrets(layout_of(env)))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 8
        assert all(one == found[0] for one in found)
        assert [path.name for path in Path(env["DATA_DIR"]).glob(".secrets*")] == []

    def test_a_damaged_file_is_refused_rather_than_replaced(self, env: Env) -> None:
        embedded.load_secrets(dict(env))
        file = layout_of(env).secrets_file
        file.write_text("AUDIT_KEY=x\n")

        with pytest.raises(embedded.PlantError, match=r"不完整.*PERSONAL_DATA_KEYS"):
            embedded.load_secrets(dict(env))

        assert file.read_text() == "AUDIT_KEY=x\n"


class TestPlaces:
    def test_a_long_path_moves_the_sockets_to_a_short_one(self, env: Env) -> None:
        layout = Layout(Path(env["DATA_DIR"]) / ("长" * 40))
        layout.data_dir.mkdir(parents=True)
        layout.data_dir.parent.chmod(0o755)

        plan = settle_plan(layout, None, server_account(layout.cluster))

        assert not fits_a_socket(layout.near_socket_dir)
        assert plan.socket_dir == str(layout.short_socket_dir)
        assert fits_a_socket(Path(plan.socket_dir))
        assert read_plan(layout) == plan

    @pytest.mark.slow
    def test_servers_with_a_long_path_work(self, env: Env) -> None:
        long = {"DATA_DIR": f"{env['DATA_DIR']}/{'d' * 120}"}
        Path(env["DATA_DIR"]).mkdir(mode=0o755)

        with embedded.hold(long):
            works = answers(long) and ping(long)

        assert works
        shutil.rmtree(layout_of(long).short_socket_dir)

    def test_a_moved_data_directory_forgets_the_old_sockets(self, env: Env) -> None:
        layout = layout_of(env)
        layout.data_dir.mkdir()
        settle_plan(layout, None, server_account(layout.cluster))
        moved = Layout(layout.data_dir.with_name("moved"))

        layout.data_dir.rename(moved.data_dir)

        assert embedded.service_urls({"DATA_DIR": str(moved.data_dir)}).redis_url == (
            f"unix://{moved.near_socket_dir}/valkey.sock"
        )

    def test_settings_may_ask_for_addresses_without_creating_anything(self, env: Env) -> None:
        services = embedded.service_urls(env)

        assert services.database_url == (
            f"postgresql://tongban@/tongban?host={env['DATA_DIR']}/run"
        )
        assert services.redis_url == f"unix://{env['DATA_DIR']}/run/valkey.sock"
        assert not Path(env["DATA_DIR"]).exists()

    def test_a_cluster_goes_where_its_account_can_follow(self, env: Env) -> None:
        stranger = Account("stranger", 54321, 54321)
        closed = Path(env["DATA_DIR"])
        closed.mkdir(mode=0o700)
        layout = Layout(closed / "inner")

        home = Postgres(layout, Plan(), stranger).home

        assert not can_pass(stranger, layout.data_dir)
        assert home.parent == binaries.READABLE_PLACE

    def test_programs_behind_a_closed_door_are_copied(
        self, env: Env, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = Path(env["DATA_DIR"])
        closed = place / "closed"
        package = closed / "site-packages" / "wheel"
        (package / "bin").mkdir(parents=True)
        (package / "bin" / "server").write_text("program")
        place.chmod(0o755)
        closed.chmod(0o700)
        monkeypatch.setattr(binaries, "READABLE_PLACE", place / "open")
        stranger = Account("stranger", 54321, 54321)

        found = binaries._reachable(package / "bin" / "server", stranger)

        assert found.read_text() == "program"
        assert found.is_relative_to(place / "open")
        assert can_pass(stranger, found.parent)


@pytest.mark.slow
class TestLaunching:
    def launch(self, env: Env) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "config.launch"],
            env={**os.environ, **env},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_a_taken_port_is_one_sentence_and_starts_nothing(self, env: Env) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            sentence = one_sentence(self.launch({**env, "PORT": str(port)}))

        assert f"端口 {port} 已被占用" in sentence
        assert not cluster(env).exists()

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"PORT": "八千"}, "PORT 应为 1 到 65535 的整数"),
            ({"PORT": "70000"}, "PORT 应为 1 到 65535 的整数"),
            ({"HOST": "203.0.113.9"}, "HOST 不是本机地址"),
            ({"REDIS_URL": "redis://127.0.0.1:1/0", "PORT": "0800"}, "无法连接 REDIS_URL"),
        ],
    )
    def test_a_wrong_setting_is_one_sentence(self, env: Env, settings: Env, words: str) -> None:
        given = {"PORT": "18999", "DATABASE_URL": "", "REDIS_URL": ""}

        sentence = one_sentence(self.launch({**env, **given, **settings}))

        assert words in sentence

    def test_a_second_launcher_on_the_same_data_is_refused(self, env: Env) -> None:
        Path(env["DATA_DIR"]).mkdir()
        with (Path(env["DATA_DIR"]) / "launcher.lock").open("w") as lock:
            lock.write("4321\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)

            sentence = one_sentence(self.launch({**env, "PORT": "18999"}))

        assert "另一个实例（进程 4321）" in sentence
