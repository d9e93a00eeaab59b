"""What a sensor shows of a report or a digest never grows over Home Assistant's 16 kB, whatever a model wrote."""

from datetime import UTC, datetime, timedelta
import json

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cradlewatch.coordinator import CribState, ReportProgress
from custom_components.cradlewatch.digest_view import DIGEST_UNRECORDED, digest_details
from custom_components.cradlewatch.engine.models import SkillCategory, Usage
from custom_components.cradlewatch.engine.score import Grade
from custom_components.cradlewatch.engine.windows.digest import Digest, DigestSource, DigestSpan, SourceKind
from custom_components.cradlewatch.engine.windows.report import (
    ReportIncident,
    SkillSeen,
    Span,
    Statement,
    TimelineEntry,
    WindowReport,
)
from custom_components.cradlewatch.report_view import REPORT_UNRECORDED, view_of
from custom_components.cradlewatch.sensor import CribSensor
from custom_components.cradlewatch.sensor_reports import report_attributes

T0 = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIMIT_BYTES = 16_384


@pytest.mark.parametrize("letter", ["a", "아", "👶"])
def test_report_of_the_longest_texts(hass: HomeAssistant, letter: str) -> None:
    report = WindowReport(
        provider="gemini", model="m" * 60, made_at=T0, start_at=T0, end_at=T0 + timedelta(minutes=10), coverage=1.0,
        child_visibility="clear", summary=tuple(Statement(text=letter * 400, evidence=("t1",)) for _ in range(8)),
        timeline=tuple(
            TimelineEntry(entry_id=f"t{n}", start_s=n, end_s=n + 1, what=letter * 240) for n in range(60)
        ),
        incidents=tuple(
            ReportIncident(
                grade=Grade.DANGER, start_s=1, end_s=2, hazard=letter * 80, what=letter * 240, resolved=True,
                safety_device=False,
            ) for _ in range(20)
        ),
        sleep=tuple(Span(start_s=n, end_s=n + 1, state="asleep") for n in range(40)),
        skills=tuple(
            SkillSeen(category=SkillCategory.COGNITION, skill=letter * 80, level="middle", evidence_s=(1.0,))
            for _ in range(20)
        ),
        hazards=tuple(letter * 80 for _ in range(8)),
        recommendations=tuple(Statement(text=letter * 400, evidence=("t1",)) for _ in range(3)), score=70,
        usage=Usage(tokens_in=1, tokens_out=2),
    )  # fmt: skip
    progress = ReportProgress(stage="checking", window_start=T0, state="sending", reason=None)
    shown = report_attributes(CribState(report=view_of(report, text=letter * 2000), report_progress=progress))
    assert len(json.dumps(shown, ensure_ascii=False, default=str).encode()) <= LIMIT_BYTES
    assert shown["left_out"] > 0
    assert shown["incidents"] or shown["recommendations"], "the end of the lists goes, not all of it"
    assert {"summary", "timeline", "text", "incidents"} <= CribSensor._unrecorded_attributes | REPORT_UNRECORDED


@pytest.mark.parametrize("letter", ["a", "아", "👶"])
def test_digest_of_the_longest_texts(hass: HomeAssistant, letter: str) -> None:
    sources = tuple(
        DigestSource(source_id=f"i{n}", kind=SourceKind.INCIDENT, ref="e" * 64, at=T0, until=T0, what=letter * 240)
        for n in range(200)
    )
    digest = Digest(
        span=DigestSpan.DAY, start_at=T0, end_at=T0 + timedelta(days=1), made_at=T0, provider="gemini", model="m",
        statements=tuple(
            Statement(text=letter * 400, evidence=tuple(source.source_id for source in sources)) for _ in range(40)
        ),
        sources=sources, watched_s=1, asleep_s=1, incidents=1, lowest_score=50, statements_dropped=0,
    )  # fmt: skip
    shown = digest_details(digest)
    assert len(json.dumps(shown, ensure_ascii=False).encode()) <= LIMIT_BYTES
    assert shown["left_out"] + len(shown["sentences"]) == 40
    assert shown["sentences"]
    assert shown["text"].count("\n") == len(shown["sentences"]) - 1
    assert shown["sentences"][0]["rests_on"] == 200
    assert {"sentences", "text"} <= CribSensor._unrecorded_attributes | DIGEST_UNRECORDED
