"""A view that inserts three rows in one transaction, and a socket that repeats what it hears."""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.load.bare.settings")

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from tests.load.bare.models import BareEvent, BareOutbox, BareTicket


@transaction.atomic
def create(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    ticket = BareTicket.objects.create(title=body["title"], content=body["content"])
    BareEvent.objects.create(ticket=ticket, kind="ticket.registered")
    BareOutbox.objects.create(ticket=ticket, payload={"no": ticket.pk})
    response = JsonResponse({"ticket": ticket.pk}, status=201)
    response["Content-Length"] = len(response.content)
    return response


class Echo(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("echo", self.channel_name)
        await self.accept()

    async def hint(self, message: dict) -> None:
        await self.send(text_data=json.dumps(message))


urlpatterns = [path("create", create)]
application = get_wsgi_application()
sockets = ProtocolTypeRouter({"websocket": URLRouter([path("ws/", Echo.as_asgi())])})
