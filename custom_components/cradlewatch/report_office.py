"""The reports of a home: works off the windows that wait, shows what came of them, and answers between times."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .coordinator import ReportProgress, ReportView
from .digest_desk import DigestDesk
from .engine.age_notes import age_lines
from .engine.analysis.report_jobs import LocalIncident, ReportRequest
from .engine.errors import AnalysisError, AnalysisFailure, Remedy, StoreError
from .engine.models import MonitorEvent
from .engine.stages import age_months, stage_at
from .engine.store import Store
from .engine.windows.bounds import Window
from .engine.windows.clip import WindowClip, load_clip, without_sound
from .engine.windows.desk import ReportDesk
from .engine.windows.local_report import local_report
from .engine.windows.recorder import ClosedWindow
from .engine.windows.report import WindowReport
from .engine.windows.stages import Stage
from .engine.windows.states import StoredWindow
from .home_settings import context_of
from .report_book import StoreBook
from .report_caller import ReportCaller
from .report_news import async_tell, new_skills, raise_milestone, with_skills
from .report_period import async_period_report
from .report_text import incident_lines
from .report_view import view_of
from .storage import AsyncStore
from .window_keeper import USUAL
from .window_views import window_url

if TYPE_CHECKING:
    from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
_ANEW_S = 60.0
_LOOK_BACK = timedelta(minutes=30)
"""What began before the window may still have been on in it."""
EVENT_STAGE = "cradlewatch_report"


class ReportOffice:
    """One for the home. Event loop only; nothing here is waited for by a camera or a frame check."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        store: AsyncStore,
        analyst: Analyst,
        cribs: Mapping[str, CribMonitor],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._cribs = cribs
        self._settings = USUAL
        self.book = StoreBook(store)
        self.caller = ReportCaller(hass, entry, store, analyst)
        self.desk = ReportDesk(
            book=self.book,
            cribs=self._wanted,
            understand=self._understand,
            now_at=dt_util.utcnow,
            on_stage=self._staged,
            due_after=timedelta(seconds=self._settings.due_after_s),
        )
        self.digests = DigestDesk(hass, entry, store, self, cribs)
        self._task: asyncio.Task[None] | None = None
        self.sent_late_ms: float | None = None
        """From the due time of the last window until its request was made."""

    @callback
    def start(self) -> None:
        """Begin to work off what waits."""
        self._task = self._entry.async_create_background_task(self._hass, self._run(), "cradlewatch reports")
        self.digests.start()

    async def async_restore(self, monitor: CribMonitor) -> None:
        """Show the newest report and digests of before the restart."""
        await self.digests.async_restore(monitor)
        try:
            report = await self.book.last_report(monitor.config.crib_id)
        except (StoreError, ValueError) as error:
            _LOGGER.debug("The last report of %s cannot be read: %s", monitor.config.name, type(error).__name__)
            return
        if report is not None:
            monitor.keeper.set_report(view_of(report))

    async def async_close(self) -> None:
        """Stop within a second; what was being sent is sent again after the next start."""
        if self._task is not None:
            self._task.cancel()
        await self.caller.async_close()

    @callback
    def window_closing(self, crib_id: str, window: Window) -> None:
        """A window is over and its clip is being finished."""
        monitor = self._cribs.get(crib_id)
        if monitor is not None:
            self._tell(monitor, Stage.CLOSING.value, window, "recording", None)

    @callback
    def window_closed(self, crib_id: str, closed: ClosedWindow) -> None:
        """A window is over: understood when it is due."""
        monitor = self._cribs.get(crib_id)
        if monitor is not None:
            state = "skipped" if closed.clip is None else "pending"
            self._tell(monitor, Stage.CLOSED.value, closed.window, state, closed.skipped)
        self.desk.wake()

    async def async_between(self, monitor: CribMonitor, minutes: int) -> ReportView | None:
        """A model's report of the last minutes that are on disk; None where only the detectors can say.

        Raises:
            AnalysisError, StoreError, OSError: there is no report.
        """
        if not self.may_send(monitor):
            return None
        return await async_period_report(self, monitor, minutes)

    def figures(self) -> dict[str, Any]:
        """Plain figures for diagnostics."""
        counts = self.desk.counts
        return {
            "reports": counts.reports,
            "failures": counts.failures,
            "overloaded": counts.overloaded,
            "sent_late_ms": self.sent_late_ms,
            "repairs": self.caller.repairs,
            "lane": self.caller.figures(),
        }

    # The desk's questions

    async def _run(self) -> None:
        while True:
            try:
                await self.desk.run()
            except StoreError as error:
                _LOGGER.warning("Reports wait for the store: %s", error)
            except Exception:
                _LOGGER.exception("The report desk broke; it begins anew")
            await asyncio.sleep(_ANEW_S)

    def _wanted(self) -> list[str]:
        def waits(monitor: CribMonitor) -> bool:
            return monitor.keeper.state.privacy or (self.may_send(monitor) and self.caller.paused)

        return [crib_id for crib_id, monitor in self._cribs.items() if not waits(monitor)]

    def may_send(self, monitor: CribMonitor) -> bool:
        """True where a model may be asked about this crib now."""
        state = monitor.keeper.state
        return self.caller.understands_video and state.ai_on and not state.privacy

    async def _understand(self, item: StoredWindow) -> WindowReport:
        monitor = self._cribs.get(item.crib_id)
        if monitor is None:
            raise AnalysisError(AnalysisFailure.CANCELLED, "the crib is gone", remedy=Remedy.TELL_USER)
        events = await self.events_of(item.crib_id, item.window)
        coverage = item.coverage or 0.0
        if not self.may_send(monitor):
            return local_report(item.window, coverage=coverage, events=events, made_at=dt_util.utcnow())
        clip = await self._clip(monitor, item.window)
        due_at = item.window.end_at + timedelta(seconds=self._settings.due_after_s)
        self.sent_late_ms = (dt_util.utcnow() - due_at).total_seconds() * 1000
        return await self.caller.async_report(
            self.request(monitor, item.window, clip, coverage, events),
            lambda stage: self._tell(monitor, stage.value, item.window, "sending", None),
        )

    async def _clip(self, monitor: CribMonitor, window: Window) -> WindowClip:
        try:
            # What was allowed when it was recorded may be forbidden now.
            load = load_clip if monitor.windows.sound_allowed(monitor.keeper.state) else without_sound
            clip = await self._hass.async_add_executor_job(load, monitor.windows.folder, window.name)
        except (OSError, FFmpegError) as error:
            raise AnalysisError(AnalysisFailure.NO_PICTURE, f"the clip cannot be read ({error.strerror})") from None
        if clip is None or not clip.time_map.offsets_s:
            raise AnalysisError(AnalysisFailure.NO_PICTURE, "the clip is gone", remedy=Remedy.TELL_USER)
        return clip

    async def events_of(self, crib_id: str, window: Window) -> list[MonitorEvent]:
        """What was raised in the window or still on in it, oldest first. Raises StoreError."""
        stored = await self._store.async_read(
            Store.events, crib_id=crib_id, start=window.start_at - _LOOK_BACK, end=window.end_at, limit=200
        )
        events = [item.event for item in reversed(stored)]
        return [event for event in events if event.ended_at is None or event.ended_at >= window.start_at]

    def request(
        self,
        monitor: CribMonitor,
        window: Window,
        clip: WindowClip,
        coverage: float,
        events: list[MonitorEvent],
    ) -> ReportRequest:
        """The one request of a window."""
        birthdate, today = monitor.config.birthdate, dt_util.now().date()
        return ReportRequest(
            crib_id=monitor.config.crib_id,
            window=window,
            clip=clip,
            coverage=coverage,
            language=self._hass.config.language,
            age_months=age_months(birthdate, today) if birthdate else None,
            age_lines=age_lines(stage_at(birthdate, today)),
            local=tuple(_local(event, window) for event in events if event.provider == "local"),
            notes=context_of(self._entry.options).rules,
            timeout_s=self._settings.timeout_s,
        )

    # What comes of it

    @callback
    def _staged(self, item: StoredWindow, stage: Stage, report: WindowReport | None) -> None:
        monitor = self._cribs.get(item.crib_id)
        if monitor is None:
            return
        if report is None:
            self._tell(monitor, stage.value, item.window, "failed" if stage is Stage.FAILED else "sending", None)
            return
        self._entry.async_create_background_task(
            self._hass, self._shown(monitor, item, report), f"cradlewatch report {monitor.config.slug}"
        )

    async def _shown(self, monitor: CribMonitor, item: StoredWindow, report: WindowReport) -> None:
        """Show a finished report and tell what is new in it. Nothing of this changes the report itself."""
        try:
            stored = await self.book.windows(item.crib_id, start=item.window.start_at, end=item.window.end_at)
            row = next((row for row in stored if row.window == item.window), None)
            events = await self.events_of(item.crib_id, item.window)
            text = incident_lines(self._hass, events, monitor.config.name)
            monitor.keeper.set_report(view_of(report, text=text, state=row.state.value if row else None))
            self._tell(monitor, Stage.DONE.value, item.window, row.state.value if row else None, None)
            if report.model is None:
                return
            clip = await self._hass.async_add_executor_job(load_clip, monitor.windows.folder, item.window.name)
            await async_tell(monitor, report, events, clip, window_url(item.crib_id, item.window.name))
            await self._tell_skills(monitor, report)
        except (StoreError, OSError) as error:
            _LOGGER.warning("The report of %s is stored, but not all of it could be told: %s", item.window.name, error)

    async def _tell_skills(self, monitor: CribMonitor, report: WindowReport) -> None:
        key = f"skills:{monitor.config.crib_id}"
        known = await self._store.async_read(Store.get_state, key)
        known = known if isinstance(known, dict) else {}
        found = new_skills(report.skills, known)
        if not found:
            return
        await self._store.async_read(Store.put_state, key, with_skills(known, found))
        for _, skill in found:
            raise_milestone(monitor, report, skill)

    @callback
    def _tell(self, monitor: CribMonitor, stage: str, window: Window, state: str | None, reason: str | None) -> None:
        monitor.keeper.set_report_progress(
            ReportProgress(stage=stage, window_start=window.start_at, state=state, reason=reason)
        )
        self._hass.bus.async_fire(
            EVENT_STAGE,
            {
                "crib": monitor.config.name,
                "stage": stage,
                "state": state,
                "reason": reason,
                "start": window.start_at.isoformat(),
                "end": window.end_at.isoformat(),
            },
        )


def _local(event: MonitorEvent, window: Window) -> LocalIncident:
    def offset_s(at: Any) -> float:
        return float(min(max(0.0, (at - window.start_at).total_seconds()), window.length_s))

    return LocalIncident(
        kind=event.kind,
        start_s=offset_s(event.started_at),
        end_s=None if event.ended_at is None else offset_s(event.ended_at),
    )
