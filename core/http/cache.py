"""The shared cache, and this process's own memory while the server of the cache is away.

What lies in the cache may be lost, but it must be possible to write and read it: the sign-in form
counts attempts there and lets nobody in when it cannot count. In an outage each process counts
alone, so a guesser gets a few attempts more, and the hotline's staff still come in.
"""

from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted

logger = structlog.get_logger(__name__)


class CityCache(RedisCache):  # type: ignore[misc]  # django-redis is not followed by the type checker
    """django-redis, with memory to fall back on for single keys."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("away", params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or the default."""
        try:
            return self.client.get(key, default=default, version=version)
        except ConnectionInterrupted:
            return self._instead("get").get(key, default, version)

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Keep the value for ``timeout`` seconds."""
        try:
            self.client.set(key, value, timeout=timeout, version=version)
        except ConnectionInterrupted:
            self._instead("set").set(key, value, timeout, version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Keep the value unless there is one; tell whether it was kept."""
        try:
            return bool(self.client.add(key, value, timeout=timeout, version=version))
        except ConnectionInterrupted:
            return self._instead("add").add(key, value, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget the value; tell whether there was one."""
        try:
            return bool(self.client.delete(key, version=version))
        except ConnectionInterrupted:
            return self._instead("delete").delete(key, version)

    def _instead(self, operation: str) -> LocMemCache:
        logger.warning("cache_away", operation=operation)
        return self._memory
