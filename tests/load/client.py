"""A small load generator: raw keep-alive connections, so that it costs little beside the server."""

import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Request = Callable[[int], bytes]


@dataclass(frozen=True)
class Figures:
    """What one load gave: latencies in milliseconds, throughput per second."""

    p50: float
    p99: float
    per_second: float
    wrong: int


def post(path: str, body: bytes, *, key: str = "", token: str = "") -> bytes:
    """Build a POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines.append(f"Content-Length: {len(body)}")
    if key:
        lines.append(f"Idempotency-Key: {key}")
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str, *, token: str) -> bytes:
    """Build a GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    return "\r\n".join([*lines, "", ""]).encode()


def load(port: int, request: Request, *, total: int, concurrency: int, expect: int) -> Figures:
    """Send ``total`` requests over ``concurrency`` connections and measure each."""
    latencies: list[float] = []
    wrong = [0]
    numbers = iter(range(total))
    lock = threading.Lock()

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                started = time.perf_counter()
                status = _exchange(connection, request(number))
                latencies.append(time.perf_counter() - started)
                if status != expect:
                    wrong[0] += 1

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    ranks = statistics.quantiles(latencies, n=100)
    return Figures(ranks[49] * 1000, ranks[98] * 1000, total / seconds, wrong[0])


def _exchange(connection: socket.socket, message: bytes) -> int:
    connection.sendall(message)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = _length(head)
    received = len(body)
    while received < length:
        received += len(_more(connection))
    return int(head.split(b" ", 2)[1])


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("no content-length: the load generator does not read chunked answers")
