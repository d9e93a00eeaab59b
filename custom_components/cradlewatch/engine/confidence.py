"""One figure for "can the silence be trusted": the weakest link decides, and is the reason shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from .models import EventKind, Link, Reading, Severity, Signal

Reason = Literal[
    "starting", "live", "connecting", "privacy", "stopped", "camera_lost", "frame_old", "no_reading",
    "lens_covered", "picture_frozen", "too_dark", "camera_moved", "occupancy_unknown", "child_not_in_view",
    "small_movement_unknown", "no_small_movement", "no_sound", "sound_old",
    "ai_off", "no_verdict", "verdict_old", "budget", "recording_failed", "second_source_lost",
]  # fmt: skip
"""Why no more can be trusted: stable keys, each with its words in the translations ("live" is never shown)."""
REASONS: tuple[str, ...] = tuple(reason for reason in get_args(Reason) if reason != "live")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceSettings:
    """When confidence is low."""

    low_percent: int = 50
    low_after_s: float = 120.0
    high_percent: int = 55
    """Back to this ends it."""

    def __post_init__(self) -> None:
        if not 0 <= self.low_percent <= self.high_percent <= 100:
            raise ValueError("0 <= low_percent <= high_percent <= 100 is needed")
        if not 0 <= self.low_after_s <= 3600:
            raise ValueError("low_after_s must be between 0 and 3600")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about the monitoring itself. Ages in seconds; None: there has been none."""

    link: Link
    frame_age_s: float | None
    reading: Reading | None
    has_audio: bool
    audio_age_s: float | None = None
    ai_on: bool = False
    verdict_age_s: float | None = None
    verdict_valid_s: float = 300.0
    budget_left: float | None = None
    """Share of the day's budget, None without one."""
    recording_works: bool | None = None
    """None where nothing is to be recorded."""
    second_source_works: bool | None = None
    """None where no second source for detection is set. Without it the stream of viewers is looked at instead."""


class ConfidenceJudge:
    """Percent, reason, and `confidence_low` after two minutes below the limit."""

    def __init__(self, settings: ConfidenceSettings | None = None) -> None:
        self._settings = settings or ConfidenceSettings()
        self._low_since_s: float | None = None
        self._low = False
        self.percent = 0
        self.reason: Reason | None = "starting"

    @property
    def low(self) -> bool:
        """Confidence has been low for long enough to say so."""
        return self._low

    def update(self, facts: Facts, at_s: float) -> tuple[Signal, ...]:
        """Judge anew; the signal `confidence_low` where it goes on or off. Call it also while no frames come."""
        percent, reason = min(_links(facts), key=lambda link: link[0])
        self.percent, self.reason = round(percent), reason if percent < 100 else None
        if facts.link in {Link.PRIVACY, Link.STOPPED}:
            # Wanted by a person: nothing to warn of.
            return self.close(at_s)
        if self._low:
            return self.close(at_s) if percent >= self._settings.high_percent else ()
        if percent >= self._settings.low_percent:
            self._low_since_s = None
            return ()
        if self._low_since_s is None:
            self._low_since_s = at_s
        if at_s - self._low_since_s < self._settings.low_after_s:
            return ()
        self._low = True
        details = {"percent": self.percent, "reason": reason}
        return (
            Signal(kind=EventKind.CONFIDENCE_LOW, active=True, at_s=at_s, severity=Severity.WARNING, details=details),
        )

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._low_since_s = None
        if not self._low:
            return ()
        self._low = False
        return (Signal(kind=EventKind.CONFIDENCE_LOW, active=False, at_s=at_s),)


_UNLINKED: dict[Link, Reason] = {
    Link.PRIVACY: "privacy",
    Link.CONNECTING: "connecting",
    Link.STOPPED: "stopped",
}


def _links(facts: Facts) -> Iterator[tuple[float, Reason]]:
    """Every link of the chain with its percent; the reason is a stable key."""
    yield _connection(facts)
    yield _falling(facts.frame_age_s, good_s=2.0, bad_s=10.0), "frame_old"
    yield from _seen(facts.reading)
    yield from _heard(facts)
    yield from _analysed(facts)
    yield (70.0 if facts.recording_works is False else 100.0), "recording_failed"
    yield (80.0 if facts.second_source_works is False else 100.0), "second_source_lost"


def _connection(facts: Facts) -> tuple[float, Reason]:
    if facts.link is Link.LIVE:
        return 100.0, "live"
    return 0.0, _UNLINKED.get(facts.link, "camera_lost")


def _seen(reading: Reading | None) -> Iterator[tuple[float, Reason]]:
    if reading is None:
        yield 0.0, "no_reading"
        return
    yield (0.0 if reading.lens_covered else 100.0), "lens_covered"
    yield (0.0 if reading.frozen else 100.0), "picture_frozen"
    yield (20.0 if reading.too_dark else 100.0), "too_dark"
    yield (45.0 if reading.moved else 100.0), "camera_moved"
    if reading.occupancy is not True:
        yield (60.0, "occupancy_unknown") if reading.occupancy is None else (65.0, "child_not_in_view")
    elif not reading.motion and reading.micro_motion is not True:
        yield (90.0, "small_movement_unknown") if reading.micro_motion is None else (70.0, "no_small_movement")


def _heard(facts: Facts) -> Iterator[tuple[float, Reason]]:
    if not facts.has_audio:
        yield 85.0, "no_sound"
        return
    yield max(40.0, _falling(facts.audio_age_s, good_s=3.0, bad_s=15.0)), "sound_old"


def _analysed(facts: Facts) -> Iterator[tuple[float, Reason]]:
    if not facts.ai_on:
        yield 85.0, "ai_off"
        return
    if facts.verdict_age_s is None:
        yield 60.0, "no_verdict"
    elif facts.verdict_age_s > facts.verdict_valid_s:
        yield 60.0, "verdict_old"
    if facts.budget_left is not None:
        yield (60.0 if facts.budget_left <= 0 else 80.0 if facts.budget_left < 0.1 else 100.0), "budget"


def _falling(age_s: float | None, *, good_s: float, bad_s: float) -> float:
    """100 up to `good_s`, 0 from `bad_s` on and where there is none."""
    if age_s is None:
        return 0.0
    return 100.0 * min(1.0, max(0.0, (bad_s - age_s) / (bad_s - good_s)))
