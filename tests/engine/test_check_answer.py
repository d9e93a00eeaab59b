"""What of a schema-valid answer is believed: an alarm always, calm only where nothing speaks against it."""

import json
from typing import Any

import pytest

from custom_components.cradlewatch.engine.analysis.schema import parse_answer, verdict_of
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.models import EventKind, Severity, Usage, Verdict
from tests.engine.checks import request
from tests.servers.gemini_answers import DANGER, SAFE, WARNING


def _verdict(answer: dict[str, Any], *suspected: EventKind) -> Verdict:
    return verdict_of(
        parse_answer(json.dumps(answer)),
        request(suspected=suspected, urgent=bool(suspected)),
        provider="gemini",
        model="m",
        latency_s=1,
        usage=Usage(),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"safety": "unknown"},
        {"child_in_view": "no"},
        {"child_in_view": "unknown"},
        {"confidence": 0.2},
        {"hazard": "face_covered"},
        {"hazard": "hazard"},
    ],
)
def test_doubtful_calm_is_unknown(change: dict[str, Any]) -> None:
    assert _verdict(SAFE | change).safety is None


@pytest.mark.parametrize("change", [{}, {"confidence": 0.1}, {"child_in_view": "unknown"}, {"hazard": "none"}])
@pytest.mark.parametrize("answer", [WARNING, DANGER])
def test_alarm_is_believed_as_it_is(answer: dict[str, Any], change: dict[str, Any]) -> None:
    assert _verdict(answer | change).safety is Severity(answer["safety"])


def test_face_that_is_not_seen_dismisses_no_suspicion() -> None:
    hidden = SAFE | {"face_visible": "unknown"}
    assert _verdict(hidden).safety is Severity.SAFE
    assert _verdict(hidden, EventKind.FACE_COVERED).safety is None
    assert _verdict(SAFE, EventKind.FACE_COVERED).safety is Severity.SAFE


def test_unknown_posture_dismisses_no_suspicion() -> None:
    assert _verdict(SAFE | {"posture": "unknown"}, EventKind.ON_STOMACH).safety is None
    assert _verdict(SAFE, EventKind.ON_STOMACH).safety is Severity.SAFE


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 1.1},
        {"confidence": -0.1},
        {"confidence": float("nan")},
        {"confidence": float("inf")},
        {"confidence": 10**400},
        {"title": ""},
        {"title": "<b></b>"},
        {"description": "\u202e"},
        {"concerns": "none"},
        {"posture": "upside_down"},
    ],
)
def test_refused(change: dict[str, Any]) -> None:
    with pytest.raises(AnalysisError) as caught:
        _verdict(SAFE | change)
    assert caught.value.failure is AnalysisFailure.UNREADABLE


def test_refusal_never_quotes_the_model() -> None:
    with pytest.raises(AnalysisError) as caught:
        parse_answer(json.dumps(SAFE | {"safety": "<script>SECRET</script>"}))
    assert "SECRET" not in str(caught.value)


def test_concerns_are_few_and_short() -> None:
    verdict = _verdict(DANGER | {"concerns": ["x" * 9000 if i == 0 else f"<b>{i}</b>" for i in range(1, 900)]})
    assert len(verdict.concerns) == 5
    assert all(len(concern) <= 160 and "<" not in concern for concern in verdict.concerns)


def test_empty_strings_are_none() -> None:
    verdict = _verdict(SAFE | {"observation": "", "action_needed": " ", "activity": "", "location": ""})
    assert verdict.observation is None
    assert verdict.action_needed is None
    assert verdict.activity is None
    assert verdict.location is None
