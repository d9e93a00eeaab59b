"""The answer of a model to a window: asked for, validated, and turned into a WindowReport. Pure.

Its offsets are seconds of the clip; the report's are true seconds of the window. Nothing is taken over that names no
entry of the timeline, and the score is computed here, never read.
"""

from dataclasses import dataclass
from datetime import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..errors import AnalysisError, AnalysisFailure, Remedy
from ..models import SkillCategory, Usage
from ..score import Grade, safety_score
from ..windows.bounds import Window
from ..windows.clip import ClipMap
from ..windows.report import ReportIncident, SkillSeen, Span, Statement, TimelineEntry, WindowReport
from .text import plain

ANSWER_MAX_CHARS = 100_000
TIMELINE_MAX = 60
INCIDENTS_MAX = 20
SUMMARY_MAX = 8
RECOMMENDATIONS_MAX = 3
SKILLS_MAX = 20
SPANS_MAX = 40
HAZARDS_MAX = 8
EVIDENCE_MAX = 6

_WHAT_MAX = 240
_SENTENCE_MAX = 400
_WORD_MAX = 80
_ID_MAX = 12
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")

type Visibility = Literal["clear", "partial", "unclear", "none"]
type GradeName = Literal["accident", "danger", "caution", "recommendation"]
type SleepName = Literal["asleep", "awake", "away", "unknown"]
type CategoryName = Literal["gross_motor", "fine_motor", "cognition", "language", "social_emotional"]
type LevelName = Literal["none", "initial", "middle", "skilled"]


def _seconds(value: object) -> object:
    """Models write 75, "75", "75s", "01:15" and "00:01:15" for the same moment."""
    if not isinstance(value, str):
        return value
    found = _CLOCK.fullmatch(value.strip())
    if found is None:
        return value.strip().removesuffix("s").strip()
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)


def _first(count: int) -> BeforeValidator:
    """Only the first ones of a list are looked at, however many come."""
    return BeforeValidator(lambda value: value[:count] if isinstance(value, list) else value)


type Offset = Annotated[float, BeforeValidator(_seconds), Field(allow_inf_nan=False)]
type Evidence = Annotated[list[str], _first(EVIDENCE_MAX)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=False, hide_input_in_errors=True)


class EntryAnswer(_Part):
    """A line of the timeline."""

    id: str = Field(description="t1, t2, ...")
    start_s: Offset = Field(description="Seconds from the beginning of the video")
    end_s: Offset = Field(description="Seconds from the beginning of the video")
    what: str = Field(description="What is seen, one sentence")


class SpanAnswer(_Part):
    """A stretch of sleep or wake."""

    start_s: Offset
    end_s: Offset
    state: SleepName


class StretchAnswer(_Part):
    """A stretch in which something holds."""

    start_s: Offset
    end_s: Offset


class IncidentAnswer(_Part):
    """Something that was, or may have become, dangerous."""

    severity: GradeName
    start_s: Offset
    end_s: Offset
    hazard: str = Field(description="Kind of hazard, a few words")
    what: str = Field(description="What is seen, one sentence")
    resolved: bool = Field(description="Over at the end of the video?")
    safety_device: bool = Field(description="Is a device seen that makes it harmless?")


class SkillAnswer(_Part):
    """A skill that was seen."""

    category: CategoryName
    skill: str
    level: LevelName
    evidence_s: Annotated[list[Offset], _first(EVIDENCE_MAX)] = Field(description="Where in the video, seconds")


class StatementAnswer(_Part):
    """A sentence that rests on the timeline."""

    text: str
    evidence: Evidence = Field(description="ids of timeline entries; without one the sentence is dropped")


