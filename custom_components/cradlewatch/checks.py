"""Frame checks of one crib: by the clock, at once when motion begins or danger is suspected, and on demand."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
import logging
import time
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .check_context import async_pictures, check_context
from .engine.analysis.cadence import Scene
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.scene_hash import hash_of_jpeg
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.models import EventKind, Link, MonitorEvent, Phase, Picture, Severity, Sleep, Status, Verdict
from .engine.settings import CheckSettings
from .engine.stages import stage_at, verdict_at_stage
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
_GIST_EVERY_S = 10.0


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
        self._gist: int | None = None
        self._gist_s = float("-inf")
        self._spent = False
        self._running: set[asyncio.Task[CheckOutcome]] = set()
        self._failed_in_row = 0
        self._earlier: deque[Verdict] = deque(maxlen=_EARLIER_MAX)

    @callback
    def tick(self, now_s: float) -> None:
        """Start the check that is due: the camera is live and the parent allows it."""
        self._tell_budget(now_s)
        state = self._monitor.keeper.state
        if not state.ai_on or not state.watching:
            return
        if now_s - self._gist_s >= _GIST_EVERY_S:
            self._gist_s = now_s
            self._monitor.entry.async_create_background_task(
                self._monitor.hass, self._look(), f"cradlewatch gist {self._monitor.config.slug}"
            )
        due = self._analyst.due(self._monitor.config.crib_id, self._scene(), now_s)
        if due is not None:
            self._start(urgent=due.urgent)

    @callback
    def on_incidents(self, events: Sequence[MonitorEvent]) -> None:
        """Look at once when motion begins; first of all when danger is suspected."""
        suspected = any(event.notable and event.status is Status.SUSPECTED for event in events)
        moving = any(event.phase is Phase.OPENED and event.kind is EventKind.MOTION for event in events)
        if suspected or moving:
            self.tick(time.monotonic())

    def _scene(self) -> Scene:
        """What the detectors say now."""
        monitor = self._monitor
        state, tracker = monitor.keeper.state, monitor.tracker
        blind = (EventKind.LENS_COVERED, EventKind.TOO_DARK, EventKind.PICTURE_FROZEN)
        return Scene(
            motion=bool(state.motion),
            asleep=None if state.sleep is None else state.sleep is Sleep.ASLEEP,
            occupancy=state.occupancy,
            crying=state.crying,
            near_zone=tracker.active(EventKind.ZONE_ENTERED),
            suspected=monitor.open_kinds,
            danger=state.safety.safety in (Severity.WARNING, Severity.DANGER),
            visible=not any(tracker.active(kind) for kind in blind),
            gist=self._gist,
        )

    async def _look(self) -> None:
        """The gist of the scene now: whether a routine check may be spared."""
        picture = await self._monitor.async_picture(max_age_s=3.0, long_edge_px=160, quality=60)
        self._gist = await self._gist_of(picture)

    async def _gist_of(self, picture: Picture | None) -> int | None:
        try:
            if picture is None:
                return None
            return await self._monitor.hass.async_add_executor_job(hash_of_jpeg, picture.jpeg)
        except (OSError, ValueError) as error:
            _LOGGER.debug("No gist of the scene: %s", error)
            return None

    @callback
    def _tell_budget(self, now_s: float) -> None:
        """Say once that the budget leaves no routine check, and that it does again. Unknown is not safe."""
        monitor, spent = self._monitor, self._analyst.blocked
        if spent and (not self._spent or self._says_nothing()):
            monitor.judge.on_failure(AnalysisFailure.BUDGET_SPENT, now_s)
        if spent is self._spent:
            return
        self._spent = spent
        now_at = dt_util.utcnow()
        if spent:
            monitor.publish(
                monitor.tracker.raise_event(
                    EventKind.BUDGET_SPENT,
                    severity=Severity.WARNING,
                    now_at=now_at,
                    now_s=now_s,
                    momentary=False,
                )
            )
        else:
            monitor.publish(monitor.tracker.end(EventKind.BUDGET_SPENT, None, now_at, now_s))
        self._analyst.push()

    def _says_nothing(self) -> bool:
        safety = self._monitor.keeper.state.safety
        return safety.safety is None and safety.reason == "expired"

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
        self._analyst.governor.forget(self._monitor.config.crib_id)

    @callback
    def _start(self, *, urgent: bool) -> asyncio.Task[CheckOutcome] | None:
        scene = self._scene()
        # Also where it comes to nothing: the next is due an interval later, not at once.
        self._analyst.governor.tried(self._monitor.config.crib_id, scene, time.monotonic())
        if len(self._running) >= _RUNNING_MAX:
            return None
        task = self._monitor.entry.async_create_background_task(
            self._monitor.hass, self._check(scene, urgent=urgent), f"cradlewatch check {self._monitor.config.slug}"
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _check(self, scene: Scene, *, urgent: bool) -> CheckOutcome:
        try:
            picture = await self._picture()
            if picture is None:
                # An old picture is never sent.
                return self._failed(AnalysisFailure.NO_PICTURE, "")
            request = await self._request(picture, urgent=urgent)
            # What is judged is this picture: the gist of a moment before may be one of the movement that is over.
            scene = replace(scene, gist=await self._gist_of(picture))
            verdict = await self._analyst.async_check(request, scene)
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

    async def _request(self, picture: Picture, *, urgent: bool) -> CheckRequest:
        monitor = self._monitor
        suspected = monitor.open_kinds
        several = bool(suspected) and self._analyst.images_max > 1
        return CheckRequest(
            crib_id=monitor.config.crib_id,
            pictures=await async_pictures(monitor, picture, self._settings, several=several),
            context=check_context(monitor, picture, tuple(self._earlier)),
            urgent=urgent,
            suspected=suspected,
            timeout_s=self._settings.timeout_s,
        )

    @callback
    def _judged(self, verdict: Verdict) -> CheckOutcome:
        monitor = self._monitor
        state = monitor.keeper.state
        if state.privacy or not state.ai_on:
            return CheckOutcome(failure=AnalysisFailure.CANCELLED)
        # The age arms hazards, of today: the birthdate may have been set a moment ago.
        verdict = verdict_at_stage(verdict, stage_at(monitor.config.birthdate, dt_util.now().date()))
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
            # While nobody is asked the reason is still why: the outage, not the pause that it brought.
            cause = self._analyst.cause or failure if failure is AnalysisFailure.BACKING_OFF else failure
            monitor.judge.on_failure(cause, time.monotonic(), detail)
            if failure is not AnalysisFailure.BACKING_OFF:
                self._store.write(Store.save_failure, monitor.config.crib_id, failure, dt_util.utcnow())
            self._tell_unavailable(cause)
            monitor.keeper.refresh()
        return CheckOutcome(failure=failure, detail=detail)

    @callback
    def _tell_unavailable(self, failure: AnalysisFailure) -> None:
        """Tell once that nobody judges pictures: at once for a refused key, else after some failures in a row."""
        if failure in (AnalysisFailure.NO_PICTURE, AnalysisFailure.BUDGET_SPENT):
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
