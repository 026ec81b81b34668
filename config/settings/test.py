"""The suite: real PostgreSQL and Valkey, fast password hashing, no manifest for static files."""

import os

os.environ.setdefault("DJANGO_SECRET_KEY", "test-only-key-" + "0" * 50)
os.environ.setdefault("PERSONAL_DATA_KEYS", "t1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
os.environ.setdefault("BLIND_INDEX_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
os.environ.setdefault("AUDIT_KEY", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")

from config.settings.base import *  # noqa: E402, F403  the environment must be set first

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
