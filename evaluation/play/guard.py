"""Who may ask: requests to another name than the server's own, or from another page, are refused."""

from __future__ import annotations

from urllib.parse import urlsplit

from steered_env.system import needing

with needing("play"):
    from starlette.datastructures import Headers
    from starlette.responses import PlainTextResponse
    from starlette.types import ASGIApp, Receive, Scope, Send
    from starlette.websockets import WebSocketClose

from .hosts import is_name_of

_POLICY_VIOLATION = 1008


class OnlyOwnHost:
    """Refuses requests whose Host is not the server's, or whose Origin is another page's.

    A browser names the page that asks in Origin, and no page of another site can change that; nor can it change Host,
    which is that site's own where its name was made to lead here. A WebSocket must have an Origin.

    Args:
        app: The application.
        host: The address that is listened on, see `is_name_of`.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers, is_socket = Headers(scope=scope), scope["type"] == "websocket"
        if self._may_pass(headers.getlist("host"), headers.getlist("origin"), needs_origin=is_socket):
            await self._app(scope, receive, send)
        elif is_socket:
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
        else:
            await PlainTextResponse("not from here\n", 403)(scope, receive, send)

    def _may_pass(self, hosts: list[str], origins: list[str], *, needs_origin: bool) -> bool:
        if len(hosts) != 1 or len(origins) > 1 or not is_name_of(self._host, hosts[0]):
            return False
        if not origins:
            return not needs_origin
        origin = urlsplit(origins[0])
        return origin.scheme in ("http", "https") and origin.netloc == hosts[0]
