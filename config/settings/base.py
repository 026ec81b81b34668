"""Settings shared by every environment. Secrets and addresses come from the environment alone."""

import os
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict
from xstatic.pkg import leaflet

from config import embedded
from config.settings.admin import UNFOLD as UNFOLD  # noqa: PLC0414  a setting is any name here

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("DATA_DIR", BASE_DIR / "var")).resolve()
SERVICES = embedded.service_urls(os.environ)


def env_flag(name: str, default: str = "0") -> bool:
    """Read a yes/no variable; 1, true, yes and on mean yes."""
    return os.environ.get(name, default).strip().lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    """Read a comma-separated variable."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def database_from(url: str) -> dict[str, Any]:
    """Turn a PostgreSQL URL (also one on a unix socket) into Django's setting, always pooled."""
    info = conninfo_to_dict(url)
    return {
        "ENGINE": "config.database",
        "NAME": info.pop("dbname", "tongban"),
        "USER": info.pop("user", ""),
        "PASSWORD": info.pop("password", ""),
        "HOST": info.pop("host", ""),
        "PORT": str(info.pop("port", "")),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            **info,
            "pool": {
                "min_size": 1,
                "max_size": int(os.environ.get("DB_POOL_SIZE", "12")),
                "timeout": 1.0,  # config.database asks again until its patience ends
                "reconnect_timeout": 1.5,
            },
            "prepare_threshold": 1_000_000,  # only where a cursor asks for it: core.inserts
            "options": "-c jit=off -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
        },
    }


SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "")
PERSONAL_DATA_KEYS = os.environ.get("PERSONAL_DATA_KEYS", "")
BLIND_INDEX_KEY = os.environ.get("BLIND_INDEX_KEY", "")
AUDIT_KEY = os.environ.get("AUDIT_KEY", "")
TELEPHONY_SECRET = os.environ.get("TELEPHONY_SECRET", "")
TELEPHONY_WINDOW_SECONDS = int(os.environ.get("TELEPHONY_WINDOW_SECONDS", "300"))
DEBUG = False
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

# The city --------------------------------------------------------------------------------------
CITY_NAME = os.environ.get("CITY_NAME", "蓉江市")
CITY_REGION = os.environ.get("CITY_REGION", "519900")
HOTLINE_NUMBER = os.environ.get("HOTLINE_NUMBER", "12345")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
MAP_TILE_URL = os.environ.get("MAP_TILE_URL", "")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "core.administration.apps.CityAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_celery_beat",
    "django_fsm",
    "django_htmx",
    "django_prometheus",
    "lucide",
    "csp",
    "core",
    "hotline",
    "config.apps.CityConfig",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.http.middleware.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.http.middleware.RequestEdgeMiddleware",
    "core.http.middleware.ReadingModeMiddleware",
    "core.accounts.middleware.SecondFactorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "core.http.context.city",
            ],
        },
    }
]

# Data ------------------------------------------------------------------------------------------
DATABASES = {"default": database_from(SERVICES.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = SERVICES.redis_url
INSTALLATION = os.environ.get("INSTALLATION", "tongban")
"""Sets installations apart that share a server: its channels know no database numbers."""
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "core.http.cache.CityCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": INSTALLATION,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 0.5,
        },
    }
}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": INSTALLATION},
    }
}
BRIEFLY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Who sends a task tries once more, because a restarted broker leaves dead connections behind, and
then goes on: every task is found again in the database, and no request waits for a broker."""
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_keepalive": True,
    "socket_timeout": 2,
    "socket_connect_timeout": 0.5,
    **BRIEFLY,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = BRIEFLY
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# Language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

# Static files and uploads ----------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [("leaflet", leaflet.BASE_DIR)]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.http.static_files.ModuleStaticFilesStorage"},
}
ATTACHMENT_MAX_BYTES = 20 * 1024 * 1024
ATTACHMENT_MAX_FILES = 12
CLAMAV_ADDRESS = os.environ.get("CLAMAV_ADDRESS", "")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Accounts --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/accounts/landing/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/10m/key", "signup": "20/m/ip"}
ACCOUNT_ADAPTER = "core.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "core.accounts.adapter.NationalIdentityAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tongban"
MFA_ADAPTER = "core.accounts.second_factor.SecondFactorAdapter"
STAFF_MFA_REQUIRED = env_flag("STAFF_MFA_REQUIRED")
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "APPS": [],
        "provider_class": "core.accounts.national_identity.NationalIdentityProvider",
    }
}
if os.environ.get("OIDC_ISSUER"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "national-identity",
            "name": os.environ.get("OIDC_NAME", "国家政务服务平台统一身份认证"),
            "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
            "secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
            "settings": {
                "server_url": os.environ["OIDC_ISSUER"],
                "oauth_pkce_enabled": True,
                "fetch_userinfo": True,
                "scope": ["openid", "profile", "phone"],
                "claims": {
                    "name": os.environ.get("OIDC_CLAIM_NAME", "name"),
                    "phone": os.environ.get("OIDC_CLAIM_PHONE", "phone_number"),
                    "id_no": os.environ.get("OIDC_CLAIM_ID_NO", "id_number"),
                },
            },
        }
    )
SESSION_COOKIE_AGE = 8 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if os.environ.get("OIDC_ISSUER"):  # browsers check the redirect behind the login form too
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(
        "/".join(os.environ["OIDC_ISSUER"].split("/")[:3])
    )
if MAP_TILE_URL:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append(
        "/".join(MAP_TILE_URL.replace("{s}", "*").split("/")[:3])
    )

# Machines --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.http.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.http.parsers.BoundedJSONParser"],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous_contact": os.environ.get("THROTTLE_ANONYMOUS_CONTACT", "30/hour"),
        "anonymous_track": os.environ.get("THROTTLE_ANONYMOUS_TRACK", "60/hour"),
        "suggest": os.environ.get("THROTTLE_SUGGEST", "240/minute"),
        "upload": os.environ.get("THROTTLE_UPLOAD", "120/hour"),
        "draft": os.environ.get("THROTTLE_DRAFT", "60/minute"),
    },
    "EXCEPTION_HANDLER": "core.http.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "NUM_PROXIES": int(os.environ.get("NUM_PROXIES", "0")),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "通办 Tongban API",
    "DESCRIPTION": "12345 热线与一网通办接口。错误统一为 {code, message, fields}。",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "TicketState": "hotline.states.TicketState",
        "OrderState": "hotline.states.OrderState",
        "MatterKind": "hotline.states.MatterKind",
        "LegalChannel": "hotline.states.LegalChannel",
        "TriageOutcome": "hotline.states.TriageOutcome",
    },
}

# Messages leave through these gateways; empty means the console gateway of development.
SMS_GATEWAY_URL = os.environ.get("SMS_GATEWAY_URL", "")
SMS_GATEWAY_KEY = os.environ.get("SMS_GATEWAY_KEY", "")
QUIET_HOURS = (22, 8)
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "noreply@tongban.example")

AUDIT_DIGEST = os.environ.get("AUDIT_DIGEST", "sm3")

# Logs: one JSON object a line, request ids on each, personal data on none -----------------------
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "core.http.logs.RedactFilter"}},
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.stdlib.add_log_level,
            ],
        },
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["redact"]}
    },
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
PROMETHEUS_EXPORT_MIGRATIONS = False
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
SILENCED_SYSTEM_CHECKS: list[str] = []
