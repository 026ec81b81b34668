"""Two hundred open sockets in a process of their own, and how long a hint takes to reach them."""

import asyncio
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

import websockets

from tests.load.client import Figures

CONSOLES = 200
WARMING = 5


def listen(url: str, headers: dict[str, str], pipe: Connection, rounds: int) -> None:
    """Open the sockets, say so, and send back the arrival times of each round."""
    asyncio.run(_listen(url, headers, pipe, rounds))


async def _listen(url: str, headers: dict[str, str], pipe: Connection, rounds: int) -> None:
    sockets = await asyncio.gather(
        *(websockets.connect(url, additional_headers=headers) for _ in range(CONSOLES))
    )
    await asyncio.sleep(1)
    pipe.send("ready")
    for _ in range(WARMING + rounds):
        pipe.send(await asyncio.gather(*(_arrival(socket) for socket in sockets)))
    for socket in sockets:
        await socket.close()


async def _arrival(socket: websockets.ClientConnection) -> float:
    while True:
        message = json.loads(await socket.recv())
        if message.get("type") == "hint":
            return time.monotonic()


def measure(url: str, *, headers: dict[str, str], send: "object", rounds: int) -> Figures:
    """Send ``rounds`` hints one after the other; latency is from the send to each arrival.

    The first few warm both ends up and are not counted.
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=listen, args=(url, headers, there, rounds)
    )
    process.start()
    if not here.poll(60) or here.recv() != "ready":
        process.terminate()
        raise RuntimeError("the sockets did not open")
    latencies: list[float] = []
    for number in range(WARMING + rounds):
        began = time.monotonic()
        send(number)  # type: ignore[operator]
        if not here.poll(20):
            process.terminate()
            raise RuntimeError("a hint did not arrive")
        arrivals = here.recv()
        if number >= WARMING:
            latencies += [arrival - began for arrival in arrivals]
        time.sleep(0.02)
    process.join(timeout=20)
    ranks = statistics.quantiles(latencies, n=100)
    return Figures(ranks[49] * 1000, ranks[98] * 1000, 0.0, 0)
