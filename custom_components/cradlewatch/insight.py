"""What only time shows: asleep or awake, and whether silence can be trusted. Event loop only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .engine.confidence import ConfidenceJudge, Facts
from .engine.models import Link, Reading, Signal, Sleep, StreamInfo
from .engine.settings import SafetySettings
from .engine.sleep import SleepMachine
from .engine.sleep_sessions import SleepSession, summarise
from .state import StateKeeper

_SAVE_EVERY_S = 60.0
_WELL = ("live", "connecting")
"""What may be said of a second source without a warning."""


class Insight:
    """Feeds the sleep machine and the confidence judge of one crib, and shows what they say."""

    def __init__(self, keeper: StateKeeper, analyst: Analyst) -> None:
        self._keeper = keeper
        self._analyst = analyst
        self._sleep = SleepMachine()
        self._confidence = ConfidenceJudge()
        self._reading: Reading | None = None
        self._sound_expected = False
        self._heard_s: float | None = None
        self._save_s = 0.0

    @property
    def sessions(self) -> tuple[SleepSession, ...]:
        """Sleep that is remembered, oldest first; the last may be going on."""
        return self._sleep.sessions

    @callback
    def stream_opened(self, info: StreamInfo) -> None:
        """A camera without a microphone lets nothing be heard."""
        self._sound_expected = info.audio_codec is not None

    @callback
    def reading(self, reading: Reading) -> tuple[Signal, ...]:
        """Take in one reading; what came of it."""
        if not self._keeper.state.watching:
            return ()
        self._reading = reading
        if reading.sound is not None:
            self._heard_s = reading.at_s
        return self._sleep.on_reading(reading, dt_util.utcnow())

    @callback
    def forget(self) -> None:
        """The camera is not live: the last reading says nothing any more."""
        self._reading = None
        self._heard_s = None

    @callback
    def tick(self, now_s: float) -> tuple[Signal, ...]:
        """About once a second, readings or not; shows the figures."""
        now_at = dt_util.utcnow()
        signals = (*self._sleep.tick(now_s, now_at), *self._confidence.update(self._facts(now_s, now_at), now_s))
        self._keeper.set_insight(
            sleep=self._sleep.state,
            sleep_today_s=self._asleep_today_s(now_at),
            confidence=self._confidence.percent,
            reason=self._confidence.reason,
        )
        return signals

    @callback
    def correct(self, state: Sleep, since_at: datetime, now_s: float) -> None:
        """A person knows better."""
        self._sleep.correct(state, since_at, now_s, dt_util.utcnow())

    def save_due(self, now_s: float) -> bool:
        """True once a minute, for as long as there is anything to keep."""
        if now_s < self._save_s or not self._sleep.sessions:
            return False
        self._save_s = now_s + _SAVE_EVERY_S
        return True

    def dump(self) -> dict[str, Any]:
        """What a restart must keep."""
        return self._sleep.dump()

    def restore(self, kept: object) -> None:
        """Go on from `dump`; anything else is left."""
        if isinstance(kept, Mapping):
            self._sleep.restore(kept, dt_util.utcnow())

    def _facts(self, now_s: float, now_at: datetime) -> Facts:
        state = self._keeper.state
        reading = self._reading
        judged_at = state.safety.judged_at
        # Sound is only expected once it was heard: an input that never came is "no sound", not "sound stopped".
        hears = self._sound_expected and self._heard_s is not None
        return Facts(
            link=Link.PRIVACY if state.privacy else state.link,
            frame_age_s=None if reading is None else now_s - reading.at_s,
            reading=reading,
            has_audio=hears,
            audio_age_s=now_s - self._heard_s if hears and self._heard_s is not None else None,
            ai_on=state.ai_on and self._analyst.spends,
            verdict_age_s=None if judged_at is None else (now_at - judged_at).total_seconds(),
            verdict_valid_s=SafetySettings().valid_asleep_s,
            second_source_works=None if state.second_source is None else state.second_source in _WELL,
        )

    def _asleep_today_s(self, now_at: datetime) -> int | None:
        if self._sleep.state is None and not self._sleep.sessions:
            return None
        midnight = dt_util.as_utc(dt_util.start_of_local_day())
        return int(summarise(self._sleep.sessions, midnight, now_at, now_at).asleep.total_seconds())
