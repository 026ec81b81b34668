"""Where the embedded servers keep things below one DATA_DIR."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import from_os_error

REPOSITORY = Path(__file__).resolve().parents[2]
SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's address that Linux accepts (`sun_path` less its final zero)."""
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Layout:
    """The places below one data directory; building it touches no disk."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def valkey(self) -> Path:
        return self.data_dir / "valkey"

    @property
    def keepers(self) -> Path:
        return self.data_dir / "keepers"

    @property
    def logs(self) -> Path:
        return self.data_dir / "log"

    @property
    def plan_file(self) -> Path:
        return self.data_dir / "embedded.json"

    @property
    def secrets_file(self) -> Path:
        return self.data_dir / "secrets.env"

    @property
    def near_socket_dir(self) -> Path:
        """The first choice for the private sockets: beside the data."""
        return self.data_dir / "run"

    @property
    def short_socket_dir(self) -> Path:
        """The second choice: short, and the same for the same data directory."""
        name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tongban-{name}"


def layout_of(env: Mapping[str, str]) -> Layout:
    """Find the layout that DATA_DIR names; the default is `var/` beside the code."""
    chosen = env.get("DATA_DIR", "").strip() or str(REPOSITORY / "var")
    return Layout(Path(chosen).expanduser().resolve())


def fits_a_socket(directory: Path) -> bool:
    """Answer whether every socket below `directory` has an address the kernel accepts."""
    return len(os.fsencode(directory / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT


def make_data_dir(layout: Layout) -> None:
    """Create the data directory and prove that it can be written.

    Others may pass through it (servers run under another account) but not list it.
    Raises PlantError where it cannot be used.
    """
    try:
        with contextlib.suppress(FileExistsError):
            layout.data_dir.mkdir(parents=True)
            layout.data_dir.chmod(0o711)
        for private in (layout.keepers, layout.logs):
            private.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=layout.data_dir) as probe:
            probe.write(b"0" * 4096)
    except OSError as error:
        raise from_os_error(error, layout.data_dir) from error
