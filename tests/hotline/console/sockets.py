"""A browser's side of a WebSocket, without a server in between."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket(ApplicationCommunicator):
    """One socket to an ASGI application."""

    def __init__(self, application: Any, path: str = "/ws/console/", **scope: Any) -> None:
        super().__init__(
            application,
            {
                "type": "websocket",
                "path": path,
                "query_string": b"",
                "headers": [],
                "subprotocols": [],
                **scope,
            },
        )

    async def connect(self) -> tuple[bool, int | None]:
        """Return whether it was accepted, and the closing code if not."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=3)
        return answer["type"] == "websocket.accept", answer.get("code")

    async def say(self, message: Any) -> None:
        """Send a message as JSON, or a text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        """Return the next message."""
        answer = await self.receive_output(timeout=3)
        assert answer["type"] == "websocket.send", answer
        heard: dict[str, Any] = json.loads(answer["text"])
        return heard

    async def hear_until(self, wanted: str) -> dict[str, Any]:
        """Return the next message of a type; others before it are passed over."""
        while True:
            message = await self.hear()
            if message["type"] == wanted:
                return message

    async def hear_all(self) -> list[dict[str, Any]]:
        """Return everything that comes until it is quiet."""
        messages = []
        while not await self.receive_nothing(timeout=0.3):
            messages.append(await self.hear())
        return messages

    async def close(self) -> None:
        """Hang up."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=3)
