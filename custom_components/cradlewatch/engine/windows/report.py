"""What is known of a window after it was understood: value types. All offsets are true seconds inside the window."""

from dataclasses import dataclass
from datetime import datetime

from ..models import SkillCategory, Usage
from ..score import Grade

_UNKNOWN = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something that was seen, from `start_s` to `end_s`."""

    entry_id: str
    start_s: float
    end_s: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence and the timeline entries that it rests on; never without one."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIncident:
    """An incident of the window."""

    grade: Grade
    start_s: float
    end_s: float
    hazard: str
    what: str
    resolved: bool
    safety_device: bool
    """A device that makes it harmless was seen: it does not count for the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillSeen:
    """A skill of a child that was seen. level: initial, middle or skilled."""

    category: SkillCategory
    skill: str
    level: str
    evidence_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the window. state: asleep, awake, away or unknown."""

    start_s: float
    end_s: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowReport:
    """The report of one window. `score` is computed by code; None where nothing judged safety."""

    provider: str
    model: str | None
    made_at: datetime
    start_at: datetime
    end_at: datetime
    coverage: float
    child_visibility: str
    """clear, partial, unclear or none."""
    summary: tuple[Statement, ...]
    timeline: tuple[TimelineEntry, ...]
    incidents: tuple[ReportIncident, ...] = ()
    sleep: tuple[Span, ...] = ()
    position_changes_s: tuple[float, ...] = ()
    carer_present: tuple[Span, ...] = ()
    skills: tuple[SkillSeen, ...] = ()
    hazards: tuple[str, ...] = ()
    recommendations: tuple[Statement, ...] = ()
    score: int | None = None
    usage: Usage = _UNKNOWN
    cost: float | None = None
    latency_s: float | None = None
    statements_dropped: int = 0
    """Sentences of the model that named nothing seen."""
    offsets_clamped: int = 0
    repaired: bool = False
    """Its form was broken and put right by a second, text-only call."""
