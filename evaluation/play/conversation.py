"""One page's requests: of those that supersede each other only the newest is answered."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from steered_env.system import needing

with needing("play"):
    from starlette.websockets import WebSocketDisconnect

from . import messages
from .lanes import Lanes
from .session import Reply, error_reply

_SUPERSEDED = (messages.ShowRequest, messages.ActivationsRequest, messages.EpisodeRequest)
_MOST_WAITING = 16
"""Requests of one page that wait for an answer; more are refused."""
_PAUSE_S = 0.05
_PER_SECOND = 200
"""Messages of one page; one that sends more is read no faster."""


class Conversation:
    """Takes a page's messages as they come, and answers them: files beside what is drawn live, else one by one.

    Args:
        lanes: The threads that answer.
        send: Sends a reply; a page that reads slowly is waited for.
    """

    def __init__(self, lanes: Lanes, send: Callable[[Reply], Awaitable[None]]) -> None:
        self._send = send
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._live, self._files = (_Line(lanes, self._replies.put_nowait) for _ in range(2))

    async def hold(self, receive: Callable[[], Awaitable[str | bytes | None]]) -> None:
        """Answer until the page is gone.

        Args:
            receive: Waits for the next message; None when the page is gone.
        """
        work = self._read(receive), self._deliver(), self._live.answer(), self._files.answer()
        tasks = [asyncio.create_task(part) for part in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for line in (self._live, self._files):
                line.give_up()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError, ConnectionError, RuntimeError, WebSocketDisconnect):
                    await task

    async def _read(self, receive: Callable[[], Awaitable[str | bytes | None]]) -> None:
        while (message := await receive()) is not None:
            try:
                request = messages.read_request(message)
            except messages.MessageError as error:
                self._replies.put_nowait(error_reply(error.request, "message", str(error)))
            else:
                (self._files if isinstance(request, messages.SaveRequest) else self._live).take(request)
            await asyncio.sleep(1 / _PER_SECOND)
            while self._replies.qsize() > _MOST_WAITING:  # a page that asks and does not read
                await asyncio.sleep(_PAUSE_S)

    async def _deliver(self) -> None:
        while True:
            await self._send(await self._replies.get())


class _Line:
    """Requests that wait for their answers, in the order in which they came.

    Args:
        lanes: The threads that answer.
        reply: Called with each reply.
    """

    def __init__(self, lanes: Lanes, reply: Callable[[Reply], None]) -> None:
        self._lanes, self._reply = lanes, reply
        self._waiting: deque[messages.Request] = deque()
        self._current: tuple[messages.Request, threading.Event] | None = None
        self._news = asyncio.Event()

    def take(self, request: messages.Request) -> None:
        """Let a request wait, and drop those that it supersedes."""
        if isinstance(request, _SUPERSEDED):
            for older in [waiting for waiting in self._waiting if type(waiting) is type(request)]:
                self._waiting.remove(older)
                self._drop(older)
            if self._current is not None and type(self._current[0]) is type(request):
                self.give_up()
        if len(self._waiting) >= _MOST_WAITING:
            message = f"{_MOST_WAITING} requests wait already; ask again when they are answered"
            self._reply(error_reply(request.id, "server", message))
            return
        self._waiting.append(request)
        self._news.set()

    def give_up(self) -> None:
        """Give up the request that is being answered."""
        if self._current is not None:
            self._current[1].set()

    async def answer(self) -> None:
        """Answer for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                request, given_up = self._waiting.popleft(), threading.Event()
                self._current = request, given_up
                if not await self._lanes.answer(request, given_up, self._reply):
                    self._drop(request)
                self._current = None

    def _drop(self, request: messages.Request) -> None:
        self._reply({"kind": "stale", "id": request.id})
