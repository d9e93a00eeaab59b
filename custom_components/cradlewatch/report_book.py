"""The store's windows as the report desk sees them: each call runs in the store's own thread."""

from datetime import datetime

from homeassistant.core import callback

from .engine.store import digests, windows as rows
from .engine.windows.bounds import Window
from .engine.windows.digest import Digest, DigestSpan
from .engine.windows.recorder import ClosedWindow
from .engine.windows.report import WindowReport
from .engine.windows.states import StoredWindow, WindowState
from .storage import AsyncStore


class StoreBook:
    """An `engine.windows.desk.ReportBook`. What waits raises StoreError."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def pending(self, crib_id: str) -> list[StoredWindow]:
        """Waiting windows, newest first."""
        return await self.windows(crib_id, state=WindowState.PENDING)

    async def skip_overload(self, crib_id: str, keep: int) -> int:
        """Give up the oldest ones beyond `keep`; how many."""
        return await self._store.async_read(rows.skip_overload, crib_id, keep=keep)

    async def begin(self, crib_id: str, window: Window) -> bool:
        """Claim it, on disk before the call."""
        return await self._store.async_read(rows.begin_report, crib_id, window)

    async def finish(self, crib_id: str, window: Window, report: WindowReport) -> WindowState | None:
        """Keep the report and end the window."""
        return await self._store.async_read(rows.finish_report, crib_id, window, report)

    async def fail(self, crib_id: str, window: Window, reason: str, *, retry: bool) -> WindowState | None:
        """No report came."""
        return await self._store.async_read(rows.fail_report, crib_id, window, reason, retry=retry)

    async def retry_failed(self, crib_id: str, window: Window) -> bool:
        """A person wants it tried again."""
        return await self._store.async_read(rows.retry_failed, crib_id, window)

    async def windows(
        self,
        crib_id: str,
        *,
        state: WindowState | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 50,
    ) -> list[StoredWindow]:
        """Windows that began in [start, end), newest first."""
        return await self._store.async_read(
            rows.windows, crib_id=crib_id, state=state, start=start, end=end, limit=limit
        )

    async def last_report(self, crib_id: str) -> WindowReport | None:
        """The newest one."""
        return await self._store.async_read(rows.last_report, crib_id)

    async def report_of(self, crib_id: str, window: Window) -> WindowReport | None:
        """The report of a window."""
        return await self._store.async_read(rows.report_of, crib_id, window)

    async def reports_between(self, crib_id: str, start: datetime, end: datetime) -> list[tuple[Window, WindowReport]]:
        """Reports of windows that began in [start, end), oldest first."""
        return await self._store.async_read(rows.reports_between, crib_id, start, end)

    async def digest_at(self, crib_id: str, span: DigestSpan, start_at: datetime) -> Digest | None:
        """The digest of the time that begins then."""
        return await self._store.async_read(digests.digest_at, crib_id, span, start_at)

    async def last_digest(self, crib_id: str, span: DigestSpan) -> Digest | None:
        """The newest one."""
        return await self._store.async_read(digests.last_digest, crib_id, span)

    async def save_digest(self, crib_id: str, digest: Digest) -> None:
        """Keep it."""
        await self._store.async_read(digests.save_digest, crib_id, digest)

    @callback
    def opened(self, crib_id: str, window: Window) -> None:
        """A window began. Never waits."""
        self._store.write(rows.open_window, crib_id, window)

    @callback
    def closed(self, crib_id: str, closed: ClosedWindow, activity: float | None) -> None:
        """A window is over. Never waits."""
        self._store.write(rows.close_window, crib_id, closed, activity)
