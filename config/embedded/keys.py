"""Secrets of the embedded default: made once, kept in a file that only its owner reads."""

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from config.embedded.errors import PlantError, from_os_error
from config.embedded.layout import Layout, layout_of, make_data_dir


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "DJANGO_SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "PERSONAL_DATA_KEYS": lambda: f"k1:{_key()}",
    "BLIND_INDEX_KEY": _key,
    "AUDIT_KEY": _key,
    "EMBEDDED_PASSWORD": lambda: secrets.token_urlsafe(24),
}
"""Every secret and how it is made. EMBEDDED_PASSWORD guards the servers when they listen on TCP."""


def load_secrets(env: MutableMapping[str, str]) -> None:
    """Fill in the secrets that `env` lacks from DATA_DIR, making them on first use.

    A value already in `env` always wins. Raises PlantError if the file cannot be made or read.
    """
    if all(env.get(name) for name in MAKERS if name != "EMBEDDED_PASSWORD"):
        return
    for name, value in stored_secrets(layout_of(env)).items():
        if name != "EMBEDDED_PASSWORD" and not env.get(name):
            env[name] = value


def stored_secrets(layout: Layout) -> dict[str, str]:
    """Read the secrets of a data directory, making the file if there is none yet."""
    if not layout.secrets_file.exists():
        make_data_dir(layout)
        _publish(layout.secrets_file, {name: make() for name, make in MAKERS.items()})
    return _read(layout.secrets_file)


def password_of(layout: Layout) -> str:
    """The password of servers on TCP; empty before the first start."""
    if not layout.secrets_file.exists():
        return ""
    return _read(layout.secrets_file).get("EMBEDDED_PASSWORD", "")


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise from_os_error(error, path) from error
    pairs = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    missing = [name for name in MAKERS if not pairs.get(name)]
    if missing:
        raise PlantError(
            f"密钥文件 {path} 不完整，缺少 {'、'.join(missing)}；已加密的数据依赖它，请从备份恢复。"
            f" / The secrets file is incomplete; restore it from a backup."
        )
    return pairs


def _publish(path: Path, values: Mapping[str, str]) -> None:
    """Write the file whole or not at all; of several writers at once the first one wins."""
    text = "# 加密与签名密钥，请与数据一起备份。 Keep this file with the backups of the data.\n"
    text += "".join(f"{name}={value}\n" for name, value in values.items())
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            Path(draft).unlink()
    except OSError as error:
        raise from_os_error(error, path) from error
