"""Stops asking a provider that does not answer, and finds out by single probes when it does again.

After three failures in a row (one, where the failure says that the next call fails too) it backs off, longer each
time up to ten minutes, then lets one request through. Clock-free: times come with the calls.
"""

from dataclasses import dataclass
from enum import StrEnum
import random

from ..errors import AnalysisError, AnalysisFailure, Remedy


class BreakerState(StrEnum):
    """Whether requests go through."""

    OK = "ok"
    FAILING = "failing"
    """Failures in a row, not yet enough to back off."""
    BACKING_OFF = "backing_off"
    PROBING = "probing"


class Turn(StrEnum):
    """What a result changed: the caller logs one line for each."""

    LOST = "lost"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When to back off, and for how long."""

    failures: int = 3
    first_pause_s: float = 30.0
    longest_pause_s: float = 600.0
    asked_pause_max_s: float = 3600.0
    """The server's own delay is honoured up to this."""
    jitter: float = 0.1
    """Pauses are longer by up to this share, so that homes do not come back in step."""
    urgent_every_s: float = 3600.0
    """Suspected danger may probe before the pause is over, once in this time."""


# These say nothing about the provider: the request was not sent, or ended by us.
_NOT_ITS_FAULT = frozenset(
    {
        AnalysisFailure.CANCELLED,
        AnalysisFailure.NO_PICTURE,
        AnalysisFailure.BUDGET_SPENT,
        AnalysisFailure.BACKING_OFF,
        AnalysisFailure.UNSURE,
    }
)
# After these the next call fails as well.
_HOPELESS = frozenset(
    {
        AnalysisFailure.INVALID_KEY,
        AnalysisFailure.FORBIDDEN,
        AnalysisFailure.MODEL_NOT_FOUND,
        AnalysisFailure.DAILY_QUOTA,
    }
)


class Breaker:
    """The breaker of one provider. One thread only."""

    def __init__(self, settings: BreakerSettings | None = None, rng: random.Random | None = None) -> None:
        self._settings = settings or BreakerSettings()
        self._rng = rng or random.Random()
        self._in_a_row = 0
        self._pauses = 0
        self._resume_s: float | None = None
        self._probing = False
        self._urgent_probe_s = float("-inf")
        self.last_failure: AnalysisFailure | None = None
        """Of the last request that failed; None while it answers."""

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        if self._resume_s is not None:
            return BreakerState.PROBING if self._probing else BreakerState.BACKING_OFF
        return BreakerState.FAILING if self._in_a_row else BreakerState.OK

    def resume_in_s(self, now_s: float) -> float | None:
        """Seconds until the next probe; None while requests go through."""
        return None if self._resume_s is None else max(0.0, self._resume_s - now_s)

    def admit(self, now_s: float, *, urgent: bool = False) -> None:
        """Let one request through, which must end in `on_success` or `on_failure`.

        Raises:
            AnalysisError: BACKING_OFF, with the time until the next probe.
        """
        if self._resume_s is None:
            return
        early = urgent and now_s - self._urgent_probe_s >= self._settings.urgent_every_s
        if self._probing or (now_s < self._resume_s and not early):
            raise AnalysisError(
                AnalysisFailure.BACKING_OFF,
                f"pausing after {self.last_failure or 'failures'}",
                retry_after_s=self.resume_in_s(now_s),
            )
        if now_s < self._resume_s:
            self._urgent_probe_s = now_s
        self._probing = True

    def on_success(self) -> Turn | None:
        """A verdict came."""
        was_lost = self._resume_s is not None
        self.reset()
        return Turn.BACK if was_lost else None

    def on_failure(self, error: AnalysisError, now_s: float) -> Turn | None:
        """No verdict came."""
        self._probing = False
        if error.failure in _NOT_ITS_FAULT:
            return None
        self._in_a_row += 1
        self.last_failure = error.failure
        was_lost = self._resume_s is not None
        asked_s = error.retry_after_s if error.remedy is Remedy.RETRY_LATER else None
        enough = self._in_a_row >= self._settings.failures or error.failure in _HOPELESS or asked_s is not None
        if not (enough or was_lost):
            return None
        self._resume_s = now_s + self._pause_s(error, asked_s)
        self._pauses += 1
        return None if was_lost else Turn.LOST

    def reset(self) -> None:
        """As new: another key, another model."""
        self._in_a_row = self._pauses = 0
        self._resume_s = self.last_failure = None
        self._probing = False
        self._urgent_probe_s = float("-inf")

    def _pause_s(self, error: AnalysisError, asked_s: float | None) -> float:
        settings = self._settings
        pause_s = min(settings.first_pause_s * 2.0 ** min(self._pauses, 16), settings.longest_pause_s)
        if error.failure in _HOPELESS:
            pause_s = settings.longest_pause_s
        if asked_s is not None:
            pause_s = max(pause_s if self._in_a_row >= settings.failures else 0.0, asked_s)
        return min(pause_s, settings.asked_pause_max_s) * (1 + self._rng.uniform(0, settings.jitter))
