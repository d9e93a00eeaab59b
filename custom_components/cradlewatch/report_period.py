"""A model's report between times: of the last minutes, as far as they are on disk, the running window included."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from homeassistant.util import dt as dt_util

from .coordinator import ReportView
from .engine.errors import AnalysisError, AnalysisFailure, Remedy
from .engine.windows.bounds import Window
from .engine.windows.clip import discard
from .engine.windows.coverage import coverage_of
from .engine.windows.period import PeriodClip, clip_of_period
from .report_view import view_of

if TYPE_CHECKING:
    from .monitor import CribMonitor
    from .report_office import ReportOffice

MINUTES_MAX = 60


async def async_period_report(office: ReportOffice, monitor: CribMonitor, minutes: int) -> ReportView:
    """One call over the windows of the last `minutes` (60 at most). The result is shown, not stored as a window's.

    Raises:
        AnalysisError: no report came; NO_PICTURE where nothing of that time is on disk.
        StoreError, OSError: the store or the clips cannot be read.
    """
    crib_id = monitor.config.crib_id
    now_at = dt_util.utcnow()
    start = now_at - timedelta(minutes=min(minutes, MINUTES_MAX))
    # A window that began before the period still holds a part of it.
    rows = await office.book.windows(
        crib_id, start=start - timedelta(seconds=monitor.windows.settings.length_s), end=now_at, limit=500
    )
    windows = [row.window for row in reversed(rows) if row.window.end_at > start]
    name = f"ask-{uuid4().hex[:12]}"
    folder = monitor.windows.folder
    made: PeriodClip | None = await monitor.hass.async_add_executor_job(clip_of_period, folder, windows, name)
    if made is None:
        raise AnalysisError(AnalysisFailure.NO_PICTURE, "nothing of that time is kept", remedy=Remedy.TELL_USER)
    try:
        first_at = made.windows[0].start_at
        end_at = min(now_at, made.windows[-1].end_at)
        period = Window(start_at=first_at, end_at=end_at)
        coverage = coverage_of(made.clip.time_map.offsets_s, period.length_s)
        events = await office.events_of(crib_id, period)
        request = office.request(monitor, period, made.clip, coverage, events)
        # A waiting slot of its own: neither the crib's next window nor this one takes the other's place.
        report = await office.caller.async_report(replace(request, crib_id=f"{crib_id}:asked"))
    finally:
        await monitor.hass.async_add_executor_job(discard, folder, name)
    view = view_of(report)
    monitor.keeper.set_report(view)
    return view
