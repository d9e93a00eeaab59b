"""Keeps the shown state of one crib: rounded, rate limited, and told only when something changed."""

from dataclasses import replace
from datetime import timedelta
import time

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .const import NO_SOUND, SOUND_STOPPED
from .coordinator import CribCoordinator, CribState, DigestView, ReportProgress, ReportView, SafetyView
from .engine.models import Link, LinkState, LoopFigures, MonitorEvent, Reading, Sleep, StreamInfo
from .engine.safety import SafetyJudge, SafetyState

_FIGURES_EVERY_S = 30.0
_LEVEL_EVERY_S = 10.0
_LEVEL_JUMP = 15
_SOUND_JUMP_DB = 6
_REPORT_COUNTS = timedelta(minutes=25)
"""After the end of its window: until the next report, and a late one, are there."""
_SILENT_START_S = 15.0
"""A stream that promises sound has so long to send some."""
_MOTION_HOLD_S = 10.0
"""A child that stirs is moving, not moving, still, moving: the detector's pauses are no news for a logbook."""


class StateKeeper:
    """Builds `CribState`. Event loop only."""

    def __init__(self, coordinator: CribCoordinator, judge: SafetyJudge) -> None:
        self._coordinator = coordinator
        self._judge = judge
        self._state = coordinator.data
        self._next_figures_s = float("-inf")
        self._next_level_s = float("-inf")
        self._next_sound_s = float("-inf")
        self._moved_s = float("-inf")
        self._moving: bool | None = None
        self._deaf_s = float("inf")
        """From then on, without anything heard, a stream that promises sound is taken for one without."""

    @property
    def state(self) -> CribState:
        """The state as it is now; the coordinator may show it a moment later."""
        return self._state

    @callback
    def refresh(self) -> None:
        """Judge anew what time alone changes, and show the state."""
        self._state = state = replace(self._state, motion=self._motion(time.monotonic()))
        asleep = None if state.sleep is None else state.sleep is Sleep.ASLEEP
        judged = self._judge.state(time.monotonic(), asleep=asleep, enabled=state.ai_on)
        score, rests_on = _score(judged, state)
        self._show(safety=_view(judged), safety_score=score, safety_score_rests_on=rests_on)

    @callback
    def set_switches(self, *, privacy: bool, ai_on: bool) -> None:
        """What a person set."""
        self._state = replace(self._state, privacy=privacy, ai_on=ai_on)
        if privacy:
            self._forget_readings()

    @callback
    def link_changed(self, state: LinkState) -> None:
        """The connection changed: without it nothing is known of the child."""
        self._state = replace(self._state, link=state.link, link_reason=state.reason)
        if state.link is not Link.LIVE:
            self._forget_readings()

    @callback
    def stream_opened(self, info: StreamInfo) -> None:
        """What the camera sends: without sound nothing can be heard, and that must not look like quiet."""
        self._deaf_s = time.monotonic() + _SILENT_START_S
        has_sound = info.audio_codec is not None
        self._state = replace(self._state, hears=has_sound, deaf_reason=None if has_sound else NO_SOUND)

    @callback
    def reading(self, reading: Reading, figures: LoopFigures) -> None:
        """What the senses know now."""
        if not self._state.watching:
            return
        now_s = time.monotonic()
        # What is not seen is not still: covered, dark, frozen.
        self._moving = True if reading.motion else False if reading.visible else None
        if self._moving:
            self._moved_s = now_s
        self._listen(reading, now_s)
        self._state = replace(
            self._state,
            occupancy=reading.occupancy,
            sound=reading.sound,
            crying=reading.crying,
            sound_level_db=self._sound_level(reading, now_s),
            activity=reading.activity if reading.visible else None,
            activity_level=self._level(reading, now_s),
            second_source=figures.second_source,
        )
        if now_s >= self._next_figures_s and figures.frame_rate_fps > 0:
            # The first figures are of a second or two: soon replaced.
            self._next_figures_s = now_s + (_FIGURES_EVERY_S if self._state.frame_rate is not None else 5.0)
            self._state = replace(
                self._state, frame_rate=round(figures.frame_rate_fps, 1), frame_lag_ms=round(figures.lag_p99_ms)
            )
        self.refresh()

    def _listen(self, reading: Reading, now_s: float) -> None:
        """Sound may stop in mid-stream, and come back: what is not heard must not look like quiet."""
        if reading.sound is not None:
            self._deaf_s = now_s
            self._state = replace(self._state, hears=True, deaf_reason=None)
        elif self._state.hears and now_s >= self._deaf_s:
            self._state = replace(self._state, hears=False, deaf_reason=SOUND_STOPPED)

    @callback
    def set_last_event(self, event: MonitorEvent, title: str) -> None:
        """The newest incident, as it is now."""
        self._show(last_event=event, last_event_title=title[:255])

    @callback
    def set_insight(
        self, *, sleep: Sleep | None, sleep_today_s: int | None, confidence: int, reason: str | None
    ) -> None:
        """What time shows. Sleep is known of a live camera only; its sum in whole minutes, confidence in steps of 5."""
        self._show(
            sleep=sleep if self._state.watching else None,
            sleep_today_s=None if sleep_today_s is None else sleep_today_s // 60 * 60,
            confidence=round(confidence / 5) * 5,
            confidence_reason=reason,
        )

    @callback
    def set_precision(self, precision: tuple[tuple[str, float], ...]) -> None:
        """Share of real ones by kind, of the incidents that a parent judged."""
        self._show(precision=precision)

    @callback
    def set_latency(self, latency_s: float) -> None:
        """How long the last answer took."""
        self._show(ai_latency_s=round(latency_s, 1))

    @callback
    def set_report(self, report: ReportView) -> None:
        """The newest report."""
        self._show(report=report)
        self.refresh()

    @callback
    def set_digest(self, digest: DigestView, *, of_day: bool) -> None:
        """The newest digest of an hour or a day."""
        if of_day:
            self._show(digest_day=digest)
        else:
            self._show(digest_hour=digest)

    @callback
    def set_report_progress(self, progress: ReportProgress) -> None:
        """How far the newest window is."""
        self._show(report_progress=progress)

    def _show(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._coordinator.push(self._state)

    def _forget_readings(self) -> None:
        self._next_figures_s = self._next_level_s = self._next_sound_s = self._moved_s = float("-inf")
        self._moving = None
        self._state = replace(
            self._state,
            motion=None,
            occupancy=None,
            sound=None,
            crying=None,
            sound_level_db=None,
            activity=None,
            activity_level=None,
            sleep=None,
            frame_rate=None,
            frame_lag_ms=None,
            second_source=None,
        )

    def _motion(self, now_s: float) -> bool | None:
        """On at once, off when nothing has moved for a while."""
        return True if self._moving is False and now_s - self._moved_s < _MOTION_HOLD_S else self._moving

    def _level(self, reading: Reading, now_s: float) -> int | None:
        """The level as a whole number, at most every ten seconds unless it jumps: a recorder keeps each change."""
        if not reading.visible:
            return None
        level, shown = round(reading.activity_level), self._state.activity_level
        if shown is not None and now_s < self._next_level_s and abs(level - shown) < _LEVEL_JUMP:
            return shown
        self._next_level_s = now_s + _LEVEL_EVERY_S
        return level

    def _sound_level(self, reading: Reading, now_s: float) -> int | None:
        """In whole decibels, as seldom as the level of activity."""
        if reading.sound_level_dbfs is None:
            return None
        level, shown = round(reading.sound_level_dbfs), self._state.sound_level_db
        if shown is not None and now_s < self._next_sound_s and abs(level - shown) < _SOUND_JUMP_DB:
            return shown
        self._next_sound_s = now_s + _LEVEL_EVERY_S
        return level


def _score(judged: SafetyState, state: CribState) -> tuple[int | None, str | None]:
    """The lower of what the last window's report and the last picture's verdict give; a report soon says nothing."""
    scores = [] if judged.score is None else [(judged.score, "check")]
    report = state.report
    if report is not None and report.score is not None and state.watching:
        age = dt_util.utcnow() - report.end
        if timedelta(0) <= age < _REPORT_COUNTS:
            scores.append((report.score, "report"))
    return min(scores, default=(None, None))


def _view(judged: SafetyState) -> SafetyView:
    verdict = judged.verdict
    if verdict is None:
        return SafetyView(safety=judged.safety, reason=judged.reason, attention=judged.attention, score=judged.score)
    return SafetyView(
        safety=judged.safety,
        reason=judged.reason,
        attention=judged.attention,
        score=judged.score,
        judged_at=verdict.taken_at,
        provider=verdict.provider,
        title=verdict.title,
        description=verdict.description,
        concerns=verdict.concerns,
        action_needed=verdict.action_needed,
        posture=verdict.posture.value,
        child_in_view=verdict.child_in_view,
    )
