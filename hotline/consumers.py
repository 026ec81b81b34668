"""The console's socket: hints and presence out, watching in. Truth is fetched over HTTP.

A socket joins the groups of the scopes that its user may hear of, after asking the rights, and
asks again every minute: a role that ended, a session that was closed, leave the groups.

A hint may be lost, while the broker restarts for example, and nobody would notice. So every
heartbeat compares the end of the sequence with what this socket has told, and says ``behind``.
A heart that fails (the database is away, the broker is) closes the line: the page comes again.
"""

import asyncio
import json
import logging
import random
import uuid
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from core.accounts import second_factor
from core.accounts.models import User
from core.accounts.queries import has_role
from core.events.hints import group_name
from core.events.queries import latest_position
from hotline.actions.presence import look, look_away
from hotline.queries.presence import who_looks
from hotline.queries.queues import CONSOLE_ROLES
from hotline.queries.visibility import scopes_visible_to, tickets_visible_to

NOT_SIGNED_IN = 4401
NO_RIGHTS = 4403
TRY_AGAIN = 1013
HEARTBEAT_SECONDS = 20
SPREAD = (0.75, 1.25)
"""Hearts that began together, after a restart, drift apart and do not ask all at once."""
RECHECK_BEATS = 3
WATCHED_MAX = 20
MESSAGE_MAX = 2_000
NUMBER_MAX = 40
REMEMBERED_HINTS = 64
_log = logging.getLogger(__name__)


