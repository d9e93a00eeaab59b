"""Value types that cross the stages. Frozen, without logic beyond validation.

Times: `*_s` are seconds of the monotonic clock or durations; `*_at` are aware UTC datetimes for display.
Boxes are normalised (0-1) x0, y0, x1, y1 with the origin at the top left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

type BoxXyxy = tuple[float, float, float, float]


class Severity(StrEnum):
    """How serious (design: severity and score). Ordered by `rank`."""

    SAFE = "safe"
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"

    @property
    def rank(self) -> int:
        """0 (safe) to 3 (danger)."""
        return _SEVERITY_ORDER.index(self)


_SEVERITY_ORDER = (Severity.SAFE, Severity.INFO, Severity.WARNING, Severity.DANGER)


class EventKind(StrEnum):
    """The event types: a public contract."""

    MOTION = "motion"
    ZONE_ENTERED = "zone_entered"
    CRYING = "crying"
    NOISE = "noise"
    WOKE_UP = "woke_up"
    FELL_ASLEEP = "fell_asleep"
    OUT_OF_VIEW = "out_of_view"
    BACK_IN_VIEW = "back_in_view"
    FACE_COVERED = "face_covered"
    ON_STOMACH = "on_stomach"
    CLIMBING = "climbing"
    HAZARD = "hazard"
    MILESTONE = "milestone"
    STAGE_CHANGED = "stage_changed"
    VISITOR = "visitor"
    LENS_COVERED = "lens_covered"
    TOO_DARK = "too_dark"
    PICTURE_FROZEN = "picture_frozen"
    CAMERA_MOVED = "camera_moved"
    CAMERA_LOST = "camera_lost"
    CAMERA_BACK = "camera_back"
    CONFIDENCE_LOW = "confidence_low"
    AI_UNAVAILABLE = "ai_unavailable"
    BUDGET_SPENT = "budget_spent"
    TEST = "test"


class Phase(StrEnum):
    """Where an incident is in its life."""

    OPENED = "opened"
    UPDATED = "updated"
    ENDED = "ended"


class Status(StrEnum):
    """Who vouches for an incident."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNVERIFIED = "unverified"


class Activity(StrEnum):
    """States of the activity sensor."""

    STILL = "still"
    CALM = "calm"
    MODERATE = "moderate"
    ACTIVE = "active"


class Sleep(StrEnum):
    """States of the sleep sensor."""

    ASLEEP = "asleep"
    AWAKE = "awake"
    AWAY = "away"


class Link(StrEnum):
    """State of the connection to the camera."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    LOST = "lost"
    PRIVACY = "privacy"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The connection, with the reason and since when (monotonic seconds)."""

    link: Link
    since_s: float
    reason: str | None = None
    """A SourceProblem value or a short plain text; never an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What a source delivers. `size_wh` in pixels; `frame_rate_fps` as the container says it, if it does."""

    size_wh: tuple[int, int]
    video_codec: str
    frame_rate_fps: float | None
    audio_codec: str | None
    audio_rate_hz: int | None
    encoder: str | None = None
    """Name of our own encoder where the source cannot be passed through, else None."""
    overlay_boxes_xyxy: tuple[BoxXyxy, ...] = ()
    """Where the source itself paints machine-readable marks or clocks: not part of the scene."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One small gray frame for detection. Belongs to the loop's thread.

    gray: uint8 (height, width), at most 320 px wide, aspect ratio kept.
    """

    gray: NDArray[np.uint8]
    at_s: float
    index: int
    """Counts the frames given to detection since the loop started."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioBlock:
    """Mono samples for sound detection, float32 in -1..1. Belongs to the loop's thread."""

    samples: NDArray[np.float32]
    rate_hz: int
    at_s: float
    """Monotonic time of the last sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a detector reports: a condition that went on, is still on, or went off.

    A one-shot (woke_up, camera_moved) is sent once with `active=True` and `momentary=True`.
    """

    kind: EventKind
    active: bool
    at_s: float
    score: float = 1.0
    severity: Severity = Severity.INFO
    zone: str | None = None
    momentary: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain figures for diagnostics (sizes, levels); never shown as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the senses know at one moment; about one a second leaves the loop's thread.

    None always means "not known", never "no".
    """

    at_s: float
    motion: bool = False
    activity_level: float = 0.0
    """0-100: share of the crib region that moves, on a perceptual scale; see detectors/motion.py."""
    activity: Activity = Activity.STILL
    occupancy: bool | None = None
    sound: bool | None = None
    crying: bool | None = None
    sound_level_dbfs: float | None = None
    micro_motion: bool | None = None
    lens_covered: bool = False
    too_dark: bool = False
    frozen: bool = False
    moved: bool = False
    infrared: bool | None = None
    visible: bool = True
    """False while covered, dark, frozen or just moved: what is not seen is not calm."""
    visitor: bool = False
    """A large body is in the room: what moves need not be the child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFigures:
    """Figures of the frame loop over the last minute. Lag is lateness against the camera's own clock."""

    frame_rate_fps: float
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    frames_total: int
    frames_detected: int
    packets_dropped: int
    reconnects: int
    viewers: int
    viewers_cut: int
    second_source: str | None = None
    """`live`, or why the second source for detection delivers nothing; None where none is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture as JPEG with the time at which its frame arrived."""

    jpeg: bytes
    size_wh: tuple[int, int]
    at_s: float
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorEvent:
    """One change of one incident: what entities, the bus, the logbook and the store receive.

    `title` and `description` are None for local findings: the glue words them in the home's language
    by `kind`. A model's own words are bounded, plain text.
    """

    event_id: str
    kind: EventKind
    phase: Phase
    severity: Severity
    status: Status
    provider: str
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    score: float | None = None
    zone: str | None = None
    title: str | None = None
    description: str | None = None
    action_needed: str | None = None
    end_reason: str | None = None
    """Why it ended where not by its detector: camera_lost, privacy, reload, shutdown, restart, timeout."""
    notable: bool = False
    """True when the event entity fires for it: opened, or a severity that rises, or a changed status."""
    clip: str | None = None
    snapshot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one answered (or billed) call used. None: the provider does not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None


class Posture(StrEnum):
    """Body position as a model saw it."""

    ON_BACK = "on_back"
    ON_SIDE = "on_side"
    ON_STOMACH = "on_stomach"
    SITTING = "sitting"
    STANDING = "standing"
    CRAWLING = "crawling"
    HELD = "held"
    UNKNOWN = "unknown"


class SkillCategory(StrEnum):
    """Development categories (design)."""

    GROSS_MOTOR = "gross_motor"
    FINE_MOTOR = "fine_motor"
    COGNITION = "cognition"
    LANGUAGE = "language"
    SOCIAL_EMOTIONAL = "social_emotional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A validated answer to a frame check. Only ever made by a provider from an answer that validates.

    `safety` is None where the provider cannot judge it (local): unknown, never "safe".
    `taken_at`/`taken_at_s` are those of the judged frame, not of the answer.
    """

    provider: str
    model: str | None
    taken_at: datetime
    taken_at_s: float
    latency_s: float
    safety: Severity | None
    title: str | None
    description: str | None
    concerns: tuple[str, ...] = ()
    hazard: EventKind | None = None
    """The closest incident kind for a warning or danger: face_covered, on_stomach, climbing, hazard."""
    activity: str | None = None
    location: str | None = None
    posture: Posture = Posture.UNKNOWN
    face_visible: bool | None = None
    child_in_view: bool | None = None
    observation: str | None = None
    observation_category: SkillCategory | None = None
    action_needed: str | None = None
    confidence: float | None = None
    usage: Usage = Usage()
