"""The same requests, verdicts and failures over the OpenAI wire."""

from collections.abc import Iterator
import logging
import time
import traceback

import pytest

from custom_components.cradlewatch.engine.analysis.openai_compatible import OpenAiCompatibleProvider
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.models import EventKind, Severity
from tests.engine.checks import request, run
from tests.servers.openai import OpenAiServer

SECRET = "sk-local-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield running


def _provider(server: OpenAiServer) -> OpenAiCompatibleProvider:
    return OpenAiCompatibleProvider(f"{server.url}/v1/", "local-vision", SECRET)


@pytest.mark.parametrize(
    ("scenario", "safety"),
    [("ok", Severity.SAFE), ("danger", Severity.DANGER), ("fenced", Severity.SAFE), ("thought_parts", Severity.SAFE)],
)
def test_verdict(server: OpenAiServer, scenario: str, safety: Severity) -> None:
    server.answer_with(scenario)
    verdict = run(lambda: _provider(server).check(request()))
    assert verdict.safety is safety
    assert (verdict.provider, verdict.model) == ("openai_compatible", "local-vision")
    assert verdict.usage.tokens_in


@pytest.mark.parametrize(
    ("scenario", "failure"),
    [
        ("429", AnalysisFailure.RATE_LIMITED),
        ("429_daily", AnalysisFailure.DAILY_QUOTA),
        ("500", AnalysisFailure.SERVER_ERROR),
        ("502_html", AnalysisFailure.SERVER_ERROR),
        ("200_html", AnalysisFailure.UNREADABLE),
        ("invalid_key", AnalysisFailure.INVALID_KEY),
        ("403", AnalysisFailure.FORBIDDEN),
        ("404_model", AnalysisFailure.MODEL_NOT_FOUND),
        ("400", AnalysisFailure.REQUEST_REJECTED),
        ("too_large", AnalysisFailure.REQUEST_REJECTED),
        ("safety_finish", AnalysisFailure.BLOCKED),
        ("truncated", AnalysisFailure.TRUNCATED),
        ("empty", AnalysisFailure.EMPTY),
        ("empty_text", AnalysisFailure.EMPTY),
        ("not_json", AnalysisFailure.UNREADABLE),
        ("wrong_schema", AnalysisFailure.UNREADABLE),
        ("deep", AnalysisFailure.UNREADABLE),
        ("huge", AnalysisFailure.UNREADABLE),
        ("reset", AnalysisFailure.UNREACHABLE),
        ("reset_mid", AnalysisFailure.UNREACHABLE),
        ("hang", AnalysisFailure.TIMEOUT),
        ("drip", AnalysisFailure.TIMEOUT),
    ],
)
def test_failure_by_name(
    server: OpenAiServer, caplog: pytest.LogCaptureFixture, scenario: str, failure: AnalysisFailure
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer_with(scenario)
    provider = _provider(server)
    limit_s = 0.6 if scenario in ("hang", "drip") else 5.0
    started_s = time.monotonic()
    with pytest.raises(AnalysisError) as caught:
        run(lambda: provider.check(request(timeout_s=limit_s)), limit_s)
    assert caught.value.failure is failure
    assert time.monotonic() - started_s < limit_s + 3
    assert server.checks_received == 1
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(provider) + caplog.text
    assert caught.value.retry_after_s == (17 if scenario == "429" else None)


def test_what_goes_out(server: OpenAiServer) -> None:
    asked = request(suspected=(EventKind.CLIMBING,))
    run(lambda: _provider(server).check(asked))
    sent = server.checks[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["authorization"] == f"Bearer {SECRET}"
    assert sent.images == (asked.newest.jpeg,)
    assert "climbing" in sent.prompt
    schema = sent.body["response_format"]["json_schema"]["schema"]
    assert set(schema["required"]) == set(schema["properties"])
    assert "$defs" not in schema
    assert schema["properties"]["safety"]["enum"] == ["safe", "info", "warning", "danger", "unknown"]


def test_no_key_no_header(server: OpenAiServer) -> None:
    run(lambda: OpenAiCompatibleProvider(f"{server.url}/v1", "m").check(request()))
    assert "authorization" not in server.checks[0].headers


def test_server_without_schemas_is_asked_for_plain_json(server: OpenAiServer) -> None:
    server.answer_next("no_schema", "ok")
    provider = _provider(server)
    with pytest.raises(AnalysisError):
        run(lambda: provider.check(request()))
    assert run(lambda: provider.check(request())).safety is Severity.SAFE
    assert [sent.body["response_format"]["type"] for sent in server.checks] == ["json_schema", "json_object"]


def test_models(server: OpenAiServer) -> None:
    assert run(lambda: _provider(server).list_models()) == ("local-vision",)
    server.answer_with("invalid_key")
    with pytest.raises(AnalysisError) as caught:
        run(lambda: _provider(server).list_models())
    assert caught.value.failure is AnalysisFailure.INVALID_KEY


@pytest.mark.parametrize(
    ("base_url", "leaves"),
    [
        ("http://127.0.0.1:8000/v1", False),
        ("http://192.168.1.20:1234/v1", False),
        ("http://gpu.local:8080/v1", False),
        ("http://vllm:8000/v1", False),
        ("https://api.openai.com/v1", True),
        ("https://8.8.8.8/v1", True),
    ],
)
def test_whether_pictures_leave_the_house(base_url: str, leaves: bool) -> None:
    assert OpenAiCompatibleProvider(base_url, "m").capabilities.leaves_house is leaves


def test_password_in_the_address_stays_secret() -> None:
    provider = OpenAiCompatibleProvider("http://bob:S3cret!pw@127.0.0.1:9/v1", "m")
    with pytest.raises(AnalysisError) as caught:
        run(lambda: provider.check(request()))
    assert "S3cret" not in str(caught.value) + repr(provider)
