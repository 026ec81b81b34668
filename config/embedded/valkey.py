"""The private Valkey: hints, cache and the queue's broker; nothing in it must survive."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from config.embedded import binaries
from config.embedded.accounts import Account, can_pass
from config.embedded.errors import PlantError, disk_full, from_os_error
from config.embedded.keys import stored_secrets
from config.embedded.layout import Layout
from config.embedded.plan import LOOPBACK, Plan, valkey_socket
from config.embedded.postgres import open_socket_dir


@dataclass(frozen=True, slots=True)
class Valkey:
    """One embedded Valkey of one data directory."""

    layout: Layout
    plan: Plan
    account: Account

    name = "valkey"
    stop_signal = signal.SIGTERM
    log_name = "valkey.log"

    @property
    def home(self) -> Path:
        """Its working directory; it writes nothing there."""
        reachable = can_pass(self.account, self.layout.data_dir)
        return self.layout.valkey if reachable else Path("/")

    def prepare(self) -> list[str]:
        """Make the directories; answers no notes; raises PlantError where that fails."""
        try:
            if self.home != Path("/"):
                self.home.mkdir(mode=0o700, exist_ok=True)
                self.account.own(self.home)
            open_socket_dir(self.layout, self.plan, self.account)
        except OSError as error:
            raise from_os_error(error, self.home) from error
        return []

    def command(self) -> list[str]:
        """The command line of the server, which reads its settings from standard input."""
        return [str(binaries.valkey_server(self.account)), "-"]

    def standard_input(self) -> str:
        """The settings; passed this way so that the password shows in no process list."""
        options = {
            "dir": f'"{self.home}"',
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
            **self._listening(),
        }
        return "".join(f"{name} {value}\n" for name, value in options.items())

    def is_ready(self) -> bool:
        """Answer whether the server replies to a PING."""
        try:
            with self._connect() as connection:
                connection.settimeout(2)
                if self.plan.loopback:
                    connection.sendall(f"AUTH {self._password()}\r\n".encode())
                    connection.recv(64)
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def explain(self, tail: str) -> PlantError:
        """Turn the last words of a server that did not start into a sentence."""
        if "No space left on device" in tail:
            return disk_full(self.home)
        if "Address already in use" in tail:
            return PlantError(
                f"端口 {self.plan.valkey_port} 已被占用，Valkey 无法启动。"
                f" / Port {self.plan.valkey_port} is taken."
            )
        last = tail.strip().splitlines()[-1:] or ["原因不明 unknown"]
        return PlantError(
            f"Valkey 无法启动：{last[0]}；详见 {self.layout.logs / self.log_name}。"
            " / Valkey does not start."
        )

    def clear_after_crash(self) -> None:
        """Nothing to do: it keeps no lock and replaces its old socket."""

    def _listening(self) -> dict[str, str]:
        if self.plan.loopback:
            return {
                "bind": LOOPBACK,
                "port": str(self.plan.valkey_port),
                "requirepass": self._password(),
            }
        socket_path = str(valkey_socket(self.layout, self.plan))
        return {"port": "0", "unixsocket": f'"{socket_path}"', "unixsocketperm": "700"}

    def _connect(self) -> socket.socket:
        if self.plan.loopback:
            return socket.create_connection((LOOPBACK, self.plan.valkey_port), timeout=2)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(2)
            connection.connect(str(valkey_socket(self.layout, self.plan)))
        except OSError:
            connection.close()
            raise
        return connection

    def _password(self) -> str:
        return stored_secrets(self.layout)["EMBEDDED_PASSWORD"]
