"""When a crib's next routine check is due: as often as its risk asks, at once when something happens, else spared.

A spared call renews nothing: the verdict that stands runs out at its own time, and shortly before that a picture is
sent however unchanged the scene looks. Clock-free.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ..models import EventKind
from .scene_hash import alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the detectors say of a crib at one moment. None: not known."""

    motion: bool = False
    asleep: bool | None = None
    occupancy: bool | None = None
    crying: bool | None = None
    near_zone: bool = False
    """Something is in, or moves at, a danger zone."""
    suspected: tuple[EventKind, ...] = ()
    """Dangers that detectors suspect and no verdict has answered yet."""
    danger: bool = False
    """A verdict of warning or danger stands."""
    visible: bool = True
    gist: int | None = None
    """`scene_hash` of the picture."""

    @property
    def still_state(self) -> tuple[object, ...]:
        """What must be the same for a scene to count as unchanged, beside its gist."""
        return self.asleep, self.occupancy, self.crying, self.near_zone


class Why(StrEnum):
    """What a check is for."""

    SUSPECTED = "suspected"
    MOTION = "motion"
    SETTLED = "settled"
    CRYING = "crying"
    OCCUPANCY = "occupancy"
    NO_VERDICT = "no_verdict"
    ROUTINE = "routine"
    RUNS_OUT = "runs_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A check to send now."""

    why: Why
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CadenceSettings:
    """Intervals between routine checks by risk, in seconds."""

    danger_s: float = 30.0
    active_s: float = 28.0
    """Awake and moving: things change without any further sign, so the clock is quicker here than elsewhere."""
    quiet_s: float = 120.0
    calm_s: float = 300.0
    away_s: float = 900.0
    no_verdict_s: float = 45.0
    """While nothing valid stands: after a failure, or when the last one ran out."""
    gap_s: float = 15.0
    """At least this between two checks that a change asks for, in a sleeper; else `active_s`."""
    stir_s: float = 15.0
    """A sleeper's movement is looked at when it is over, for what it left behind, or after so long."""
    valid_awake_s: float = 300.0
    valid_asleep_s: float = 900.0
    margin_s: float = 40.0
    """A verdict is renewed this long before it runs out."""


class Cadence:
    """The pace of one crib. One thread only."""

    def __init__(self, settings: CadenceSettings | None = None) -> None:
        self._settings = settings or CadenceSettings()
        self._before: Scene | None = None
        self._wanted: Why | None = None
        self._moved_s = float("-inf")
        self._sent_s = float("-inf")
        self._sent_scene: Scene | None = None
        self._verdict_s = float("-inf")
        self._verdict_scene: Scene | None = None
        self._asked: frozenset[EventKind] = frozenset()
        self._spared_s = float("-inf")
        self._unsure = False
        self.spared = 0
        """Routine checks that an unchanged scene made needless."""

    def observe(self, scene: Scene, now_s: float, *, stretch: float = 1.0) -> Due | None:
        """About once a second. `stretch` lengthens the routine intervals (budget)."""
        self._notice(scene, now_s)
        self._before = scene
        if not scene.visible:
            return None
        new = frozenset(scene.suspected) - self._asked
        self._asked &= frozenset(scene.suspected)
        if new or (scene.suspected and now_s - self._sent_s >= self._settings.danger_s):
            return Due(why=Why.SUSPECTED, urgent=True)
        stirs = scene.motion and scene.asleep is True and now_s - self._moved_s < self._settings.stir_s
        if self._wanted is not None and not stirs and now_s - self._sent_s >= self._gap_s(scene):
            return Due(why=self._wanted)
        return self._routine(replace(scene, motion=False) if stirs else scene, now_s, stretch)

    def on_sent(self, scene: Scene, now_s: float) -> None:
        """A check of this scene goes out."""
        self._sent_s = now_s
        self._sent_scene = scene
        self._wanted = None
        self._asked |= frozenset(scene.suspected)

    def on_verdict(self, taken_at_s: float) -> None:
        """The check that was sent last has been answered with a verdict about a picture of this time."""
        self._verdict_s = max(self._verdict_s, taken_at_s)
        self._verdict_scene = self._sent_scene
        self._unsure = False

    def on_unsure(self) -> None:
        """The model answered and cannot tell: asking the same at once again would only cost."""
        self._unsure = True

    def forget(self) -> None:
        """Camera lost, privacy: nothing that was seen counts."""
        self._verdict_s = float("-inf")
        self._verdict_scene = self._before = self._wanted = None
        self._asked = frozenset()

    def _notice(self, scene: Scene, now_s: float) -> None:
        """Changes that ask for a look: at the start of a motion, and at what it left behind."""
        before = self._before
        if before is None:
            return
        if scene.motion != before.motion:
            self._wanted = Why.MOTION if scene.motion else Why.SETTLED
            self._moved_s = now_s
        elif scene.crying and not before.crying:
            self._wanted = Why.CRYING
        elif scene.occupancy is not None and scene.occupancy is not before.occupancy:
            self._wanted = Why.OCCUPANCY

    def _routine(self, scene: Scene, now_s: float, stretch: float) -> Due | None:
        settings = self._settings
        since_s = now_s - self._sent_s
        if scene.occupancy is False and not (scene.motion or scene.danger):
            # Nobody is there to be safe: no verdict is worth renewing.
            return Due(why=Why.ROUTINE) if since_s >= settings.away_s * stretch else None
        valid_s = settings.valid_asleep_s if scene.asleep else settings.valid_awake_s
        left_s = valid_s - (now_s - self._verdict_s)
        if left_s <= 0:
            again_s = self._interval_s(scene) if self._unsure else 0.0
            wait_s = max(settings.no_verdict_s, again_s) * stretch
            return Due(why=Why.NO_VERDICT) if since_s >= wait_s else None
        if left_s <= settings.margin_s:
            return Due(why=Why.RUNS_OUT) if since_s >= settings.gap_s else None
        if since_s < self._interval_s(scene) * (1.0 if scene.danger else stretch):
            return None
        if not scene.danger and self._unchanged(scene):
            self._count_spared(scene, now_s)
            return None
        return Due(why=Why.ROUTINE)

    def _gap_s(self, scene: Scene) -> float:
        return self._settings.gap_s if scene.asleep else self._settings.active_s

    def _interval_s(self, scene: Scene) -> float:
        settings = self._settings
        if scene.danger or scene.near_zone:
            return settings.danger_s
        if scene.motion or scene.crying:
            return settings.active_s
        return settings.calm_s if scene.asleep else settings.quiet_s

    def _unchanged(self, scene: Scene) -> bool:
        last = self._verdict_scene
        return (
            last is not None
            and not scene.motion
            and last.still_state == scene.still_state
            and alike(last.gist, scene.gist)
        )

    def _count_spared(self, scene: Scene, now_s: float) -> None:
        """Once an interval, not once a second."""
        if now_s - max(self._spared_s, self._sent_s) >= self._interval_s(scene):
            self._spared_s = now_s
            self.spared += 1
