"""The hotline's WebSocket addresses."""

from django.urls import path

from hotline.consumers import ConsoleConsumer

websocket_urlpatterns = [path("ws/console/", ConsoleConsumer.as_asgi())]
