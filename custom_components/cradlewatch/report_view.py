"""A window's report as the entity and the action show it: plain values, bounded."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.util import dt as dt_util

from .coordinator import ReportView
from .engine.windows.report import Span, WindowReport

DETAILS_MAX_BYTES = 7_800
"""With 2,000 letters of text (of up to four bytes each) all attributes stay below 16 kB."""
REPORT_UNRECORDED = frozenset(
    {
        "summary",
        "timeline",
        "incidents",
        "sleep",
        "skills",
        "hazards",
        "recommendations",
        "coverage",
        "child_visibility",
        "tokens_in",
        "tokens_out",
        "latency_s",
        "statements_dropped",
        "repaired",
        "left_out",
        "model",
        "stage",
        "window",
        "window_state",
        "window_reason",
    }
)
"""Attributes that the recorder does not keep: the store has them."""
_SHRINK = ("timeline", "incidents", "skills", "sleep", "summary")


def view_of(report: WindowReport, *, text: str = "", state: str | None = None) -> ReportView:
    """The view of a report. `text` stands where no model wrote a summary."""
    said = " ".join(statement.text for statement in report.summary)
    return ReportView(
        at=report.made_at,
        start=report.start_at,
        end=report.end_at,
        text=(said or text)[:2000],
        score=report.score,
        provider=report.provider,
        details=details_of(report, state),
    )


def details_of(report: WindowReport, state: str | None) -> dict[str, Any]:
    """What stands beside the text; never more than `DETAILS_MAX_BYTES` of JSON, cut at the end of its lists."""
    details: dict[str, Any] = {
        "state": state,
        "model": report.model,
        "coverage": round(report.coverage, 2),
        "child_visibility": report.child_visibility,
        "summary": [item.text for item in report.summary],
        "timeline": [
            {"at": _clock(report, item.start_s), "until": _clock(report, item.end_s), "what": item.what}
            for item in report.timeline
        ],
        "incidents": [
            {
                "severity": item.grade.value,
                "at": _clock(report, item.start_s),
                "offset_s": round(item.start_s, 1),
                "hazard": item.hazard,
                "what": item.what,
                "resolved": item.resolved,
                "safety_device": item.safety_device,
            }
            for item in report.incidents
        ],
        "sleep": [_span(report, item) for item in report.sleep],
        "skills": [
            {"category": item.category.value, "skill": item.skill, "level": item.level} for item in report.skills
        ],
        "hazards": list(report.hazards),
        "recommendations": [item.text for item in report.recommendations],
        "tokens_in": report.usage.tokens_in,
        "tokens_out": report.usage.tokens_out,
        "latency_s": None if report.latency_s is None else round(report.latency_s, 1),
        "statements_dropped": report.statements_dropped,
        "repaired": report.repaired,
    }
    return _bounded(details)


def _bounded(details: dict[str, Any]) -> dict[str, Any]:
    left_out = 0
    while len(json.dumps(details, ensure_ascii=False).encode()) > DETAILS_MAX_BYTES:
        name = next((key for key in _SHRINK if details[key]), None)
        if name is None:
            break
        details[name].pop()
        left_out += 1
        details["left_out"] = left_out
    return details


def _span(report: WindowReport, item: Span) -> dict[str, str]:
    return {"at": _clock(report, item.start_s), "until": _clock(report, item.end_s), "state": item.state}


def _clock(report: WindowReport, offset_s: float) -> str:
    return dt_util.as_local(report.start_at + timedelta(seconds=offset_s)).strftime("%H:%M:%S")
