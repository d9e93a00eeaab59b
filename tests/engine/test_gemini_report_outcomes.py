"""The outcome table once more, for window reports; and that the table is whole."""

import pytest

from custom_components.cradlewatch.engine.analysis.gemini_report import GeminiReporter
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.windows.clip import WindowClip
from tests.engine.checks import KEY, MODEL, run
from tests.engine.test_gemini_outcomes import ANSWERS, FAILURES
from tests.engine.test_report_schema import WINDOW, answer, clip, request  # noqa: F401
from tests.servers.gemini import GeminiServer

# Rows of the measured table of google-genai's outcomes (2.25.0 and 3.4.0) that a single call can end in.
MEASURED = (
    *("ok", "danger", "prompt_injection", "huge", "slow", "hang", "429", "429_daily", "500-then-ok", "500", "503"),
    *("502_html", "200_html", "invalid_key", "403", "404_model", "safety_block", "safety_finish", "recitation"),
    *("truncated", "not_json", "fenced", "empty", "empty_text", "multi_parts", "thought_parts", "wrong_schema"),
    *("reset", "reset_mid", "drip"),
)
SLOW = ("hang", "drip", "slow:9")


def test_every_measured_row_has_its_test() -> None:
    tested = {name.partition(":")[0] for name in (*FAILURES, *ANSWERS)}
    assert not set(MEASURED) - tested


@pytest.mark.parametrize("scenario", FAILURES)
def test_failure_by_name(gemini: GeminiServer, scenario: str, clip: WindowClip) -> None:  # noqa: F811
    gemini.answer_with(scenario)
    limit_s = 0.6 if scenario in SLOW else 5.0
    reporter = GeminiReporter(KEY, MODEL)
    with pytest.raises(AnalysisError) as caught:
        run(lambda: reporter.work(request(clip, timeout_s=limit_s)), limit_s)
    error = caught.value
    assert (error.failure, error.remedy, error.retry_after_s) == FAILURES[scenario]
    assert gemini.checks_received == 1, "a failed call is never sent again"
    assert KEY not in f"{error!r}{reporter!r}"


@pytest.mark.parametrize("scenario", ["ok", "danger", "fenced", "multi_parts", "thought_parts", "prompt_injection"])
def test_answer_to_another_question_is_no_report(gemini: GeminiServer, scenario: str, clip: WindowClip) -> None:  # noqa: F811
    """Schema-valid for a frame check, and nothing for a window."""
    gemini.answer_with(scenario)
    with pytest.raises(AnalysisError) as caught:
        run(lambda: GeminiReporter(KEY, MODEL).work(request(clip)))
    assert caught.value.failure is AnalysisFailure.UNREADABLE


def test_report(gemini: GeminiServer, clip: WindowClip) -> None:  # noqa: F811
    gemini.answer_with(answer())
    report = run(lambda: GeminiReporter(KEY, MODEL).work(request(clip)))
    assert (report.provider, report.start_at) == ("gemini", WINDOW.start_at)
    assert report.summary
