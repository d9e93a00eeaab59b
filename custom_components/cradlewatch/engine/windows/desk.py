"""Works off the windows that wait for their reports: one at a time for a home, 25 s after they closed, newest first.

It never touches frame checks: those have a lane of their own. All state is in the store, so that a stop at any
moment costs nothing: what was being sent is released at the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Protocol

from ..errors import AnalysisError, AnalysisFailure, Remedy
from .bounds import Window
from .report import WindowReport
from .stages import Stage
from .states import StoredWindow, WindowState

DUE_AFTER = timedelta(seconds=25)
"""Late packets and the last events of a window come in until then."""
KEEP_WAITING = 6
_RETRY_S = (60.0, 300.0)
_IDLE_S = 60.0

_LOGGER = logging.getLogger(__name__)


class ReportBook(Protocol):
    """The store's functions of `store/windows.py` for one home, awaitable: they run in the store's thread."""

    async def pending(self, crib_id: str) -> list[StoredWindow]:
        """Waiting windows, newest first."""
        ...

    async def skip_overload(self, crib_id: str, keep: int) -> int: ...

    async def begin(self, crib_id: str, window: Window) -> bool: ...

    async def finish(self, crib_id: str, window: Window, report: WindowReport) -> WindowState | None: ...

    async def fail(self, crib_id: str, window: Window, reason: str, *, retry: bool) -> WindowState | None: ...


@dataclass(slots=True)
class DeskCounts:
    """What was done since the start."""

    reports: int = 0
    failures: int = 0
    overloaded: int = 0


@dataclass(slots=True)
class ReportDesk:
    """One worker for a home. `run` on the event loop as a background task; cancel it to stop."""

    book: ReportBook
    cribs: Callable[[], Collection[str]]
    """Ids of cribs whose reports are wanted now (not in privacy, AI on, budget left)."""
    understand: Callable[[StoredWindow], Awaitable[WindowReport]]
    """Makes the report, raising AnalysisError; it limits its own time."""
    now_at: Callable[[], datetime]
    on_stage: Callable[[StoredWindow, Stage, WindowReport | None], None]
    due_after: timedelta = DUE_AFTER
    counts: DeskCounts = field(default_factory=DeskCounts)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _rest_until: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def wake(self) -> None:
        """A window was closed, or a switch turned: look again. On the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled. StoreError of the book ends it: the caller tells and starts it anew."""
        while True:
            self._woken.clear()
            due, wait_s = await self._next()
            if due is not None:
                await self._work(due)
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _next(self) -> tuple[StoredWindow | None, float]:
        """The newest window that is due, else how long until one may be."""
        waiting: list[StoredWindow] = []
        for crib_id in self.cribs():
            self.counts.overloaded += await self.book.skip_overload(crib_id, KEEP_WAITING)
            waiting += await self.book.pending(crib_id)
        now_at = self.now_at()
        keys = {_key(item) for item in waiting}
        self._rest_until = {key: until for key, until in self._rest_until.items() if key in keys}
        due_at = {_key(item): self._due_at(item) for item in waiting}
        due = [item for item in waiting if due_at[_key(item)] <= now_at]
        if due:
            return max(due, key=lambda item: item.window.start_at), 0.0
        waits_s = [(at - now_at).total_seconds() for at in due_at.values()]
        # A clock that was set back must not make it wait for hours.
        return None, min([_IDLE_S, *waits_s])

    def _due_at(self, item: StoredWindow) -> datetime:
        return max(item.window.end_at + self.due_after, self._rest_until.get(_key(item), item.window.end_at))

    async def _work(self, item: StoredWindow) -> None:
        if not await self.book.begin(item.crib_id, item.window):
            return
        self.on_stage(item, Stage.SENDING, None)
        try:
            report = await self.understand(item)
        except AnalysisError as error:
            await self._failed(item, error)
        except Exception:
            # An error of ours: the next window must still be worked off.
            _LOGGER.exception("The report of window %s failed", item.window.name)
            await self._failed(item, AnalysisError(AnalysisFailure.INTERNAL, remedy=Remedy.TELL_USER))
        else:
            if await self.book.finish(item.crib_id, item.window, report) is not None:
                self.counts.reports += 1
                self.on_stage(item, Stage.DONE, report)

    async def _failed(self, item: StoredWindow, error: AnalysisError) -> None:
        self.counts.failures += 1
        retry = error.remedy in (Remedy.RETRY_LATER, Remedy.COUNT_UNREADABLE)
        state = await self.book.fail(item.crib_id, item.window, error.failure.value, retry=retry)
        if state is WindowState.PENDING:
            rest_s = _RETRY_S[min(item.attempts, len(_RETRY_S) - 1)]
            rest_s = max(rest_s, error.retry_after_s or 0.0)
            self._rest_until[_key(item)] = self.now_at() + timedelta(seconds=rest_s)
        else:
            self.on_stage(item, Stage.FAILED, None)


def _key(item: StoredWindow) -> tuple[str, str]:
    return item.crib_id, item.window.name
