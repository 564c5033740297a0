"""Threads that answer the requests of all pages, one request of a page at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from steered_env.system import GivenUpError, given_up_by

from . import messages
from .session import Reply, Session


class Lanes:
    """Two threads: one for what is drawn live, one for films and figures, so that nobody's film holds up a slider.

    A thread takes what it is given in turn, so that pages that ask without end wait for each other.

    Args:
        session: Answers.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._live, self._slow = (ThreadPoolExecutor(1, f"steered-env-play-{lane}") for lane in ("live", "slow"))
        self._running: set[threading.Event] = set()

    async def answer(
        self, request: messages.Request, given_up: threading.Event, reply: Callable[[Reply], None]
    ) -> bool:
        """Answer a request in its thread.

        Args:
            request: The request.
            given_up: Set when nobody waits for the answer any more.
            reply: Called in the event loop with each reply.

        Returns:
            Whether it was answered, rather than given up.
        """
        loop = asyncio.get_running_loop()

        def work() -> bool:
            try:
                with given_up_by(given_up):
                    for answer in self.session.answer(request):
                        if given_up.is_set():
                            return False
                        loop.call_soon_threadsafe(reply, answer)
            except GivenUpError:
                return False
            return True

        self._running.add(given_up)
        try:
            lane = self._slow if isinstance(request, messages.SaveRequest) else self._live
            return await loop.run_in_executor(lane, work)
        finally:
            self._running.discard(given_up)

    def close(self) -> None:
        """Give up all work and end the threads."""
        for event in self._running:
            event.set()
        for lane in (self._live, self._slow):
            lane.shutdown(wait=False, cancel_futures=True)
        self.session.close()
