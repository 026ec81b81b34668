"""Asking a ClamAV daemon about a file (INSTREAM), where CLAMAV_ADDRESS names one.

``CLAMAV_ADDRESS`` is ``host:port`` or the path of a socket. Empty means that no scanner is used.
"""

import socket
from typing import BinaryIO

from django.conf import settings

from core.attachments.errors import InfectedError, ScannerUnavailableError

CHUNK = 64 * 1024
TIMEOUT_SECONDS = 20
MAX_ANSWER = 4096


def check(file: BinaryIO) -> None:
    """Raise InfectedError for a find, ScannerUnavailableError when nobody can tell."""
    address = settings.CLAMAV_ADDRESS
    if not address:
        return
    try:
        answer = _ask(address, file)
    except OSError as error:
        raise ScannerUnavailableError from error
    finally:
        file.seek(0)
    if answer.endswith("FOUND"):
        raise InfectedError
    if not answer.endswith("OK"):
        raise ScannerUnavailableError


def _ask(address: str, file: BinaryIO) -> str:
    file.seek(0)
    with _connect(address) as connection:
        connection.sendall(b"zINSTREAM\0")
        while chunk := file.read(CHUNK):
            connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
        connection.sendall(b"\0\0\0\0")
        return _read_answer(connection)


def _read_answer(connection: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < MAX_ANSWER:
        received = connection.recv(MAX_ANSWER)
        if not received:
            break
        answer += received
    return answer.partition(b"\0")[0].decode(errors="replace").strip()


def _connect(address: str) -> socket.socket:
    host, _colon, port = address.rpartition(":")
    if port.isdigit():
        return socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
