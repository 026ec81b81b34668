"""Every WebSocket address."""

from hotline.routing import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
