"""Every answer of the wire becomes a verdict or one named failure; never a "safe" that nobody gave."""

import logging
import time
import traceback

import pytest

from custom_components.cradlewatch.engine.analysis.gemini import GeminiProvider
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure, Remedy
from custom_components.cradlewatch.engine.models import EventKind, Posture, Severity, SkillCategory
from tests.engine.checks import KEY, MODEL, request, run
from tests.servers.gemini import GeminiServer

FAILURES = {
    "429": (AnalysisFailure.RATE_LIMITED, Remedy.RETRY_LATER, 17.0),
    "429_daily": (AnalysisFailure.DAILY_QUOTA, Remedy.TELL_USER, None),
    "500": (AnalysisFailure.SERVER_ERROR, Remedy.RETRY_LATER, None),
    "500-then-ok": (AnalysisFailure.SERVER_ERROR, Remedy.RETRY_LATER, None),
    "503": (AnalysisFailure.SERVER_ERROR, Remedy.RETRY_LATER, None),
    "504": (AnalysisFailure.TIMEOUT, Remedy.RETRY_LATER, None),
    "502_html": (AnalysisFailure.SERVER_ERROR, Remedy.RETRY_LATER, None),
    "200_html": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "invalid_key": (AnalysisFailure.INVALID_KEY, Remedy.NEW_KEY, None),
    "expired_key": (AnalysisFailure.INVALID_KEY, Remedy.NEW_KEY, None),
    "401": (AnalysisFailure.INVALID_KEY, Remedy.NEW_KEY, None),
    "403_leaked": (AnalysisFailure.INVALID_KEY, Remedy.NEW_KEY, None),
    "403": (AnalysisFailure.FORBIDDEN, Remedy.TELL_USER, None),
    "region": (AnalysisFailure.FORBIDDEN, Remedy.TELL_USER, None),
    "404_model": (AnalysisFailure.MODEL_NOT_FOUND, Remedy.TELL_USER, None),
    "400": (AnalysisFailure.REQUEST_REJECTED, Remedy.RETRY_LATER, None),
    "too_large": (AnalysisFailure.REQUEST_REJECTED, Remedy.RETRY_LATER, None),
    "safety_block": (AnalysisFailure.BLOCKED, Remedy.COUNT_UNREADABLE, None),
    "safety_finish": (AnalysisFailure.BLOCKED, Remedy.COUNT_UNREADABLE, None),
    "recitation": (AnalysisFailure.BLOCKED, Remedy.COUNT_UNREADABLE, None),
    "truncated": (AnalysisFailure.TRUNCATED, Remedy.COUNT_UNREADABLE, None),
    "empty": (AnalysisFailure.EMPTY, Remedy.COUNT_UNREADABLE, None),
    "empty_text": (AnalysisFailure.EMPTY, Remedy.COUNT_UNREADABLE, None),
    "not_json": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:enum": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:types": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:missing": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:null": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:list": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "wrong_schema:number": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "deep": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "huge": (AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE, None),
    "reset": (AnalysisFailure.UNREACHABLE, Remedy.RETRY_LATER, None),
    "reset_mid": (AnalysisFailure.UNREACHABLE, Remedy.RETRY_LATER, None),
    "hang": (AnalysisFailure.TIMEOUT, Remedy.RETRY_LATER, None),
    "drip": (AnalysisFailure.TIMEOUT, Remedy.RETRY_LATER, None),
    "slow:9": (AnalysisFailure.TIMEOUT, Remedy.RETRY_LATER, None),
}


@pytest.mark.parametrize("scenario", FAILURES)
def test_failure_by_name(gemini: GeminiServer, caplog: pytest.LogCaptureFixture, scenario: str) -> None:
    caplog.set_level(logging.DEBUG)
    gemini.answer_with(scenario)
    provider = GeminiProvider(KEY, MODEL)
    limit_s = 0.6 if scenario in ("hang", "drip", "slow:9") else 5.0
    started_s = time.monotonic()

    with pytest.raises(AnalysisError) as caught:
        run(lambda: provider.check(request(timeout_s=limit_s)), limit_s)

    error = caught.value
    assert (error.failure, error.remedy, error.retry_after_s) == FAILURES[scenario]
    assert time.monotonic() - started_s < limit_s + 3
    assert len(str(error)) < 300
    assert gemini.checks_received == 1, "a failed call is never sent again"
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(provider) + caplog.text
    assert KEY not in told
    assert "<html" not in told


