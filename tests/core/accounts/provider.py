"""A real OpenID provider on a port: oidc-provider-mock, which lacks PKCE, and RFC 7636 added."""

import hashlib
import threading
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
from werkzeug.serving import make_server

with warnings.catch_warnings(record=True):  # its libraries announce deprecations to it, not to us
    library: Any = import_module("oidc_provider_mock")
Subject = library.User


@contextmanager
def running_provider(subjects: Sequence[Any]) -> Iterator[str]:
    """Serve until the block ends; gives the issuer's address."""
    provider = library.app(require_nonce=True, user_claims=subjects)
    _demand_proof_keys(provider)
    server = make_server("localhost", 0, provider, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _demand_proof_keys(provider: flask.Flask) -> None:
    """Bind each code to its challenge, and ask for the verifier when it is redeemed."""
    challenges: dict[str, str] = {}

    def remember(response: flask.Response) -> flask.Response:
        codes = parse_qs(urlsplit(response.headers.get("Location", "")).query).get("code")
        if codes and flask.request.path == "/oauth2/authorize":
            challenges[codes[0]] = flask.request.args.get("code_challenge", "")
        return response

    def verify() -> tuple[flask.Response, int] | None:
        if flask.request.path != "/oauth2/token":
            return None
        given = flask.request.form.get("code_verifier", "")
        challenge = urlsafe_b64encode(hashlib.sha256(given.encode()).digest()).decode().rstrip("=")
        if challenges.pop(flask.request.form["code"], "") == challenge:
            return None
        return flask.jsonify({"error": "invalid_grant"}), 400

    provider.after_request(remember)
    provider.before_request(verify)
