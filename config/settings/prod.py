"""A real city behind TLS. Everything that has no safe default must be in the environment."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403  settings are layered by import

for required in ("DJANGO_SECRET_KEY", "PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY", "AUDIT_KEY"):
    if not os.environ.get(required):
        raise ImproperlyConfigured(f"生产环境必须设置环境变量 {required}。")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
STAFF_MFA_REQUIRED = env_flag("STAFF_MFA_REQUIRED", "1")  # noqa: F405  layered settings
