"""The page's server: three files and a WebSocket."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from steered_env.system import needing

with needing("play"):
    import uvicorn
    import websockets  # noqa: F401 (what uvicorn's WebSockets need)
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

from .conversation import Conversation
from .guard import OnlyOwnHost
from .lanes import Lanes
from .messages import MAX_MESSAGE_BYTES
from .page_files import TYPES, page_file
from .session import Reply, Session

DEFAULT_PORT = 8025
_TOO_BIG = 1009
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; "
    "connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def application(session: Session, host: str = "127.0.0.1") -> Starlette:
    """The application that serves the page.

    Args:
        session: Answers.
        host: The address that is listened on; see `OnlyOwnHost`.
    """
    lanes = Lanes(session)

    async def file(request: Request) -> Response:
        name = request.url.path.removeprefix("/") or "index.html"
        policy = _POLICY.format(socket=f"ws://{request.headers['host']}")
        headers = {"Content-Security-Policy": policy, **_HEADERS}
        return Response(page_file(name), media_type=TYPES[name], headers=headers)

    async def converse(websocket: WebSocket) -> None:
        await websocket.accept()

        async def send(reply: Reply) -> None:
            await websocket.send_text(json.dumps(reply))

        async def receive() -> str | bytes | None:
            try:
                message = await websocket.receive()
            except WebSocketDisconnect:
                return None
            text: str | bytes | None = message.get("text") or message.get("bytes")
            if text is not None and len(text) > MAX_MESSAGE_BYTES:
                await websocket.close(_TOO_BIG)
                return None
            return "" if text is None and message["type"] == "websocket.receive" else text

        with suppress(asyncio.CancelledError):  # the server ends, which is no error of a page's
            await Conversation(lanes, send).hold(receive)

    @contextmanager
    def lifetime() -> Iterator[None]:
        try:
            yield
        finally:
            lanes.close()

    app = Starlette(
        routes=[*(Route(f"/{name}", file) for name in ("", *TYPES)), WebSocketRoute("/socket", converse)],
        middleware=[Middleware(OnlyOwnHost, host=host)],
    )
    app.state.lifetime = lifetime
    return app


def serve(session: Session, *, host: str, port: int | None, on_start: Callable[[str], None]) -> None:
    """Serve the page until the process is stopped.

    Args:
        session: Answers.
        host: The address to listen on.
        port: The port; None for `DEFAULT_PORT`, or any other if that is taken; 0 for any.
        on_start: Called with the page's address as soon as it can be opened.

    Raises:
        OSError: if the port is taken, or the address is none of this machine's.
    """
    with _listening(host, port) as listener:
        app = application(session, host)
        name = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host
        address = f"http://{name}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_max_queue=8,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_interruption)
        with app.state.lifetime():
            asyncio.run(_Server(config, lambda: on_start(address)).serve([listener]))


def _is_no_interruption(record: logging.LogRecord) -> bool:
    """Tell whether a record is of anything else than a Ctrl-C that came in the middle of a page's work."""
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt))


class _Server(uvicorn.Server):
    """A server that leaves signals to the command, which ends it at once."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()


@contextmanager
def _listening(host: str, port: int | None) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first = DEFAULT_PORT if port is None else port
        try:
            listener.bind((host, first))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise OSError(f"cannot listen on {host}, port {first}: {error.strerror or error}") from None
            if port is not None:
                raise OSError(
                    f"port {port} of {host} is taken: name another one with --port, or leave it out"
                ) from None
            listener.bind((host, 0))
        yield listener
