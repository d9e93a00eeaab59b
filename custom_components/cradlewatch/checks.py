"""Frame checks of one crib: by the clock, at once when motion begins or danger is suspected, and on demand."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import logging
import time
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .engine.analysis.jobs import CheckContext, CheckRequest, EarlierVerdict, LocalFindings
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.models import EventKind, Link, MonitorEvent, Phase, Picture, Severity, Status, Verdict
from .engine.settings import CheckSettings
from .engine.stages import age_months
from .engine.store import Store
from .storage import AsyncStore

if TYPE_CHECKING:
    from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
_EARLIER_MAX = 3
_RUNNING_MAX = 4
_UNAVAILABLE_AFTER = 3
_PICTURE_TRIES = 5
_PICTURE_WAIT_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """What came of one check: a verdict, or why there is none."""

    verdict: Verdict | None = None
    failure: AnalysisFailure | None = None
    detail: str = ""


class CheckDesk:
    """Asks for verdicts and passes them on. Event loop only; nothing here is ever waited for by the frame loop."""

    def __init__(self, monitor: CribMonitor, analyst: Analyst, store: AsyncStore) -> None:
        self._monitor = monitor
        self._analyst = analyst
        self._store = store
        self._settings = CheckSettings()
        self._due_s = float("-inf")
        self._running: set[asyncio.Task[CheckOutcome]] = set()
        self._failed_in_row = 0
        self._earlier: deque[Verdict] = deque(maxlen=_EARLIER_MAX)

    @callback
    def tick(self, now_s: float) -> None:
        """Start the scheduled check when it is due: the camera is live and the parent allows it."""
        state = self._monitor.keeper.state
        if now_s < self._due_s or not state.ai_on or not state.watching:
            return
        self._start(urgent=False)

    @callback
    def on_incidents(self, events: Sequence[MonitorEvent]) -> None:
        """Look at once when motion begins; first of all when danger is suspected."""
        state = self._monitor.keeper.state
        if not state.ai_on or not state.watching:
            return
        suspected = any(event.notable and event.status is Status.SUSPECTED for event in events)
        moving = any(event.phase is Phase.OPENED and event.kind is EventKind.MOTION for event in events)
        if suspected or moving:
            self._start(urgent=suspected)

    @callback
    def ask(self) -> bool:
        """Start a check that a person asked for; False where the AI is off or too much is asked already."""
        return self._monitor.keeper.state.ai_on and self._start(urgent=True) is not None

    async def async_check(self) -> CheckOutcome:
        """A check that a person asked for, with its outcome."""
        if not self._monitor.keeper.state.ai_on:
            return CheckOutcome(failure=AnalysisFailure.PROVIDER_OFF, detail="ai_off")
        task = self._start(urgent=True)
        if task is None:
            return CheckOutcome(failure=AnalysisFailure.BACKING_OFF, detail="too many checks at once")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            return CheckOutcome(failure=AnalysisFailure.CANCELLED)

    @callback
    def cancel(self) -> None:
        """Break off what is in flight: privacy, AI off, stop."""
        for task in tuple(self._running):
            task.cancel()
        self._due_s = float("-inf")

    @callback
    def _start(self, *, urgent: bool) -> asyncio.Task[CheckOutcome] | None:
        self._due_s = time.monotonic() + self._settings.interval_s
        if len(self._running) >= _RUNNING_MAX:
            return None
        task = self._monitor.entry.async_create_background_task(
            self._monitor.hass, self._check(urgent=urgent), f"cradlewatch check {self._monitor.config.slug}"
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _check(self, *, urgent: bool) -> CheckOutcome:
        try:
            picture = await self._picture()
            if picture is None:
                # An old picture is never sent.
                return self._failed(AnalysisFailure.NO_PICTURE, "")
            verdict = await self._analyst.async_check(self._request(picture, urgent=urgent))
        except AnalysisError as error:
            return self._failed(error.failure, error.detail)
        except Exception:
            _LOGGER.exception("A frame check of %s failed", self._monitor.config.name)
            return self._failed(AnalysisFailure.INTERNAL, "")
        return self._judged(verdict)

    async def _picture(self) -> Picture | None:
        """A fresh picture. A camera that is live for a moment only may have none decoded yet."""
        for _ in range(_PICTURE_TRIES):
            if self._monitor.keeper.state.link is not Link.LIVE:
                return None
            picture = await self._monitor.async_picture(
                max_age_s=self._settings.picture_max_age_s,
                long_edge_px=self._settings.long_edge_px,
                quality=self._settings.jpeg_quality,
            )
            if picture is not None:
                return picture
            await asyncio.sleep(_PICTURE_WAIT_S)
        return None

    def _request(self, picture: Picture, *, urgent: bool) -> CheckRequest:
        monitor = self._monitor
        state = monitor.keeper.state
        birthdate = monitor.config.birthdate
        now_at = dt_util.utcnow()
        return CheckRequest(
            crib_id=monitor.config.crib_id,
            pictures=(picture,),
            context=CheckContext(
                language=monitor.hass.config.language,
                age_months=age_months(birthdate, dt_util.now().date()) if birthdate else None,
                local_time=dt_util.as_local(picture.taken_at),
                findings=LocalFindings(
                    activity=state.activity,
                    motion=state.motion,
                    occupancy=state.occupancy,
                    sound=state.sound,
                    crying=state.crying,
                    sleep=state.sleep,
                ),
                earlier=tuple(
                    EarlierVerdict(
                        minutes_ago=round((now_at - verdict.taken_at).total_seconds() / 60),
                        safety=verdict.safety,
                        title=verdict.title or "",
                    )
                    for verdict in self._earlier
                ),
            ),
            urgent=urgent,
            suspected=monitor.open_kinds,
            timeout_s=self._settings.timeout_s,
        )

    @callback
    def _judged(self, verdict: Verdict) -> CheckOutcome:
        monitor = self._monitor
        state = monitor.keeper.state
        if state.privacy or not state.ai_on:
            return CheckOutcome(failure=AnalysisFailure.CANCELLED)
        self._store.write(Store.save_verdict, monitor.config.crib_id, verdict)
        monitor.judge.on_verdict(verdict)
        monitor.verdict_seen(verdict)
        self._failed_in_row = 0
        monitor.publish(monitor.tracker.end(EventKind.AI_UNAVAILABLE, None, dt_util.utcnow(), time.monotonic()))
        monitor.publish(monitor.tracker.on_verdict(verdict, dt_util.utcnow(), time.monotonic()))
        monitor.save_attention()
        if verdict.title:
            self._earlier.append(verdict)
        if self._analyst.spends:
            monitor.keeper.set_latency(verdict.latency_s)
        monitor.keeper.refresh()
        return CheckOutcome(verdict=verdict)

    @callback
    def _failed(self, failure: AnalysisFailure, detail: str) -> CheckOutcome:
        monitor = self._monitor
        if failure is not AnalysisFailure.CANCELLED:
            monitor.judge.on_failure(failure, time.monotonic(), detail)
            self._store.write(Store.save_failure, monitor.config.crib_id, failure, dt_util.utcnow())
            self._tell_unavailable(failure)
            monitor.keeper.refresh()
        return CheckOutcome(failure=failure, detail=detail)

    @callback
    def _tell_unavailable(self, failure: AnalysisFailure) -> None:
        """Tell once that nobody judges pictures: at once for a refused key, else after some failures in a row."""
        if failure is AnalysisFailure.NO_PICTURE:
            return
        self._failed_in_row += 1
        monitor = self._monitor
        enough = self._failed_in_row >= _UNAVAILABLE_AFTER or failure is AnalysisFailure.INVALID_KEY
        if enough and not monitor.tracker.active(EventKind.AI_UNAVAILABLE):
            monitor.publish(
                monitor.tracker.raise_event(
                    EventKind.AI_UNAVAILABLE,
                    severity=Severity.WARNING,
                    now_at=dt_util.utcnow(),
                    now_s=time.monotonic(),
                    momentary=False,
                )
            )
