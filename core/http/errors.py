"""Every error of the API is ``{"code", "message", "fields"?, …}``, and this is where it is made.

``code`` is stable for programs, ``message`` is for people, ``fields`` maps dotted field names
(``caller.phone``, ``attachments.0``) to lists of messages. An unknown exception stays a 500 and
tells nothing from inside.
"""

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core.errors import DomainError, ForbiddenError
from core.http.answers import envelope
from core.http.refusals import record_refusal

Known = tuple[type[Exception], int, str, Any]

# The first match wins, so a subclass comes before its base.
KNOWN: tuple[Known, ...] = (
    (exceptions.ParseError, 400, "malformed_json", _("请求内容不是合法的 JSON。")),
    (
        exceptions.UnsupportedMediaType,
        415,
        "unsupported_media_type",
        _("不支持这种内容类型，请使用 application/json。"),
    ),
    (exceptions.NotAcceptable, 406, "not_acceptable", _("只能返回 application/json。")),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", _("这个地址不支持该请求方法。")),
    (exceptions.NotAuthenticated, 401, "not_authenticated", _("请先登录或提供接口密钥。")),
    (exceptions.NotFound, 404, "not_found", _("没有找到，或您无权查看。")),
    (Http404, 404, "not_found", _("没有找到，或您无权查看。")),
    (exceptions.PermissionDenied, 403, "forbidden", _("您没有执行此操作的权限。")),
    (PermissionDenied, 403, "forbidden", _("您没有执行此操作的权限。")),
    (RequestDataTooBig, 413, "too_large", _("请求内容过大。")),
    (TooManyFilesSent, 413, "too_many_files", _("一次上传的文件过多。")),
    (TooManyFieldsSent, 400, "too_many_fields", _("提交的字段过多。")),
    (SuspiciousOperation, 400, "bad_request", _("没能读懂这次请求，请检查后再试。")),
    (OperationalError, 503, "unavailable", _("系统暂时无法处理，请稍后再试。")),
    (InterfaceError, 503, "unavailable", _("系统暂时无法处理，请稍后再试。")),
)
RETRY_AFTER_SECONDS = 5
_log = logging.getLogger(__name__)


class ErrorSerializer(serializers.Serializer[Any]):
    """How every error looks."""

    code = serializers.CharField(help_text="稳定的错误代码，供程序判断")
    message = serializers.CharField(help_text="给人看的说明")
    fields = serializers.DictField(  # type: ignore[assignment]  # the wire name; hides DRF's own map
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="出错字段（用点号连接的路径）及各自的说明",
    )


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of an API view into its answer; None lets an unknown one be a 500."""
    status, body = _describe(error)
    if body is None:
        return None
    if status == 503:  # noqa: PLR2004  the database is away or too busy, and Django will not log it
        _log.error("request not served", exc_info=error)
    if _is_refusal(error):
        record_refusal(context["request"]._request, code=str(body["code"]))  # noqa: SLF001  DRF keeps Django's request there
    return Response(body, status=status, headers=_headers(error))


def flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted field, message) for every leaf of DRF's nested error detail."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list | tuple):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping | list | tuple)
            yield from flatten(value, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        yield path or api_settings.NON_FIELD_ERRORS_KEY, str(detail)


def _describe(error: Exception) -> tuple[int, dict[str, Any] | None]:
    if isinstance(error, DomainError):
        body = envelope(code=error.code, message=gettext(str(error.message)), details=error.details)
        return error.status, body
    if isinstance(error, exceptions.ValidationError):
        return 400, _invalid(error)
    if isinstance(error, exceptions.Throttled):
        return 429, _throttled(error)
    for known, status, code, message in KNOWN:
        if isinstance(error, known):
            return status, envelope(code=code, message=str(message))
    return _describe_other(error)


def _describe_other(error: Exception) -> tuple[int, dict[str, Any] | None]:
    if not isinstance(error, exceptions.APIException):
        return 500, None
    code = getattr(error.detail, "code", None) or error.default_code
    return error.status_code, envelope(code=str(code), message=str(error.detail))


def _invalid(error: exceptions.ValidationError) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for name, message in flatten(error.detail):
        fields.setdefault(name, []).append(message)
    message = str(_("填写的内容有误，请检查后再提交。"))
    return envelope(code="invalid", message=message, details={"fields": fields})


def _throttled(error: exceptions.Throttled) -> dict[str, Any]:
    wait = getattr(error, "wait", None)
    wait = math.ceil(wait) if wait else None
    message = str(_("操作太频繁，请稍后再试。"))
    return envelope(code="throttled", message=message, details={"retry_after": wait})


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, ForbiddenError | PermissionDenied | exceptions.PermissionDenied)


def _headers(error: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is None and isinstance(error, DomainError):
        wait = error.details.get("retry_after")
    if isinstance(error, OperationalError | InterfaceError):
        wait = RETRY_AFTER_SECONDS
    if wait:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers
