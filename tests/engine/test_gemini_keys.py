"""Is a key good? Asked by calls that cost nothing, answered by name."""

import pytest

from custom_components.cradlewatch.engine.analysis.keys import check_key, list_models
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from tests.engine.checks import KEY, MODEL, run
from tests.servers.gemini import GeminiServer


def test_good_key_costs_no_check(gemini: GeminiServer) -> None:
    run(lambda: check_key(KEY))
    run(lambda: check_key(KEY, MODEL))
    run(lambda: check_key(KEY, f"models/{MODEL}"))
    assert gemini.checks_received == 0
    assert {sent.key for sent in gemini.requests} == {KEY}
    assert {sent.path.split("/")[1] for sent in gemini.requests} == {"v1beta"}


def test_only_models_that_can_see(gemini: GeminiServer) -> None:
    names = run(lambda: list_models(KEY))
    assert MODEL in names
    assert not any(word in name for name in names for word in ("embedding", "imagen", "tts", "models/", "gemma"))


@pytest.mark.parametrize(
    ("scenario", "failure"),
    [
        ("invalid_key", AnalysisFailure.INVALID_KEY),
        ("expired_key", AnalysisFailure.INVALID_KEY),
        ("401", AnalysisFailure.INVALID_KEY),
        ("403", AnalysisFailure.FORBIDDEN),
        ("region", AnalysisFailure.FORBIDDEN),
        ("429", AnalysisFailure.RATE_LIMITED),
        ("429_daily", AnalysisFailure.DAILY_QUOTA),
        ("500", AnalysisFailure.SERVER_ERROR),
        ("200_html", AnalysisFailure.UNREADABLE),
        ("reset", AnalysisFailure.UNREACHABLE),
        ("hang", AnalysisFailure.TIMEOUT),
    ],
)
@pytest.mark.parametrize("call", ["list", "key", "model"])
def test_refusals_by_name(gemini: GeminiServer, scenario: str, failure: AnalysisFailure, call: str) -> None:
    gemini.answer_with(scenario)
    jobs = {"list": lambda: list_models(KEY), "key": lambda: check_key(KEY), "model": lambda: check_key(KEY, MODEL)}
    with pytest.raises(AnalysisError) as caught:
        run(jobs[call], 1.0)
    assert caught.value.failure is failure
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("model", ["gone", "gemini-9-flash"])
def test_unknown_model(gemini: GeminiServer, model: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        run(lambda: check_key(KEY, model))
    assert caught.value.failure is AnalysisFailure.MODEL_NOT_FOUND


@pytest.mark.parametrize("key", ["", "  "])
def test_empty_key_asks_nobody(gemini: GeminiServer, key: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        run(lambda: check_key(key))
    assert caught.value.failure is AnalysisFailure.INVALID_KEY
    assert gemini.requests == []