ANSWERS = {
    "ok": Severity.SAFE,
    "info": Severity.INFO,
    "warning": Severity.WARNING,
    "danger": Severity.DANGER,
    "fenced": Severity.SAFE,
    "multi_parts": Severity.SAFE,
    "thought_parts": Severity.SAFE,
    "extra": Severity.SAFE,
    "prompt_injection": Severity.SAFE,
}


@pytest.mark.parametrize(("scenario", "safety"), ANSWERS.items())
def test_answer_becomes_a_verdict(gemini: GeminiServer, scenario: str, safety: Severity) -> None:
    gemini.answer_with(scenario)
    asked = request()

    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(asked))

    assert verdict.safety is safety
    assert (verdict.provider, verdict.model) == ("gemini", MODEL)
    assert (verdict.taken_at, verdict.taken_at_s) == (asked.newest.taken_at, asked.newest.at_s)
    assert verdict.usage.tokens_in
    assert verdict.usage.tokens_out
    assert gemini.checks_received == 1


def test_danger_says_what_and_what_to_do(gemini: GeminiServer) -> None:
    gemini.answer_with("danger")
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.hazard is EventKind.FACE_COVERED
    assert verdict.face_visible is False
    assert verdict.concerns == ("A blanket covers nose and mouth",)
    assert verdict.action_needed == "Go now and take the blanket off the face."
    assert verdict.confidence == pytest.approx(0.9)


def test_observation_and_posture(gemini: GeminiServer) -> None:
    gemini.answer_with("info")
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.posture is Posture.STANDING
    assert verdict.observation_category is SkillCategory.GROSS_MOTOR
    assert verdict.observation is not None
    assert verdict.child_in_view is True


def test_thoughts_are_not_the_answer_but_are_paid(gemini: GeminiServer) -> None:
    """The thought of this answer holds a whole danger verdict."""
    gemini.answer_next("ok", "thought_parts")
    provider = GeminiProvider(KEY, MODEL)
    plain = run(lambda: provider.check(request()))
    thought = run(lambda: provider.check(request()))
    assert thought.safety is plain.safety
    assert (thought.usage.tokens_out or 0) > (plain.usage.tokens_out or 0) + 100


def test_injected_text_is_plain_and_bounded(gemini: GeminiServer) -> None:
    gemini.answer_with("prompt_injection")
    verdict = run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert verdict.title is not None
    assert verdict.description is not None
    assert len(verdict.title) <= 120
    assert len(verdict.description) <= 600
    for text in (verdict.title, verdict.description, verdict.action_needed or ""):
        for forbidden in ("<", "{{", "{%", "\x00", "\x1b", "\u202e", "\u2066", "javascript:"):
            assert forbidden not in text


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    started_s = time.monotonic()
    with pytest.raises(AnalysisError) as caught:
        run(lambda: GeminiProvider(KEY, MODEL).check(request()))
    assert caught.value.failure is AnalysisFailure.UNREACHABLE
    assert time.monotonic() - started_s < 1, "the SDK's hidden second try takes 1 to 10 s"


def test_answer_from_another_host_gets_no_key(gemini: GeminiServer) -> None:
    """A log-in page of a hotel: the request is led elsewhere, and its key must not follow."""
    with GeminiServer() as portal:
        gemini.answer_with(f"redirect:{portal.url}/v1beta/models/{MODEL}:generateContent")
        with pytest.raises(AnalysisError) as caught:
            run(lambda: GeminiProvider(KEY, MODEL).check(request()))
        assert portal.requests == []
    assert caught.value.failure is AnalysisFailure.UNREACHABLE
