"""Stand-ins for what we do not own: real servers on the loopback address."""

import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.notifications.gateways import signature

# The SMS gateway --------------------------------------------------------------------------------


class FakeSmsGateway:
    """A real HTTP server that keeps the documented contract of the SMS gateway.

    It refuses a wrong signature, remembers idempotency keys, and answers a repeated key with 409
    and the first id. ``script`` holds what it does to the next requests, in order:
    ``ok`` (also when empty), an HTTP status, ``hang`` (takes the message but answers too late),
    ``cut`` (takes it and closes the connection), ``garbage`` (takes it, unreadable answer).
    """

    key = "gateway-test-key"

    def __init__(self) -> None:
        self.script: list[str | int] = []
        self.requests: list[dict[str, Any]] = []
        self.delivered: dict[str, dict[str, Any]] = {}
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_SmsRequest,), {"gateway": self})
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def url(self) -> str:
        """Return the address to post to."""
        return f"http://127.0.0.1:{self._server.server_port}/messages"

    @contextmanager
    def running(self) -> Iterator["FakeSmsGateway"]:
        """Serve while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def take(self, message: dict[str, Any]) -> tuple[int, str]:
        """Deliver once per idempotency key; return status and id."""
        key = message["idempotency_key"]
        known = key in self.delivered
        self.delivered.setdefault(key, message)
        return (409 if known else 201), f"sms-{list(self.delivered).index(key) + 1}"


class _SmsRequest(BaseHTTPRequestHandler):
    """One request to the fake gateway."""

    gateway: FakeSmsGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = json.loads(body)
        self.gateway.requests.append({**message, "headers": dict(self.headers)})
        expected = signature(key=self.gateway.key, timestamp=self.headers["X-Timestamp"], body=body)
        if not hmac.compare_digest(expected, self.headers["X-Signature"]):
            self._answer(401, {"error": "signature"})
            return
        self._act(self.gateway.script.pop(0) if self.gateway.script else "ok", message)

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""

    def _act(self, step: str | int, message: dict[str, Any]) -> None:
        if isinstance(step, int):
            self._answer(step, {"error": step})
            return
        status, taken = self.gateway.take(message)
        if step == "hang":
            self.gateway.released.wait(5)
        elif step == "cut":
            self.close_connection = True
        elif step == "garbage":
            self._answer(status, ["not", "an", "object"])
        else:
            self._answer(status, {"id": taken})

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


# The virus scanner ------------------------------------------------------------------------------


class FakeClamd:
    """A real TCP server that speaks ClamAV's INSTREAM and finds the EICAR test text.

    ``answer`` overrides what it says; None lets it look.
    """

    EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"

    def __init__(self) -> None:
        self.answer: bytes | None = None
        self.scanned: list[int] = []
        self._server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), type("Bound", (_ClamdRequest,), {"scanner": self})
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def address(self) -> str:
        """Return host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["FakeClamd"]:
        """Serve while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _ClamdRequest(socketserver.StreamRequestHandler):
    """One scan."""

    scanner: FakeClamd

    def handle(self) -> None:
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        content = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(size)
        self.scanner.scanned.append(len(content))
        found = FakeClamd.EICAR in content
        verdict = b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0"
        self.wfile.write(verdict if self.scanner.answer is None else self.scanner.answer)
