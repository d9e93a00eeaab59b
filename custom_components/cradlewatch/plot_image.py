"""The picture of the last 24 hours, drawn when somebody looks at it."""

from datetime import timedelta
from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import KEY_REPORT, KEY_REPORT_DARK
from .engine.errors import StoreError
from .engine.models import EventKind, Status
from .engine.plot import SPAN, PlotData, draw_plot, plot_windows
from .engine.store import Store
from .entity import CribEntity
from .monitor import CribMonitor

_EVENTS_MAX = 1000
_WINDOWS_MAX = 300

LIGHT = ImageEntityDescription(key=KEY_REPORT)
DARK = ImageEntityDescription(key=KEY_REPORT_DARK)


class PlotImage(CribEntity, ImageEntity):
    """Activity, sleep, incidents and scores. New whenever a window is over or understood."""

    _attr_content_type = "image/png"

    def __init__(self, hass: HomeAssistant, monitor: CribMonitor, description: ImageEntityDescription) -> None:
        CribEntity.__init__(self, monitor, description)
        ImageEntity.__init__(self, hass)
        self._dark = description.key == KEY_REPORT_DARK
        self._shown = self._state_now()
        self._drawn: tuple[object, bytes] | None = None
        self._attr_image_last_updated = dt_util.utcnow()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if (now := self._state_now()) == self._shown:
            return
        self._shown = now
        self._attr_image_last_updated = dt_util.utcnow()
        self.async_write_ha_state()

    def _state_now(self) -> tuple[object, ...]:
        """What changes the picture: the newest report, and the stages at which a window ends."""
        progress, report = self.crib.report_progress, self.crib.report
        over = progress is not None and progress.stage in ("closed", "done", "failed")
        return (report and report.at, progress.window_start if over and progress else None)

    @override
    async def async_image(self) -> bytes | None:
        """The PNG; None where the store cannot be read: an empty plot would look like a quiet day."""
        key = (self._shown, dt_util.utcnow().timestamp() // 60)
        if self._drawn is not None and self._drawn[0] == key:
            return self._drawn[1]
        try:
            data = await async_plot_data(self.monitor)
        except StoreError:
            return None
        png = await self.hass.async_add_executor_job(lambda: draw_plot(data, dark=self._dark))
        self._drawn = (key, png)
        return png


async def async_plot_data(monitor: CribMonitor) -> PlotData:
    """The last 24 hours of a crib. Raises StoreError."""
    now = dt_util.now()
    start = dt_util.as_utc(now) - SPAN
    crib_id, reports = monitor.config.crib_id, monitor.entry.runtime_data.reports
    rows = await reports.book.windows(crib_id, start=start - timedelta(minutes=10), limit=_WINDOWS_MAX)
    stored = await monitor.entry.runtime_data.store.async_read(
        Store.events, crib_id=crib_id, start=start, limit=_EVENTS_MAX
    )
    told = [
        item.event
        for item in stored
        if item.event.status is not Status.DISMISSED and item.event.kind not in (EventKind.TEST, EventKind.MOTION)
    ]
    local = dt_util.as_local
    return PlotData(
        end_at=now,
        windows=plot_windows(
            [
                (local(row.window.start_at), local(row.window.end_at), row.coverage, row.score, row.activity)
                for row in reversed(rows)
                if row.coverage is not None
            ]
        ),
        sleep=tuple(
            (local(begin), local(end))
            for session in monitor.insight.sessions
            for begin, end in session.spans(dt_util.utcnow())
            if end > start
        ),
        incidents=tuple((local(event.started_at), event.severity) for event in told),
    )