class ReportAnswer(_Part):
    """What is asked of the model: what is seen before what is concluded."""

    child_visibility: Visibility
    timeline: Annotated[list[EntryAnswer], _first(TIMELINE_MAX)]
    incidents: Annotated[list[IncidentAnswer], _first(INCIDENTS_MAX)]
    sleep: Annotated[list[SpanAnswer], _first(SPANS_MAX)]
    position_changes_s: Annotated[list[Offset], _first(SPANS_MAX)]
    carer_present: Annotated[list[StretchAnswer], _first(SPANS_MAX)]
    skills: Annotated[list[SkillAnswer], _first(SKILLS_MAX)]
    hazards: Annotated[list[str], _first(HAZARDS_MAX)] = Field(description="Hazards in the room")
    summary: Annotated[list[StatementAnswer], _first(SUMMARY_MAX)] = Field(description="Two to five sentences")
    recommendations: Annotated[list[StatementAnswer], _first(RECOMMENDATIONS_MAX)] = Field(description="At most 3")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the caller knows of the window and the call."""

    window: Window
    time_map: ClipMap
    coverage: float
    provider: str
    model: str | None
    made_at: datetime
    usage: Usage
    cost: float | None = None
    latency_s: float | None = None


def parse_report(text: str) -> ReportAnswer:
    """Validate the model's text.

    Raises:
        AnalysisError: EMPTY or UNREADABLE. The detail names fields, never the model's words.
    """
    text = text.strip()
    if not text:
        raise AnalysisError(AnalysisFailure.EMPTY, "the answer holds no text", remedy=Remedy.COUNT_UNREADABLE)
    if len(text) > ANSWER_MAX_CHARS:
        raise _unreadable(f"the answer is {len(text)} characters long")
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        text = text[text.index("\n") + 1 : -3]
    try:
        return ReportAnswer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:60]
        raise _unreadable(f"{where or 'answer'}: {first['type']}") from None


def report_of(answer: ReportAnswer, facts: ReportFacts) -> WindowReport:
    """The report: true offsets, plain bounded texts, only statements that rest on something, the score computed.

    Raises:
        AnalysisError: UNREADABLE: a child is said to be seen, but not one thing that it did.
    """
    times = _Times(facts.time_map, facts.window.length_s)
    timeline = _timeline(answer, times)
    if answer.child_visibility != "none" and not timeline:
        raise _unreadable("timeline: empty")
    known = frozenset(entry.entry_id for entry in timeline)
    summary, dropped_summary = _statements(answer.summary, known)
    recommendations, dropped_recommendations = _statements(answer.recommendations, known)
    incidents = tuple(_incident(item, times) for item in answer.incidents)
    return WindowReport(
        provider=facts.provider,
        model=facts.model,
        made_at=facts.made_at,
        start_at=facts.window.start_at,
        end_at=facts.window.end_at,
        coverage=facts.coverage,
        child_visibility=answer.child_visibility,
        summary=summary,
        timeline=timeline,
        incidents=tuple(sorted(incidents, key=lambda item: item.start_s)),
        sleep=tuple(times.span(item, item.state) for item in answer.sleep),
        position_changes_s=tuple(sorted(times.moment(item) for item in answer.position_changes_s)),
        carer_present=tuple(times.span(item, "present") for item in answer.carer_present),
        skills=_skills(answer, times),
        hazards=tuple(text for item in answer.hazards if (text := plain(item, _WORD_MAX))),
        recommendations=recommendations,
        score=_score(answer.child_visibility, incidents),
        usage=facts.usage,
        cost=facts.cost,
        latency_s=facts.latency_s,
        statements_dropped=dropped_summary + dropped_recommendations,
        offsets_clamped=times.clamped,
    )


class _Times:
    """Clip seconds to window seconds; counts what lay outside the clip."""

    def __init__(self, time_map: ClipMap, length_s: float) -> None:
        self._map = time_map
        self._length_s = length_s
        self.clamped = 0

    def moment(self, clip_s: float) -> float:
        if not -0.001 <= clip_s <= self._map.clip_length_s + 1 / self._map.clip_fps:
            self.clamped += 1
        return min(max(0.0, self._map.window_offset_s(clip_s)), self._length_s)

    def pair(self, item: Any) -> tuple[float, float]:
        first, last = sorted((item.start_s, item.end_s))
        return self.moment(first), self.moment(last)

    def span(self, item: Any, state: str) -> Span:
        start_s, end_s = self.pair(item)
        return Span(start_s=start_s, end_s=end_s, state=state)


def _timeline(answer: ReportAnswer, times: _Times) -> tuple[TimelineEntry, ...]:
    found: dict[str, TimelineEntry] = {}
    for item in answer.timeline:
        entry_id, what = plain(item.id, _ID_MAX), plain(item.what, _WHAT_MAX)
        if entry_id and what and entry_id not in found:
            start_s, end_s = times.pair(item)
            found[entry_id] = TimelineEntry(entry_id=entry_id, start_s=start_s, end_s=end_s, what=what)
    return tuple(sorted(found.values(), key=lambda entry: (entry.start_s, entry.end_s)))


def _statements(answers: list[StatementAnswer], known: frozenset[str]) -> tuple[tuple[Statement, ...], int]:
    kept = []
    for item in answers:
        evidence = tuple(entry_id for name in item.evidence if (entry_id := plain(name, _ID_MAX)) in known)
        text = plain(item.text, _SENTENCE_MAX)
        if evidence and text:
            kept.append(Statement(text=text, evidence=evidence))
    return tuple(kept), len(answers) - len(kept)


def _incident(item: IncidentAnswer, times: _Times) -> ReportIncident:
    start_s, end_s = times.pair(item)
    return ReportIncident(
        grade=Grade(item.severity),
        start_s=start_s,
        end_s=end_s,
        hazard=plain(item.hazard, _WORD_MAX),
        what=plain(item.what, _WHAT_MAX),
        resolved=item.resolved,
        safety_device=item.safety_device,
    )


def _skills(answer: ReportAnswer, times: _Times) -> tuple[SkillSeen, ...]:
    # "none" and a skill without a place in the video say that it was not seen.
    def true_times(found: list[float]) -> tuple[float, ...]:
        return tuple(sorted(times.moment(at_s) for at_s in found))

    return tuple(
        SkillSeen(
            category=SkillCategory(item.category), skill=skill, level=item.level, evidence_s=true_times(item.evidence_s)
        )
        for item in answer.skills
        if item.level != "none" and item.evidence_s and (skill := plain(item.skill, _WORD_MAX))
    )


def _score(visibility: str, incidents: tuple[ReportIncident, ...]) -> int | None:
    """None where too little was seen to say anything: a child that was not seen was not safe, it was not seen."""
    counted = [item.grade for item in incidents if not item.safety_device]
    if visibility in ("none", "unclear") and not counted:
        return None
    return safety_score(counted)


def _unreadable(detail: str) -> AnalysisError:
    return AnalysisError(AnalysisFailure.UNREADABLE, detail, remedy=Remedy.COUNT_UNREADABLE)
