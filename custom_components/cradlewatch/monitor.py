"""One crib on the event loop: holds its thread, tracker and judge, and keeps what its entities show up to date."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import issues
from .analyst import Analyst
from .bridge import Generation, News
from .checks import CheckDesk
from .clip_desk import ClipDesk
from .coordinator import CribCoordinator
from .crib_orders import CribOrders
from .crib_pictures import CribPictures
from .cribs import CribConfig
from .engine.errors import StoreError
from .engine.incident import HAZARD_KINDS
from .engine.models import (
    EventKind,
    Link,
    LinkState,
    LoopFigures,
    MonitorEvent,
    Reading,
    Severity,
    Signal,
    StreamInfo,
)
from .engine.safety import SafetyJudge
from .engine.settings import SafetySettings, TrackerSettings
from .engine.store import Store
from .engine.tracker import IncidentTracker
from .engine.windows.bounds import Window
from .engine.windows.recorder import ClosedWindow
from .feedback_desk import FeedbackDesk
from .footage import Footage
from .incidents import IncidentDesk
from .insight import Insight
from .phrases import Words, words_of
from .second_source_watch import SecondSourceWatch
from .stage_day import StageDay
from .state import StateKeeper
from .storage import AsyncStore, SwitchMemory
from .thread_keeper import ThreadKeeper
from .window_keeper import WindowKeeper

_LOGGER = logging.getLogger(__name__)
_TICK = timedelta(seconds=1)


class CribMonitor(CribOrders, CribPictures):
    """Watches one crib. Event loop only; the frame thread reports through `bridge`."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        config: CribConfig,
        *,
        store: AsyncStore,
        switches: SwitchMemory,
        analyst: Analyst,
        socket_folder: Path,
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.config = config
        self._store = store
        self._switches = switches
        self.coordinator = CribCoordinator(hass, entry, config.crib_id, config.name)
        self.footage = Footage(hass, config.crib_id)
        self.clips = ClipDesk(hass, config.crib_id, config.clips, self._clip_ready)
        self.tracker = IncidentTracker(TrackerSettings())
        self.judge = SafetyJudge(SafetySettings())
        self.keeper = StateKeeper(self.coordinator, self.judge)
        self.desk = IncidentDesk(
            hass, entry, store, config.crib_id, picture_of=self._snapshot, published=self._published
        )
        self.desk.name = self.clips.name = config.name
        self.feedback = FeedbackDesk(self, store)
        self.desk.muted = self.feedback.muted
        self.checks = CheckDesk(self, analyst, store)
        self.insight = Insight(self.keeper, analyst)
        self._stages = StageDay(store, config.crib_id, self._tell_stage)
        self._second_source = SecondSourceWatch(hass, config.crib_id)
        self.window_closed: Callable[[str, ClosedWindow], None] | None = None
        self.window_closing: Callable[[str, Window], None] | None = None
        self.windows = WindowKeeper(
            hass, entry, config, store, on_closed=self._window_closed, on_closing=self._window_closing
        )
        self.threads = ThreadKeeper(self, socket_folder)
        self._info: StreamInfo | None = None
        self._lost = False
        self._unsubscribe: list[Callable[[], None]] = []
        self._generation_listeners: list[Callable[[], None]] = []
        self._stopped = False

    # Life

    async def async_restore(self) -> None:
        """Take up what a restart interrupted. Never fails."""
        kept = self._switches.of(self.config.crib_id)
        self.keeper.set_switches(privacy=kept["privacy"], ai_on=kept["ai"])
        crib_id = self.config.crib_id
        try:
            self.judge.restore(await self._store.async_read(Store.get_state, f"attention:{crib_id}"))
            self.insight.restore(await self._store.async_read(Store.get_state, f"sleep:{crib_id}"))
            await self.feedback.async_restore()
            ended = await self._store.async_read(Store.end_open_incidents, crib_id, "restart", dt_util.utcnow())
            last = await self._store.async_read(Store.last_event, crib_id)
            await self._stages.async_restore(self.config.birthdate)
        except StoreError:
            _LOGGER.warning("What happened to %s before the restart is not known", self.config.name)
            return
        _LOGGER.debug("%s incidents of %s were cut by the restart", len(ended), self.config.name)
        if last is not None:
            self.keeper.set_last_event(last.event, words_of(self.hass, last.event, self.config.name).title)

    async def async_start(self) -> None:
        """Begin to watch. Does not wait for the camera."""
        self._unsubscribe.append(async_track_time_interval(self.hass, self._tick, _TICK, cancel_on_shutdown=True))
        self.keeper.link_changed(LinkState(link=Link.CONNECTING, since_s=time.monotonic()))
        self.windows.start()
        self.threads.start()
        self._stages.start()
        self.keeper.refresh()

    async def async_stop(self, reason: str) -> bool:
        """Stop within 3 s; False where the frame thread was still busy then."""
        if self._stopped:
            return True
        self._stopped = True
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.checks.cancel()
        self.threads.begin_stop()
        self._publish(self.tracker.end_all(reason, dt_util.utcnow(), time.monotonic()))
        self.desk.flush()
        self.save_attention()
        self._save_sleep()
        stopped, _ = await asyncio.gather(self.threads.async_stop(), self.windows.async_stop())
        # The clips that were in work ended with it.
        self.desk.flush()
        return stopped

    async def async_change(self, config: CribConfig) -> None:
        """Take other settings. The camera is opened anew only where the source or the zones changed."""
        old, self.config = self.config, config
        self.desk.name = self.clips.name = config.name
        self.clips.settings = config.clips
        if replace(config, name=old.name, clips=old.clips, sound_offset_db=old.sound_offset_db) == old:
            self.coordinator.async_update_listeners()
            return
        await self._restart_thread()

    async def _restart_thread(self) -> None:
        now_s = time.monotonic()
        self._publish(self.tracker.end_all("reload", dt_util.utcnow(), now_s))
        self._lost = False
        # What another camera showed, or other rules said, is not true of what comes now.
        self.checks.cancel()
        self.judge.on_link(LinkState(link=Link.STOPPED, since_s=now_s))
        self.link_changed(LinkState(link=Link.CONNECTING, since_s=now_s))
        await self.threads.async_restart()

    # What the frame thread reports

    def on_news(self, news: Sequence[News]) -> None:
        """Link changes, signals and stream news, in order."""
        for item in news:
            if isinstance(item, Signal):
                self._signal(item)
            elif isinstance(item, LinkState):
                self.link_changed(item)
            elif isinstance(item, StreamInfo):
                self._info = item
                self.keeper.stream_opened(item)
                self.insight.stream_opened(item)
                issues.stream_opened(self.hass, self.config.crib_id, self.config.name, item)
            elif isinstance(item, Generation):
                self.tell_new_stream()
        self.keeper.refresh()

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None:
        """About once a second while the camera is live."""
        for signal in self.insight.reading(reading):
            self._signal(signal)
        self.keeper.reading(reading, figures)
        self._second_source.told(self.config.name, figures.second_source, time.monotonic())

    def on_thread_end(self, error: BaseException | None) -> None:
        """Must not happen; what does is told, and watching begins anew."""
        _LOGGER.error("The frame thread of %s ended, it is started again", self.config.name, exc_info=error)
        self.link_changed(LinkState(link=Link.LOST, since_s=time.monotonic(), reason="internal"))
        self.threads.ended()

    @callback
    def tell_new_stream(self) -> None:
        """Viewers must open the stream anew."""
        for listener in tuple(self._generation_listeners):
            listener()

    def _signal(self, signal: Signal) -> None:
        if (self.keeper.state.privacy and signal.active) or not self.feedback.admits(signal):
            return
        self._publish(self.tracker.on_signal(signal, dt_util.utcnow(), time.monotonic()))

    @callback
    def link_changed(self, state: LinkState) -> None:
        """The connection changed: tell it, end what it ends."""
        self.judge.on_link(state)
        self.keeper.link_changed(state)
        self.windows.link_changed(state)
        issues.link_changed(self.hass, self.config.crib_id, self.config.name, state)
        now_at, now_s = dt_util.utcnow(), time.monotonic()
        if state.link is not Link.LIVE:
            self.insight.forget()
        # A loss that was on its way when privacy began is none.
        if state.link is Link.LOST and not self._lost and not self.keeper.state.privacy:
            self._lost = True
            _LOGGER.warning("The camera of %s is lost: %s", self.config.name, state.reason)
            self._publish(self.tracker.end_all("camera_lost", now_at, now_s))
            self._publish(
                self.tracker.raise_event(
                    EventKind.CAMERA_LOST, severity=Severity.WARNING, now_at=now_at, now_s=now_s, momentary=False
                )
            )
        elif state.link is Link.LIVE and self._lost:
            self._lost = False
            _LOGGER.info("The camera of %s is back", self.config.name)
            self._publish(self.tracker.end(EventKind.CAMERA_LOST, None, now_at, now_s))
            self._publish(
                self.tracker.raise_event(EventKind.CAMERA_BACK, severity=Severity.INFO, now_at=now_at, now_s=now_s)
            )
        self.threads.link_changed(state)
        self.keeper.refresh()

    @callback
    def _tick(self, _now: datetime) -> None:
        now_s = time.monotonic()
        self._publish(self.tracker.tick(dt_util.utcnow(), now_s))
        self.threads.tick(now_s)
        for signal in self.insight.tick(now_s):
            self._signal(signal)
        if self.insight.save_due(now_s):
            self._save_sleep()
        if self._stages.tick(self.config.birthdate):
            # Other hazards count from today on.
            self.entry.async_create_background_task(
                self.hass, self._restart_thread(), f"cradlewatch {self.config.slug}"
            )
        self.checks.tick(now_s)
        self.clips.tick(self.tracker.active_ids, now_s)
        active = self.tracker.active_kinds
        self.windows.tick(
            self.keeper.state,
            incident=not active.isdisjoint(HAZARD_KINDS),
            sound=not active.isdisjoint((EventKind.CRYING, EventKind.NOISE)),
        )
        self.keeper.refresh()

    def _tell_stage(self) -> None:
        now_at, now_s = dt_util.utcnow(), time.monotonic()
        self._publish(
            self.tracker.raise_event(EventKind.STAGE_CHANGED, severity=Severity.INFO, now_at=now_at, now_s=now_s)
        )

    # Incidents

    @callback
    def _publish(self, events: Sequence[MonitorEvent]) -> None:
        self.publish(events)
        self.checks.on_incidents(events)

    @callback
    def publish(self, events: Sequence[MonitorEvent]) -> None:
        """Tell what changed, and keep a clip of what opens."""
        self.desk.publish(events)
        self.clips.on_incidents(events, self._thread.loop if self._thread and not self._stopped else None)

    @callback
    def _window_closed(self, closed: ClosedWindow) -> None:
        if self.window_closed is not None:
            self.window_closed(self.config.crib_id, closed)

    @callback
    def _window_closing(self, window: Window) -> None:
        if self.window_closing is not None:
            self.window_closing(self.config.crib_id, window)

    @callback
    def monotonic_of(self, at: datetime) -> float:
        """The monotonic time of a moment of the recent past."""
        return time.monotonic() - max(0.0, (dt_util.utcnow() - at).total_seconds())

    @callback
    def _clip_ready(self, event: MonitorEvent) -> None:
        # The tracker knows no more of what ended by privacy, a reload or a stop.
        known = self.tracker.set_media(event.event_id, clip=event.clip, now_at=event.changed_at)
        self.desk.publish(known or (event,))

    @callback
    def _published(self, event: MonitorEvent, said: Words) -> None:
        last = self.keeper.state.last_event
        if last is None or event.started_at >= last.started_at or event.event_id == last.event_id:
            self.keeper.set_last_event(event, said.title)

    async def _snapshot(self, event: MonitorEvent) -> str | None:
        picture = await self.async_picture(max_age_s=3.0)
        if picture is None or self.keeper.state.privacy:
            # Turned off while the picture was encoded: it is not kept.
            return None
        url = await self.footage.async_save(event.event_id, picture)
        if url is not None:
            self.tracker.set_media(event.event_id, snapshot=url, now_at=dt_util.utcnow())
        return url

    def figures(self) -> dict[str, Any]:
        """Plain figures for diagnostics."""
        thread = self._thread
        return {
            "dropped_news": thread.bridge.dropped if thread else 0,
            "dropped_incidents": self.desk.dropped,
            "stops_late": self.threads.stops_late,
            "clips_failed": self.clips.failures,
            "loop": thread.loop.details() if thread else None,
            "rates": asdict(thread.loop.figures()) if thread else None,
            "info": asdict(self._info) if self._info else None,
        }
