"""The same server settings and the same pooled PostgreSQL; no middleware, no rules."""

from config.settings.base import DATABASES, REDIS_URL, SECRET_KEY  # noqa: F401

INSTALLED_APPS = ["tests.load.bare.apps.BareConfig", "channels"]
ROOT_URLCONF = "tests.load.bare.web"
MIDDLEWARE: list[str] = []
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "bare"},
    }
}
