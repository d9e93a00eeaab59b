"""What a model's report tells anew: incidents that nobody told, skills seen for the first time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import io
import re
from typing import TYPE_CHECKING

from av.error import FFmpegError
from homeassistant.util import dt as dt_util

from .engine.incident import HAZARD_KINDS
from .engine.models import EventKind, MonitorEvent, Phase, Picture, Severity, Status
from .engine.pictures import rgb_image
from .engine.score import Grade
from .engine.source.own_decoder import pictures_of
from .engine.windows.clip import WindowClip
from .engine.windows.report import ReportIncident, SkillSeen, WindowReport

if TYPE_CHECKING:
    from .monitor import CribMonitor

_SEVERITY = {Grade.ACCIDENT: Severity.DANGER, Grade.DANGER: Severity.DANGER, Grade.CAUTION: Severity.WARNING}
_SLACK = timedelta(seconds=15)
"""A frame check is late by about this much, and a model's offsets are not exact."""
_INCIDENTS_MAX = 5
_MILESTONES_MAX = 2
_FRESH = timedelta(minutes=30)
"""What is older stands in its report and disturbs nobody."""
_SKILLS_KEPT = 300
_LEVELS = ("initial", "middle", "skilled")


def untold(report: WindowReport, events: Sequence[MonitorEvent]) -> list[ReportIncident]:
    """The model's incidents, worst first, that no event of the window tells already. Recommendations are none."""
    told = [
        event
        for event in events
        if event.kind in HAZARD_KINDS
        and event.severity.rank >= Severity.WARNING.rank
        and event.status is not Status.DISMISSED
    ]
    found = [
        item
        for item in report.incidents
        if item.grade in _SEVERITY and not item.safety_device and not any(_same(report, item, event) for event in told)
    ]
    found.sort(key=lambda item: (list(_SEVERITY).index(item.grade), item.start_s))
    return found[:_INCIDENTS_MAX]


def _same(report: WindowReport, item: ReportIncident, event: MonitorEvent) -> bool:
    start_at = report.start_at + timedelta(seconds=item.start_s)
    end_at = report.start_at + timedelta(seconds=item.end_s)
    ended_at = event.ended_at or datetime.max.replace(tzinfo=UTC) - _SLACK
    return event.started_at - _SLACK <= end_at and start_at <= ended_at + _SLACK


def skill_key(skill: SkillSeen) -> str:
    """One key for "Rolls over" and "rolling over": lower case, without endings."""
    words = re.findall(r"\w+", skill.skill.casefold())
    return f"{skill.category.value}:{' '.join(re.sub(r'(ing|es|s)$', '', word) or word for word in words)}"


def new_skills(skills: Iterable[SkillSeen], known: dict[str, str]) -> list[tuple[str, SkillSeen]]:
    """Skills that were not seen before, or on a lower level; a few for a window, the rest when it is seen again."""
    found: dict[str, SkillSeen] = {}
    for skill in skills:
        key = skill_key(skill)
        if skill.level in _LEVELS and _rank(skill.level) > _rank(known.get(key)):
            found.setdefault(key, skill)
    return list(found.items())[:_MILESTONES_MAX]


def with_skills(known: dict[str, str], seen: Iterable[tuple[str, SkillSeen]]) -> dict[str, str]:
    """`known` with what was told now, bounded: the oldest go."""
    merged = {**known, **{key: skill.level for key, skill in seen}}
    return dict(list(merged.items())[-_SKILLS_KEPT:])


def _rank(level: str | None) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


async def async_tell(
    monitor: CribMonitor, report: WindowReport, events: Sequence[MonitorEvent], clip: WindowClip | None, clip_url: str
) -> int:
    """Raise the incidents of a fresh report at their true times, with the picture of the moment; how many."""
    if dt_util.utcnow() - report.end_at > _FRESH:
        return 0
    told = 0
    for item in untold(report, events):
        changes = _raise(monitor, report, item)
        if not changes:
            continue
        told += 1
        opened = changes[0]
        picture = None
        if clip is not None and clip.mp4:
            picture = await monitor.hass.async_add_executor_job(still, clip, item.start_s, report.start_at)
        # Without one it stays empty: a picture of now would be of something else.
        snapshot = (await monitor.footage.async_save(opened.event_id, picture) if picture else None) or ""
        url = f"{clip_url}#t={_clip_second(clip, item.start_s)}" if clip is not None and clip.mp4 else None
        monitor.tracker.set_media(opened.event_id, clip=url, snapshot=snapshot, now_at=dt_util.utcnow())
        monitor.desk.publish(replace(event, clip=url, snapshot=snapshot) for event in changes)
    return told


def _raise(monitor: CribMonitor, report: WindowReport, item: ReportIncident) -> tuple[MonitorEvent, ...]:
    if monitor.tracker.active(EventKind.HAZARD):
        return ()
    at = report.start_at + timedelta(seconds=item.start_s)
    return monitor.tracker.raise_event(
        EventKind.HAZARD,
        severity=_SEVERITY[item.grade],
        now_at=at,
        now_s=monitor.monotonic_of(at),
        title=item.hazard or item.what,
        description=item.what,
        provider=report.provider,
        status=Status.CONFIRMED,
    )


def raise_milestone(monitor: CribMonitor, report: WindowReport, skill: SkillSeen) -> None:
    """Tell of a skill, at the moment at which it was seen."""
    at = report.start_at + timedelta(seconds=skill.evidence_s[0] if skill.evidence_s else 0.0)
    events = monitor.tracker.raise_event(
        EventKind.MILESTONE,
        severity=Severity.INFO,
        now_at=at,
        now_s=monitor.monotonic_of(at),
        title=skill.skill,
        description=f"{skill.category.value.replace('_', ' ')}: {skill.level}",
        provider=report.provider,
        status=Status.CONFIRMED,
    )
    monitor.desk.publish(replace(event, snapshot="") if event.phase is Phase.OPENED else event for event in events)


def still(clip: WindowClip, offset_s: float, start_at: datetime) -> Picture | None:
    """The picture of a clip at a true offset; None where it cannot be read. Blocking."""
    number = _clip_second(clip, offset_s)
    try:
        for index, frame in enumerate(pictures_of(clip.path)):
            if index >= number:
                out = io.BytesIO()
                rgb_image(frame).save(out, "JPEG", quality=85)
                taken_at = start_at + timedelta(seconds=clip.time_map.offsets_s[number])
                return Picture(jpeg=out.getvalue(), size_wh=(frame.width, frame.height), at_s=0.0, taken_at=taken_at)
    except OSError, FFmpegError:
        return None
    return None


def _clip_second(clip: WindowClip | None, offset_s: float) -> int:
    """The frame, and so the second, of the clip that shows a true offset."""
    return max(0, sum(at_s <= offset_s for at_s in clip.time_map.offsets_s) - 1) if clip else 0
