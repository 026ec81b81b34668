"""Is it alive, is it ready, and how is it doing."""

import hmac
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from core.http.address import is_loopback
from core.http.answers import answer_error

logger = structlog.get_logger(__name__)
TIMEOUT_SECONDS = 2


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process can; asks nobody."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, broker and storage work, else 503 naming the ones that do not."""
    states = {name: _works(name, check) for name, check in CHECKS.items()}
    good = all(states.values())
    body = {
        "status": "ok" if good else "unavailable",
        "checks": {name: "ok" if works else "failed" for name, works in states.items()},
    }
    return JsonResponse(body, status=200 if good else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give Prometheus its figures: to ``METRICS_TOKEN``, or without one to this machine only."""
    if not _may_measure(request):
        message = _("请提供监控令牌。")
        return answer_error(request, status=403, code="forbidden", message=message)
    response: HttpResponse = ExportToDjangoView(request)
    return response


def check_database() -> None:
    """Ask a fresh connection, so that neither a full pool nor a dead one makes us wait."""
    parameters = connection.get_connection_params()
    wanted = {"host", "port", "user", "password", "dbname"}
    arguments = {key: value for key, value in parameters.items() if key in wanted}
    with psycopg.connect(**arguments, connect_timeout=TIMEOUT_SECONDS) as fresh:
        fresh.execute(f"SET statement_timeout = '{TIMEOUT_SECONDS}s'")
        fresh.execute("SELECT 1")


def check_broker() -> None:
    """Ping the broker."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
    with client:
        client.ping()


def check_storage() -> None:
    """Write a byte where uploads go."""
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT) as probe:
        probe.write(b"1")
        probe.flush()


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "storage": check_storage,
}


def _works(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001  whatever is wrong, the answer is "not ready"
        logger.warning("not_ready", check=name, error=type(error).__name__)
        return False
    return True


def _may_measure(request: HttpRequest) -> bool:
    if not settings.METRICS_TOKEN:
        return is_loopback(request)
    given = request.META.get("HTTP_AUTHORIZATION", "").encode()
    return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
