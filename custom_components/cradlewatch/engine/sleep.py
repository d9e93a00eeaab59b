"""Asleep, awake, away, or not known: a state machine over the readings of one crib.

After actigraphy and videosomnography of infants: sleep is the absence of movement over minutes, scored with
tolerance for twitches (Sadeh, Acebo et al. 1995, "Activity-based assessment of sleep-wake patterns during the first
year of life"; So et al. 2005: a quiet epoch is one with movement in less than a few per cent of it), and an infant in
active sleep stirs for some seconds without waking (Anders and Sostek 1976), so that a waking is movement through most
of a minute, or crying. A child that lies awake without moving cannot be told from a sleeping one by any of these.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .models import EventKind, Reading, Signal, Sleep
from .sleep_sessions import SleepSession, session_from_json, session_to_json, time_from_json, time_to_json

_VERSION = 1
_MAX_SESSIONS = 200
_MAX_STRETCHES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSettings:
    """Thresholds of the state machine, with their defaults from the literature named above."""

    quiet_s: float = 120.0
    """Quiet for so long is sleep; the sleep then began with the quiet."""
    quiet_share: float = 0.08
    """Share of the quiet time in which the child may stir."""
    settled_s: float = 20.0
    """The end of the quiet time must be free of movement for so long."""
    wake_window_s: float = 60.0
    wake_share: float = 0.5
    """Movement in more than this share of the window is a waking."""
    wake_cry_s: float = 20.0
    """Crying for so long is a waking, moving or not."""
    away_s: float = 45.0
    unseen_s: float = 600.0
    """Neither seen nor away for so long: not known any more."""
    session_gap_s: float = 1800.0
    """Awake for so long ends the session; what is shorter is a waking in it."""

    def __post_init__(self) -> None:
        for name in ("quiet_s", "settled_s", "wake_window_s", "wake_cry_s", "away_s", "unseen_s", "session_gap_s"):
            if not 1 <= getattr(self, name) <= 86400:
                raise ValueError(f"{name} must be between 1 and 86400")
        if not (0 <= self.quiet_share < self.wake_share <= 1):
            raise ValueError("0 <= quiet_share < wake_share <= 1 is needed")


@dataclass(frozen=True, slots=True)
class _Moment:
    at_s: float
    lasts_s: float
    moves: bool
    cries: bool


class SleepMachine:
    """Feed it every reading. Event loop only. `since_at` is when the state really began, not when it was noticed."""

    def __init__(self, settings: SleepSettings | None = None) -> None:
        self._settings = settings or SleepSettings()
        self._moments: deque[_Moment] = deque(maxlen=4096)
        self._last_s: float | None = None
        self._seen_s: float | None = None
        self._absent_since_s: float | None = None
        self._moved_s: float | None = None
        self._awake_at: datetime | None = None
        self._corrected_s: float | None = None
        self._saved_at: datetime | None = None
        self._sessions: deque[SleepSession] = deque(maxlen=_MAX_SESSIONS)
        self.state: Sleep | None = None
        self.since_at: datetime | None = None

    @property
    def sessions(self) -> tuple[SleepSession, ...]:
        """The sessions, oldest first; the last one may be going on."""
        return tuple(self._sessions)

    def on_reading(self, reading: Reading, now_at: datetime) -> tuple[Signal, ...]:
        """Take in one reading (about one a second). `now_at` is the time of day of `reading.at_s`, aware."""
        at_s = reading.at_s
        lasts_s = min(5.0, max(0.0, at_s - self._last_s)) if self._last_s is not None else 0.0
        if self._last_s is not None and at_s - self._last_s > self._settings.wake_window_s:
            self._moments.clear()
        self._last_s, self._saved_at = at_s, now_at
        if self._seen_s is None:
            self._seen_s = at_s
        signals = self._judge_presence(reading, now_at)
        # A visitor moves where the child may lie still: then only crying says anything.
        if reading.visible and reading.occupancy is not False and not (reading.visitor and not reading.crying):
            self._remember(reading, at_s, lasts_s)
            signals += self._judge_movement(reading, now_at)
        self._end_old_session(now_at)
        return (*signals, *self.tick(at_s, now_at))

    def tick(self, at_s: float, now_at: datetime) -> tuple[Signal, ...]:
        """Call it also while no readings come: what nobody has seen for long is not known."""
        if self.state is None or self._seen_s is None or at_s - self._seen_s < self._settings.unseen_s:
            return ()
        unseen_since = now_at - timedelta(seconds=at_s - self._seen_s)
        self._leave_sleep(unseen_since)
        self.state, self.since_at = None, unseen_since
        self._moments.clear()
        return ()

    def correct(self, state: Sleep, since_at: datetime, at_s: float, now_at: datetime | None = None) -> None:
        """A person knows better: this has been the state since then, whatever was noted since. No event comes of it.

        `now_at` (aware) is the time of day of `at_s`; without it, that of the newest reading.
        """
        self._moments.clear()
        self._absent_since_s = None
        self._seen_s = self._corrected_s = at_s
        self._saved_at = now_at or self._saved_at
        kept = (session.cut(since_at) for session in self._sessions)
        self._sessions = deque((session for session in kept if session is not None), maxlen=_MAX_SESSIONS)
        if state is Sleep.ASLEEP:
            self._sleep_on(since_at)
        else:
            self._leave_sleep(since_at)
            self._awake_at = since_at
        self.state, self.since_at = state, since_at

    def _sleep_on(self, since_at: datetime) -> None:
        """Asleep from a moment after which nothing is noted: in the last session, if that was not long ago."""
        last = self._sessions[-1] if self._sessions else None
        if last is None or not last.stretches:
            self._sessions.append(SleepSession(start_at=since_at, asleep_since_at=since_at))
            return
        start_at, end_at = last.stretches[-1]
        if end_at == since_at:
            self._sessions[-1] = replace(last, end_at=None, stretches=last.stretches[:-1], asleep_since_at=start_at)
        elif (since_at - end_at).total_seconds() < self._settings.session_gap_s:
            self._sessions[-1] = replace(last, end_at=None, asleep_since_at=since_at)
        else:
            self._sessions[-1] = last if last.end_at is not None else last.ended()
            self._sessions.append(SleepSession(start_at=since_at, asleep_since_at=since_at))

    def _remember(self, reading: Reading, at_s: float, lasts_s: float) -> None:
        self._moments.append(_Moment(at_s, lasts_s, reading.motion and not reading.visitor, bool(reading.crying)))
        while at_s - self._moments[0].at_s > max(self._settings.quiet_s, self._settings.wake_window_s) + 5:
            self._moments.popleft()
        if reading.motion or reading.crying:
            self._moved_s = at_s

    def _judge_presence(self, reading: Reading, now_at: datetime) -> tuple[Signal, ...]:
        """Away once the child has not been in view for a while."""
        if not reading.visible or reading.occupancy is None:
            return ()
        self._seen_s = reading.at_s
        if reading.occupancy:
            self._absent_since_s = None
            if self.state is Sleep.AWAY and not self._just_corrected(reading.at_s):
                self.state, self.since_at = None, now_at
            return ()
        if self._absent_since_s is None:
            self._absent_since_s = reading.at_s
        if self.state is Sleep.AWAY or reading.at_s - self._absent_since_s < self._settings.away_s:
            return ()
        gone_at = now_at - timedelta(seconds=reading.at_s - self._absent_since_s)
        self._leave_sleep(gone_at)
        self._moments.clear()
        self.state, self.since_at = Sleep.AWAY, gone_at
        return ()

    def _just_corrected(self, at_s: float) -> bool:
        """A person's word stands for a minute against the detector of presence, which has to learn of it."""
        return self._corrected_s is not None and at_s - self._corrected_s < self._settings.wake_window_s

    def _judge_movement(self, reading: Reading, now_at: datetime) -> tuple[Signal, ...]:
        at_s = reading.at_s
        if self.state is not Sleep.AWAKE:
            woken_s = self._awake_since(at_s)
            if woken_s is not None:
                return self._wake(at_s, now_at - timedelta(seconds=at_s - woken_s))
        if self.state is not Sleep.ASLEEP and reading.occupancy:
            asleep_s = self._asleep_since(at_s)
            if asleep_s is not None:
                return self._fall_asleep(at_s, now_at - timedelta(seconds=at_s - asleep_s))
        return ()

    def _awake_since(self, at_s: float) -> float | None:
        """When the movement or crying began that is a waking, or None."""
        recent = [moment for moment in self._moments if at_s - moment.at_s < self._settings.wake_window_s]
        cried = [moment for moment in recent if moment.cries]
        if sum(moment.lasts_s for moment in cried) >= self._settings.wake_cry_s:
            return cried[0].at_s
        stirred = [moment for moment in recent if moment.moves or moment.cries]
        if sum(moment.lasts_s for moment in stirred) > self._settings.wake_share * self._settings.wake_window_s:
            return stirred[0].at_s
        return None

    def _asleep_since(self, at_s: float) -> float | None:
        """When the quiet began that is sleep, or None. The time must be covered by readings."""
        quiet = self._settings.quiet_s
        recent = [moment for moment in self._moments if at_s - moment.at_s < quiet]
        if not recent or sum(moment.lasts_s for moment in recent) < 0.9 * quiet:
            return None
        stirred = [moment for moment in recent if moment.moves or moment.cries]
        if sum(moment.lasts_s for moment in stirred) > self._settings.quiet_share * quiet:
            return None
        if stirred and at_s - stirred[-1].at_s < self._settings.settled_s:
            return None
        return recent[0].at_s

    def _wake(self, at_s: float, since_at: datetime) -> tuple[Signal, ...]:
        before, self.state, self.since_at = self.state, Sleep.AWAKE, since_at
        self._leave_sleep(since_at)
        self._awake_at = since_at
        if before is not Sleep.ASLEEP:
            return ()
        return (Signal(kind=EventKind.WOKE_UP, active=True, at_s=at_s, momentary=True),)

    def _fall_asleep(self, at_s: float, since_at: datetime) -> tuple[Signal, ...]:
        # Asleep when monitoring began is no falling asleep.
        told = self.state is Sleep.AWAKE or (self._moved_s is not None and at_s - self._moved_s < 900)
        self.state, self.since_at = Sleep.ASLEEP, since_at
        self._enter_sleep(since_at, restart=False)
        if not told:
            return ()
        return (Signal(kind=EventKind.FELL_ASLEEP, active=True, at_s=at_s, momentary=True),)

    def _enter_sleep(self, at: datetime, *, restart: bool) -> None:
        last = self._sessions[-1] if self._sessions else None
        if last is not None and last.end_at is None and not restart and len(last.stretches) < _MAX_STRETCHES:
            # Never before the end of the stretch before it.
            at = max([at, *(end for _, end in last.stretches[-1:])])
            self._sessions[-1] = last.slept(at)
            return
        self._sessions.append(SleepSession(start_at=at, asleep_since_at=at))

    def _leave_sleep(self, at: datetime) -> None:
        if self._sessions and self._sessions[-1].asleep_since_at is not None:
            self._sessions[-1] = self._sessions[-1].woken(at)

    def _end_old_session(self, now_at: datetime) -> None:
        """A session is over when the child has been awake or away for long."""
        if not self._sessions:
            return
        last = self._sessions[-1]
        if last.end_at is not None or last.asleep_since_at is not None or not last.stretches:
            return
        if (now_at - last.stretches[-1][1]).total_seconds() >= self._settings.session_gap_s:
            self._sessions[-1] = last.ended()

    def dump(self) -> dict[str, Any]:
        """All that must survive a restart, as JSON values."""
        return {
            "version": _VERSION,
            "state": self.state.value if self.state else None,
            "since_at": time_to_json(self.since_at),
            "saved_at": time_to_json(self._saved_at),
            "sessions": [session_to_json(session) for session in self._sessions],
        }

    def restore(self, saved: Mapping[str, Any], now_at: datetime) -> bool:
        """Go on from a dump. The state counts if it is young enough; False (and as new) if it cannot be read."""
        try:
            if saved["version"] != _VERSION:
                return False
            sessions = [session_from_json(item) for item in saved["sessions"]][-_MAX_SESSIONS:]
            state = Sleep(saved["state"]) if saved["state"] else None
            since_at, saved_at = time_from_json(saved["since_at"]), time_from_json(saved["saved_at"])
        except KeyError, TypeError, ValueError:
            return False
        self._sessions = deque(sessions, maxlen=_MAX_SESSIONS)
        self._saved_at = saved_at
        if saved_at is not None and (now_at - saved_at).total_seconds() < self._settings.unseen_s:
            self.state, self.since_at = state, since_at
        elif saved_at is not None:
            self._leave_sleep(saved_at)
        return True
