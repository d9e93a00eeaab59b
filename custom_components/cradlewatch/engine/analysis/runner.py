"""Runs one analysis in the calling executor thread, on a loop of its own, within a limit, stoppable from outside.

Why not a plain synchronous call: it cannot be ended, holds Home Assistant's shutdown, and a dripping answer passes
its per-read timeouts. Why not `asyncio.run`: its end waits for whatever a cancelled task still does.
"""

import asyncio
from collections.abc import Callable, Coroutine
import logging
import threading
from typing import Any

from ..errors import AnalysisError, AnalysisFailure

_LOGGER = logging.getLogger(__name__)
_CLEANUP_S = 0.5
"""What a cancelled job gets to close its sockets before its loop is taken away."""


class CancelToken:
    """Ends a running job from another thread. Once cancelled it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._hook: Callable[[], object] | None = None

    @property
    def cancelled(self) -> bool:
        """True after `cancel`."""
        return self._cancelled

    def cancel(self) -> None:
        """End the job at once. Any thread, idempotent."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            if self._hook is not None:
                self._hook()

    def attach(self, hook: Callable[[], object]) -> bool:
        """Call `hook` on cancel; False when that has happened already."""
        with self._lock:
            self._hook = hook
            return not self._cancelled

    def detach(self) -> None:
        """Forget the hook. After this returns it is never called again."""
        with self._lock:
            self._hook = None


def run_job[T](make_coroutine: Callable[[], Coroutine[Any, Any, T]], *, timeout_s: float, cancel: CancelToken) -> T:
    """Run `make_coroutine()` to its end. Blocks the calling thread, at most `timeout_s` and a little cleaning up.

    Raises:
        AnalysisError: TIMEOUT or CANCELLED from here, or what the coroutine raised.
    """
    if cancel.cancelled:
        raise AnalysisError(AnalysisFailure.CANCELLED)
    loop = asyncio.SelectorEventLoop()
    try:
        return loop.run_until_complete(_limited(make_coroutine, timeout_s, cancel))
    finally:
        _put_away(loop)


async def _limited[T](make_coroutine: Callable[[], Coroutine[Any, Any, T]], timeout_s: float, cancel: CancelToken) -> T:
    loop = asyncio.get_running_loop()
    cut = asyncio.Event()
    task = loop.create_task(make_coroutine())
    watch = loop.create_task(cut.wait())
    if not cancel.attach(lambda: loop.call_soon_threadsafe(cut.set)):
        cut.set()
    try:
        await asyncio.wait((task, watch), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and not task.cancelled():
            return task.result()
    finally:
        cancel.detach()
        task.cancel()
        watch.cancel()
    await asyncio.wait((task, watch), timeout=_CLEANUP_S)
    if cut.is_set():
        raise AnalysisError(AnalysisFailure.CANCELLED)
    raise AnalysisError(AnalysisFailure.TIMEOUT, f"no answer within {timeout_s:g} s")


def _put_away(loop: asyncio.BaseEventLoop) -> None:
    """Close the loop with all it holds. Never waits for a task that will not end or a thread that hangs in DNS."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    try:
        if left:
            _, stubborn = loop.run_until_complete(asyncio.wait(left, timeout=_CLEANUP_S))
            if stubborn:
                _LOGGER.warning("%d analysis tasks did not end when cancelled", len(stubborn))
        loop.run_until_complete(loop.shutdown_asyncgens())
        # google-genai 3 asks helper threads; they are idle by now, and one that is not is left behind.
        loop.run_until_complete(loop.shutdown_default_executor(_CLEANUP_S))
    finally:
        loop.close()