class ConsoleConsumer(AsyncWebsocketConsumer):
    """One open console."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.socket_id = uuid.uuid4().hex
        self.scopes: set[str] = set()
        self.watched: dict[str, list[str]] = {}
        self.shown: dict[str, list[int]] = {}
        self.sent: deque[int] = deque(maxlen=REMEMBERED_HINTS)
        self.told = 0
        self.heart: asyncio.Task[None] | None = None
        self.user_id = 0

    async def connect(self) -> None:
        """Accept the hotline's staff and nobody else; join only what they may hear of."""
        user = self.scope["user"]
        if not user.is_authenticated or await self._second_factor_is_due():
            await self.close(code=NOT_SIGNED_IN)
            return
        self.user_id = user.pk
        scopes = await database_sync_to_async(allowed_scopes)(user.pk)
        if scopes is None:
            await self.close(code=NO_RIGHTS)
            return
        await self._listen_to(scopes)
        await self.accept()
        self.heart = asyncio.create_task(self._live())

    @database_sync_to_async
    def _second_factor_is_due(self) -> bool:
        """Tell whether the person still owes the second half of signing in."""
        session = self.scope.get("session")
        return session is not None and bool(session.get(second_factor.DUE))

    async def disconnect(self, code: int) -> None:
        """Leave every group; nobody looks at anything by this socket any more."""
        if self.heart is not None:
            self.heart.cancel()
        for no in list(self.watched):
            await self._unwatch(no)
        await self._listen_to(set())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping, watch or unwatch a ticket; anything else is refused in words."""
        message = parsed(text_data)
        kind, no = message.get("type"), str(message.get("ticket_no", ""))[:NUMBER_MAX]
        if kind == "ping":
            await self._tell({"type": "pong"})
        elif kind == "watch":
            await self._watch(no)
        elif kind == "unwatch":
            await self._unwatch(no)
        else:
            await self._tell({"type": "error", "code": "invalid_message"})

    async def hint(self, event: dict[str, Any]) -> None:
        """Pass a hint on, once: several groups of this socket may have got it."""
        position = event["position"]
        if position in self.sent:
            return
        self.sent.append(position)
        self.told = max(self.told, position)
        await self.send(text_data=_text_of(tuple(event.items())))

    async def presence(self, event: dict[str, Any]) -> None:
        """Pass on who looks at a ticket."""
        if event["ticket_no"] in self.watched:
            self.shown[event["ticket_no"]] = event["people"]
        await self._tell(event)

    async def _tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message))

    async def _listen_to(self, scopes: set[str]) -> None:
        for scope in self.scopes - scopes:
            await self.channel_layer.group_discard(group_name(scope), self.channel_name)
        for scope in scopes - self.scopes:
            await self.channel_layer.group_add(group_name(scope), self.channel_name)
        self.scopes = scopes

    async def _watch(self, no: str) -> None:
        scopes = None
        if len(self.watched) < WATCHED_MAX:
            scopes = await database_sync_to_async(scopes_of_watch)(self.user_id, no)
        if scopes is None:
            await self._tell({"type": "refused", "ticket_no": no, "code": "not_found"})
            return
        self.watched[no] = scopes
        await self.channel_layer.group_add(group_name(f"ticket:{no}"), self.channel_name)
        await self._look(no)
        await self._announce(no)

    async def _unwatch(self, no: str) -> None:
        if no not in self.watched:
            return
        await sync_to_async(look_away, thread_sensitive=False)(
            ticket_no=no, user_id=self.user_id, socket=self.socket_id
        )
        await self._announce(no)
        del self.watched[no]
        self.shown.pop(no, None)
        await self.channel_layer.group_discard(group_name(f"ticket:{no}"), self.channel_name)

    async def _look(self, no: str) -> bool:
        news: bool = await sync_to_async(look, thread_sensitive=False)(
            ticket_no=no, user_id=self.user_id, socket=self.socket_id, at=timezone.now()
        )
        return news

    async def _people(self, no: str) -> list[int]:
        found = await sync_to_async(who_looks, thread_sensitive=False)(
            ticket_nos=[no], at=timezone.now()
        )
        return found.get(no, [])

    async def _announce(self, no: str) -> None:
        """Tell everybody who may see the ticket who looks at it now: ids only."""
        self.shown[no] = await self._people(no)
        message = {"type": "presence", "ticket_no": no, "people": self.shown[no]}
        for scope in self.watched[no]:
            await self.channel_layer.group_send(group_name(scope), message)

    async def _look_again(self, no: str) -> None:
        """Go on looking; tell the others where the store forgot, or somebody's line just died."""
        news = await self._look(no)
        if news or await self._people(no) != self.shown.get(no):
            await self._announce(no)

    async def _live(self) -> None:
        try:
            await self._beat()
        except Exception as error:  # noqa: BLE001  a heart that stopped would go unnoticed
            _log.warning("console socket gives up: %s", type(error).__name__)
            with suppress(Exception):  # the other end may be the one that is gone
                await self.close(code=TRY_AGAIN)

    async def _beat(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS * random.uniform(*SPREAD))  # noqa: S311  not a secret
            beats += 1
            await self._tell_if_behind()
            for no in list(self.watched):
                await self._look_again(no)
            if beats % RECHECK_BEATS == 0 and not await self._still_allowed():
                return

    async def _tell_if_behind(self) -> None:
        """Have the page read on, if anything happened since the last message about news."""
        position = await database_sync_to_async(latest_position)()
        if position > self.told:
            self.told = position
            await self._tell({"type": "behind", "position": position})

    async def _still_allowed(self) -> bool:
        """Ask the rights again; without them the socket closes."""
        if not await database_sync_to_async(session_lives)(self.scope.get("session")):
            await self.close(code=NOT_SIGNED_IN)
            return False
        scopes = await database_sync_to_async(allowed_scopes)(self.user_id)
        if scopes is None:
            await self.close(code=NO_RIGHTS)
            return False
        await self._listen_to(scopes)
        for no in list(self.watched):
            if await database_sync_to_async(scopes_of_watch)(self.user_id, no) is None:
                await self._unwatch(no)
        return True


@lru_cache(maxsize=256)
def _text_of(hint: tuple[tuple[str, Any], ...]) -> str:
    """Write a hint once for all the consoles of this process."""
    return json.dumps(dict(hint))


def parsed(text: str | None) -> dict[str, Any]:
    """Return a small JSON object, or an empty one for anything else."""
    if not text or len(text) > MESSAGE_MAX:
        return {}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def allowed_scopes(user_id: int) -> set[str] | None:
    """Return what a user may hear of, read afresh; None for who has no place in the console."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not has_role(user, *CONSOLE_ROLES):
        return None
    return set(scopes_visible_to(user))


def scopes_of_watch(user_id: int, no: str) -> list[str] | None:
    """Return who hears of a ticket's watchers, or None when the user may not see the ticket.

    Absent and hidden give the same.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    ticket = tickets_visible_to(user).select_related("region").filter(no=no).first()
    if ticket is None:
        return None
    desks = [f"desk:{code}" for code in ticket.region.path.strip("/").split("/")]
    return [f"ticket:{ticket.no}", *desks]


def session_lives(session: Any) -> bool:
    """Tell whether the session that opened the socket is still there."""
    return session is None or bool(session.session_key and session.exists(session.session_key))
