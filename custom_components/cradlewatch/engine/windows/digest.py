"""Hourly and daily digests: sentences that each name what they rest on. Value types and the check; pure.

Whoever writes a sentence, code or a model, it is kept only where it names a source that exists; the rest is dropped
and counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..models import MonitorEvent, Severity, Usage
from .report import Statement, WindowReport
from .states import StoredWindow

SENTENCES_MAX = 40
SOURCES_MAX = 400
_EVIDENCE_MAX = 200
_NO_USAGE = Usage()
type Stretch = tuple[datetime, datetime]


class DigestSpan(StrEnum):
    """What a digest is of."""

    HOUR = "hour"
    DAY = "day"


class SourceKind(StrEnum):
    """What a sentence may rest on."""

    WINDOW = "window"
    REPORT = "report"
    """A sentence of a window's report; its reference names the window and the entries of its timeline."""
    INCIDENT = "incident"
    SLEEP = "sleep"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSource:
    """Something that was kept. `ref` finds it again: an event_id, a window's name with entries, a start of sleep."""

    source_id: str
    kind: SourceKind
    ref: str
    at: datetime
    until: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMaterial:
    """All that is known of the time of a digest, oldest first."""

    span: DigestSpan
    start_at: datetime
    end_at: datetime
    windows: tuple[StoredWindow, ...] = ()
    reports: tuple[tuple[StoredWindow, WindowReport], ...] = ()
    events: tuple[MonitorEvent, ...] = ()
    sleep: tuple[Stretch, ...] = ()

    @property
    def watched(self) -> timedelta:
        """Time in which pictures came."""
        return sum((_seen(item) for item in self.windows), timedelta())

    @property
    def asleep(self) -> timedelta:
        """Time asleep within the digest's own."""
        return sum((end - start for start, end in self.sleep), timedelta())

    @property
    def lowest(self) -> StoredWindow | None:
        """The window of the lowest safety score, where one was given."""
        scored = [item for item in self.windows if item.score is not None]
        return min(scored, key=lambda item: item.score or 0, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDraft:
    """Sentences as they were written, not yet checked. `model` None: by code."""

    sentences: tuple[Statement, ...]
    model: str | None = None
    usage: Usage = _NO_USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What is kept and shown. `sources` are those that its sentences rest on."""

    span: DigestSpan
    start_at: datetime
    end_at: datetime
    made_at: datetime
    provider: str
    model: str | None
    statements: tuple[Statement, ...]
    sources: tuple[DigestSource, ...]
    watched_s: float
    asleep_s: float
    incidents: int
    lowest_score: int | None
    statements_dropped: int
    usage: Usage = _NO_USAGE
    failure: str | None = None
    """Why no model wrote it, where one was asked."""

    @property
    def text(self) -> str:
        """All sentences."""
        return "\n".join(item.text for item in self.statements)


def sources_of(
    material: DigestMaterial, say_event: Callable[[MonitorEvent], str], say_window: Callable[[StoredWindow], str]
) -> tuple[DigestSource, ...]:
    """Everything that sentences may rest on, in order of time, each with its id."""
    found = [
        *(_source(SourceKind.WINDOW, item.window.name, *_bounds(item), say_window(item)) for item in material.windows),
        *_report_sources(material.reports),
        *(
            _source(
                SourceKind.INCIDENT,
                event.event_id,
                event.started_at,
                event.ended_at or material.end_at,
                say_event(event),
            )
            for event in material.events
        ),
        *(_source(SourceKind.SLEEP, start.isoformat(), start, end, "") for start, end in material.sleep),
    ]
    found.sort(key=lambda source: (source.at, source.kind, source.ref))
    counts = dict.fromkeys(SourceKind, 0)
    named = []
    for source in found:
        counts[source.kind] += 1
        named.append(_with_id(source, f"{source.kind.value[0]}{counts[source.kind]}"))
    return tuple(named)


def told_sources(sources: Sequence[DigestSource], serious: frozenset[str]) -> tuple[DigestSource, ...]:
    """The most important `SOURCES_MAX` for a model, in order of time. `serious`: references of grave incidents."""
    rank = {SourceKind.INCIDENT: 2, SourceKind.SLEEP: 1, SourceKind.WINDOW: 3, SourceKind.REPORT: 1}
    ordered = sorted(sources, key=lambda source: (0 if source.ref in serious else rank[source.kind], source.at))
    return tuple(sorted(ordered[:SOURCES_MAX], key=lambda source: source.at))


def checked(sentences: Iterable[Statement], sources: Sequence[DigestSource]) -> tuple[tuple[Statement, ...], int]:
    """The sentences that rest on something, without the ids that name nothing; and how many were dropped."""
    known = {source.source_id for source in sources}
    kept: list[Statement] = []
    dropped = 0
    for item in sentences:
        evidence = tuple(dict.fromkeys(name for name in item.evidence if name in known))[:_EVIDENCE_MAX]
        if evidence and item.text and len(kept) < SENTENCES_MAX:
            kept.append(Statement(text=item.text, evidence=evidence))
        else:
            dropped += 1
    return tuple(kept), dropped


def digest_of(
    material: DigestMaterial,
    sources: Sequence[DigestSource],
    draft: DigestDraft,
    *,
    provider: str,
    made_at: datetime,
    failure: str | None = None,
) -> Digest:
    """The digest of a draft: only what rests on a source is taken over."""
    statements, dropped = checked(draft.sentences, sources)
    used = {name for item in statements for name in item.evidence}
    lowest = material.lowest
    return Digest(
        span=material.span,
        start_at=material.start_at,
        end_at=material.end_at,
        made_at=made_at,
        provider=provider,
        model=draft.model,
        statements=statements,
        sources=tuple(source for source in sources if source.source_id in used),
        watched_s=material.watched.total_seconds(),
        asleep_s=material.asleep.total_seconds(),
        incidents=sum(event.severity.rank >= Severity.WARNING.rank for event in material.events),
        lowest_score=None if lowest is None else lowest.score,
        statements_dropped=dropped,
        usage=draft.usage,
        failure=failure,
    )


def _report_sources(reports: Sequence[tuple[StoredWindow, WindowReport]]) -> list[DigestSource]:
    found = []
    for row, report in reports:
        times = {entry.entry_id: entry for entry in report.timeline}
        for item in report.summary:
            seen = [times[name] for name in item.evidence if name in times]
            if not seen:
                continue
            start_s, end_s = min(entry.start_s for entry in seen), max(entry.end_s for entry in seen)
            ref = f"{row.window.name}/{'+'.join(entry.entry_id for entry in seen)}"
            start_at = row.window.start_at
            found.append(
                _source(
                    SourceKind.REPORT,
                    ref,
                    start_at + timedelta(seconds=start_s),
                    start_at + timedelta(seconds=end_s),
                    item.text,
                )
            )
    return found


def _source(kind: SourceKind, ref: str, at: datetime, until: datetime, what: str) -> DigestSource:
    return DigestSource(source_id="", kind=kind, ref=ref, at=at, until=until, what=what)


def _with_id(source: DigestSource, source_id: str) -> DigestSource:
    return DigestSource(
        source_id=source_id, kind=source.kind, ref=source.ref, at=source.at, until=source.until, what=source.what
    )


def _bounds(item: StoredWindow) -> Stretch:
    return item.window.start_at, item.window.end_at


def _seen(item: StoredWindow) -> timedelta:
    return timedelta(seconds=item.window.length_s * (item.coverage or 0.0))
