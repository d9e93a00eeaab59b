"""The tracker's own record of one incident, from its first sign until nothing can merge with it any more."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from .models import EventKind, MonitorEvent, Phase, Severity, Status

MOMENTARY_KINDS = frozenset(
    {
        EventKind.WOKE_UP,
        EventKind.FELL_ASLEEP,
        EventKind.BACK_IN_VIEW,
        EventKind.CAMERA_BACK,
        EventKind.CAMERA_MOVED,
        EventKind.STAGE_CHANGED,
        EventKind.MILESTONE,
        EventKind.TEST,
    }
)
"""Happenings, not conditions: opened and ended in one go."""

HAZARD_KINDS = frozenset({EventKind.FACE_COVERED, EventKind.ON_STOMACH, EventKind.CLIMBING, EventKind.HAZARD})
"""A detector only ever suspects these."""

NEVER_MERGED = frozenset({EventKind.STAGE_CHANGED, EventKind.MILESTONE, EventKind.TEST})
"""Each of these is a happening of its own, however close together."""

JUDGED_IF_SERIOUS = frozenset({EventKind.MOTION, EventKind.ZONE_ENTERED, EventKind.OUT_OF_VIEW})
"""Suspicions when serious. All other kinds are plain facts: no picture refutes that a child cries."""

OF_THE_SYSTEM = frozenset({EventKind.CAMERA_LOST, EventKind.AI_UNAVAILABLE, EventKind.BUDGET_SPENT})
"""These go on while there is no picture."""

TITLE_MAX = 120
DESCRIPTION_MAX = 600
ACTION_MAX = 200


class Stage(Enum):
    """Where a record is; not the public phase."""

    ACTIVE = auto()
    """Something still says that it is on."""
    QUIET = auto()
    """Off, but within its merge time: `ended` was not told yet, and it may go on again."""
    CLOSED = auto()
    """`ended` was told; the same kind within the merge time takes it up again."""


def clip_text(text: str | None, limit: int) -> str | None:
    """`text` as one plain line of at most `limit` characters; None for nothing."""
    if text is None:
        return None
    plain = "".join(char if char.isprintable() else " " for char in text[: limit * 4])
    plain = " ".join(plain.split())
    if len(plain) > limit:
        plain = plain[: limit - 1].rstrip() + "…"
    return plain or None


LOCAL = "local"
"""Who says it where a detector, or the monitor itself, noticed it."""
PERSON = "person"
"""Who says it where a parent judged an incident: no model did."""


def _rank(severity: Severity) -> int:
    return severity.rank


@dataclass(slots=True, kw_only=True)
class Incident:
    """Mutable, owned by the tracker, never handed out: `event()` makes the value that leaves.

    Two may hold it on: the local side (a detector, or who raised it) and a model. It is on while one of them does.
    """

    event_id: str
    kind: EventKind
    zone: str | None
    severity: Severity
    status: Status
    provider: str
    started_at: datetime
    on_s: float
    """Monotonic time at which it last went on: an older picture cannot speak about it."""
    told: Severity
    """How serious the listener believes it to be now; a rise over this is notable."""
    stage: Stage = Stage.ACTIVE
    held_by: set[str | None] = field(default_factory=set)
    """Zones in which the local side says that it is on."""
    held_model: bool = False
    renewed_s: float = 0.0
    off_at: datetime | None = None
    off_s: float = 0.0
    end_reason: str | None = None
    score: float | None = None
    title: str | None = None
    description: str | None = None
    action_needed: str | None = None
    clip: str | None = None
    snapshot: str | None = None

    @property
    def held_local(self) -> bool:
        """Does a detector, or who raised it, still say that it is on."""
        return bool(self.held_by)

    def raise_to(self, severity: Severity) -> bool:
        """Take over a higher severity; True when it is more than the listener believes."""
        rises = severity.rank > self.told.rank
        self.told = max(self.told, severity, key=_rank)
        self.severity = max(self.severity, severity, key=_rank)
        return rises

    def go_on(self, at_s: float) -> None:
        """On, or on again."""
        if self.stage is not Stage.ACTIVE:
            self.on_s = at_s
        self.stage = Stage.ACTIVE
        self.off_at = None
        self.end_reason = None

    def go_off(self, stage: Stage, at: datetime, at_s: float, reason: str | None = None) -> None:
        """Off since `at`; never before its start, whatever the wall clock did in between."""
        self.held_by.clear()
        self.held_model = False
        self.stage = stage
        self.off_at = max(at, self.started_at)
        self.off_s = at_s
        self.end_reason = reason

    def say(self, title: str | None, description: str | None, action_needed: str | None, provider: str) -> None:
        """Take over bounded words and who says them."""
        self.title = clip_text(title, TITLE_MAX)
        self.description = clip_text(description, DESCRIPTION_MAX)
        self.action_needed = clip_text(action_needed, ACTION_MAX)
        self.provider = provider

    def event(self, phase: Phase, changed_at: datetime, *, notable: bool = False) -> MonitorEvent:
        """The public value of its present state."""
        return MonitorEvent(
            event_id=self.event_id,
            kind=self.kind,
            phase=phase,
            severity=self.severity,
            status=self.status,
            provider=self.provider,
            started_at=self.started_at,
            changed_at=changed_at,
            ended_at=self.off_at if self.stage is Stage.CLOSED else None,
            score=self.score,
            zone=self.zone,
            title=self.title,
            description=self.description,
            action_needed=self.action_needed,
            end_reason=self.end_reason if self.stage is Stage.CLOSED else None,
            notable=notable,
            clip=self.clip,
            snapshot=self.snapshot,
        )
