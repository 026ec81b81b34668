"""The suite: real PostgreSQL and Valkey, fast password hashing, no manifest for static files."""

import os
from urllib.parse import urlsplit, urlunsplit

os.environ.setdefault("DJANGO_SECRET_KEY", "test-only-key-" + "0" * 50)
os.environ.setdefault("PERSONAL_DATA_KEYS", "t1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
os.environ.setdefault("BLIND_INDEX_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
os.environ.setdefault("AUDIT_KEY", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")

from config.settings.base import *  # noqa: F403  the environment must be set first

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def own_redis(url: str) -> str:
    """Give each test process a numbered database of its own: tests flush theirs."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    number = os.environ.get("TEST_REDIS_DB") or str(int(worker[2:] or 0) + 1 if worker else 1)
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


REDIS_URL = own_redis(REDIS_URL)  # noqa: F405  layered settings
CACHES["default"]["LOCATION"] = REDIS_URL  # noqa: F405  layered settings
CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"{os.environ.get('TEST_DB', 'test')}-{WORKER}"  # noqa: F405  layered settings; channels know no database numbers
CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] = [REDIS_URL]  # noqa: F405  layered settings
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace(
    "?db=", "?virtual_host=", 1
)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATABASES["default"]["OPTIONS"].pop("pool", None)  # noqa: F405  test databases are dropped at the end
if os.environ.get("TEST_DB"):
    DATABASES["default"]["TEST"] = {"NAME": os.environ["TEST_DB"]}  # noqa: F405  layered settings
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True
DEV_PAGES = True

# Only the suite and the checks have these packages.
INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations", "django_migration_linter"]  # noqa: F405  layered settings
MIGRATION_LINTER_OPTIONS = {
    "ignore_initial_migrations": True,
    "sql_analyser": "postgresql",
}
