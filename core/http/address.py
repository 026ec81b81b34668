"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the caller's IP address, or "" when it is none (a unix socket).

    ``NUM_PROXIES`` proxies of ours stand in front and each appends to ``X-Forwarded-For``; what
    is left of theirs was written by the caller and is not believed.
    """
    proxies = int(settings.REST_FRAMEWORK.get("NUM_PROXIES") or 0)  # type: ignore[call-overload]  # a dict of many types
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if proxies and forwarded:
        hops = forwarded.split(",")
        return _valid(hops[-min(proxies, len(hops))])
    return _valid(request.META.get("REMOTE_ADDR", ""))


def is_loopback(request: HttpRequest) -> bool:
    """Tell whether the caller is on this machine and no proxy speaks for somebody else."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    address = _valid(request.META.get("REMOTE_ADDR", ""))
    return bool(address) and ipaddress.ip_address(address).is_loopback


def _valid(raw: str) -> str:
    text = raw.strip()
    if text.count(":") == 1:  # an IPv4 address with its port
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
