"""`python -m config.embedded start|stop|status|urls|run -- CMD`: the embedded servers by hand."""

import argparse
import os
import signal
import subprocess
import sys

from config import embedded
from config.embedded.keeper import keep
from config.embedded.layout import layout_of
from config.embedded.leases import GIVEN_BY


def main(arguments: list[str]) -> int:
    """Do one command; a PlantError becomes its sentence and exit code 1."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options = _parser().parse_args(arguments[:cut])
    command = arguments[cut + 1 :]
    plan = embedded.Plan(
        loopback=options.loopback,
        durable=not options.throwaway,
        max_connections=options.max_connections,
    )
    try:
        return _do(options, command, plan)
    except embedded.PlantError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("action", choices=("start", "stop", "status", "urls", "run", "keep"))
    parser.add_argument("--loopback", action="store_true", help="listen on TCP 127.0.0.1")
    parser.add_argument("--throwaway", action="store_true", help="fast and unsafe, for tests only")
    parser.add_argument("--max-connections", type=int, default=100)
    parser.add_argument("name", nargs="?", choices=tuple(GIVEN_BY), help="for keep: the server")
    return parser


def _do(options: argparse.Namespace, command: list[str], plan: embedded.Plan) -> int:
    if options.action == "keep":
        return keep(layout_of(os.environ), options.name)
    if options.action == "run":
        return _run(command, plan)
    if options.action == "start":
        with embedded.hold(os.environ, plan) as lease:
            lease.pin()
    if options.action == "stop":
        embedded.stop(os.environ)
        return 0
    if options.action in {"start", "urls"}:
        services = embedded.service_urls(os.environ)
        sys.stdout.write(
            f"export DATABASE_URL='{services.database_url}'\n"
            f"export REDIS_URL='{services.redis_url}'\n"
        )
        return 0
    return _tell(embedded.status(os.environ))


def _tell(states: dict[str, str]) -> int:
    for name, state in states.items():
        sys.stdout.write(f"{name}: {state}\n")
    return 0 if set(states.values()) <= {"running", "given"} else 3


def _run(command: list[str], plan: embedded.Plan) -> int:
    """Run a command beside the servers and answer its exit code; Ctrl-C is for the command."""
    with embedded.hold(os.environ, plan):
        child = subprocess.Popen(command)  # noqa: S603  what the person typed
        signal.signal(signal.SIGTERM, lambda _number, _frame: child.terminate())
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
