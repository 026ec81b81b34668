"""Proving that addresses given from outside lead to a server, before anything depends on them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from config.embedded.errors import PlantError

POSTGRES_SCHEMES = frozenset({"postgresql", "postgres"})
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
PATIENCE = 5
OLDEST_POSTGRES = 15_00_00
"""Unique constraints that count NULLs as equal came with 15."""


def check_given(env: Mapping[str, str]) -> None:
    """Try DATABASE_URL and REDIS_URL where they are set; raise PlantError for the first bad one."""
    check_database(env)
    check_redis(env)


def check_database(env: Mapping[str, str]) -> None:
    """Connect to DATABASE_URL once, if it is set; raise PlantError where that fails."""
    url = env.get("DATABASE_URL", "").strip()
    if not url:
        return
    _check_scheme("DATABASE_URL", url, POSTGRES_SCHEMES, "postgresql://user:password@host:5432/db")
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=PATIENCE) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
    except (psycopg.Error, ValueError, OSError) as error:
        raise _unreachable("DATABASE_URL", url, error) from error
    if version < OLDEST_POSTGRES:
        raise PlantError(
            f"DATABASE_URL 指向的 PostgreSQL 版本过旧（{version // 10000}），至少需要 15。"
            f" / PostgreSQL {version // 10000} is too old."
        )
    if encoding != "UTF8":
        raise PlantError(
            f"DATABASE_URL 指向的数据库编码是 {encoding}，存不了中文；请另建："
            "createdb -E UTF8 -T template0 --locale=C.UTF-8 库名"
            f" / The database is encoded in {encoding}; create one in UTF8."
        )


def check_redis(env: Mapping[str, str]) -> None:
    """Ping REDIS_URL once, if it is set; raise PlantError where that fails."""
    url = env.get("REDIS_URL", "").strip()
    if not url:
        return
    _check_scheme("REDIS_URL", url, REDIS_SCHEMES, "redis://host:6379/0")
    import redis

    try:
        with redis.from_url(
            url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise _unreachable("REDIS_URL", url, error) from error


def _check_scheme(variable: str, url: str, known: frozenset[str], example: str) -> None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in known:
        raise PlantError(
            f"{variable} 格式不正确，应形如 {example}。 / {variable} should look like {example}."
        )


def _unreachable(variable: str, url: str, error: Exception) -> PlantError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return PlantError(
        f"无法连接 {variable} 指定的服务（{without_password(url)}）：{reason}。"
        f" / Cannot reach the server of {variable}."
    )


def without_password(url: str) -> str:
    """The address with its password blotted out, fit for a log."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "…"
    return url.replace(f":{password}@", ":***@", 1) if password else url
