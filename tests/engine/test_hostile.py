"""A hostile corpus over the wire, through provider, judge and tracker: nothing over its bound, nothing raised."""

from datetime import timedelta
import json

import pytest

from custom_components.cradlewatch.engine.analysis import CheckContext, EarlierVerdict
from custom_components.cradlewatch.engine.analysis.gemini import GeminiProvider
from custom_components.cradlewatch.engine.analysis.prompt import context_text
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.models import Severity, Verdict
from custom_components.cradlewatch.engine.safety import SafetyJudge
from custom_components.cradlewatch.engine.settings import SafetySettings, TrackerSettings
from custom_components.cradlewatch.engine.tracker import IncidentTracker
from tests.engine.checks import KEY, MODEL, START, request, run
from tests.engine.hostile import DEEP, FORBIDDEN, LIES, TEXTS, filled
from tests.servers.gemini import GeminiServer

LIMITS = {"title": 120, "description": 600, "action_needed": 300, "observation": 600, "activity": 80, "location": 80}


def _words(verdict: Verdict) -> list[str]:
    return [text for name in LIMITS if (text := getattr(verdict, name))] + list(verdict.concerns)


@pytest.mark.parametrize("danger", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_text_in_every_field(gemini: GeminiServer, name: str, danger: bool) -> None:
    gemini.answer_with(filled("Child. " + TEXTS[name][:100], danger=danger))
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.safety is (Severity.DANGER if danger else Severity.SAFE), "words move no severity"
    assert len(verdict.concerns) <= 5
    for field, limit in LIMITS.items():
        assert len(getattr(verdict, field) or "") <= limit
    for text in _words(verdict):
        assert not [mark for mark in FORBIDDEN if mark in text]

    tracker = IncidentTracker(TrackerSettings())
    events = tracker.on_verdict(verdict, START + timedelta(seconds=100), 100)
    assert bool(events) is danger
    for event in events:
        for text in (event.title or "", event.description or "", event.action_needed or ""):
            assert not [mark for mark in FORBIDDEN if mark in text]
    judge = SafetyJudge(SafetySettings())
    judge.on_verdict(verdict)
    assert judge.state(100, asleep=None, enabled=True).safety is verdict.safety

    # What a model said yesterday must not command today's.
    context = CheckContext(earlier=(EarlierVerdict(minutes_ago=1, safety=None, title=verdict.title or ""),))
    assert len(context_text(request(context=context)).splitlines()) == 2


@pytest.mark.parametrize("text", ["{{ 1 }}", "<b></b>", "\u202e", "&lt;script&gt;x"])
def test_danger_without_words_is_still_danger(gemini: GeminiServer, text: str) -> None:
    gemini.answer_next(filled(text, danger=True), filled(text))
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.safety is Severity.DANGER
    assert verdict.title is None, "the home words it by its kind"
    with pytest.raises(AnalysisError) as caught:
        run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert caught.value.failure is AnalysisFailure.UNREADABLE


@pytest.mark.parametrize("name", ["long", "combining"])
def test_too_much_text_is_no_answer(gemini: GeminiServer, name: str) -> None:
    gemini.answer_with(filled(TEXTS[name], danger=True))
    with pytest.raises(AnalysisError) as caught:
        run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert caught.value.failure is AnalysisFailure.UNREADABLE


@pytest.mark.parametrize("name", LIES)
def test_schema_valid_lies_are_not_safe(gemini: GeminiServer, name: str) -> None:
    gemini.answer_with(LIES[name])
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.safety is None
    judge = SafetyJudge(SafetySettings())
    judge.on_verdict(verdict)
    state = judge.state(100, asleep=None, enabled=True)
    assert state.safety is None
    assert state.reason == AnalysisFailure.UNSURE.value


@pytest.mark.parametrize(
    "text",
    [DEEP, DEEP[: len(DEEP) // 2], "\ufeff{}", "null", '"safe"', "\x00", "{" * 15_000, json.dumps(TEXTS), "NaN"],
    ids=range(9),
)
def test_text_that_is_no_answer(gemini: GeminiServer, text: str) -> None:
    gemini.answer_with(f"text:{text}")
    with pytest.raises(AnalysisError) as caught:
        run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert caught.value.failure is AnalysisFailure.UNREADABLE
    assert len(str(caught.value)) < 200
