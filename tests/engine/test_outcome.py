"""Shapes of exceptions that a local server cannot make happen with this SDK."""

import ssl
from typing import Any

import aiohttp
import pytest

from custom_components.cradlewatch.engine.analysis.outcome import LinkLostError, analysis_error, status_error
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure, Remedy
from tests.engine.checks import KEY


def _of_httpx(name: str, module: str) -> Exception:
    """An error as httpx (SDK 2) and httpx2 (SDK 3) raise it, without needing either."""
    error: Exception = type(name, (Exception,), {"__module__": module})("boom")
    return error


@pytest.mark.parametrize("module", ["httpx", "httpx2", "httpcore2._exceptions"])
@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("ReadTimeout", AnalysisFailure.TIMEOUT),
        ("ConnectTimeout", AnalysisFailure.TIMEOUT),
        ("ReadError", AnalysisFailure.UNREACHABLE),
        ("RemoteProtocolError", AnalysisFailure.UNREACHABLE),
    ],
)
def test_httpx_of_both_majors(module: str, name: str, failure: AnalysisFailure) -> None:
    assert analysis_error(_of_httpx(name, module)).failure is failure


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), AnalysisFailure.TIMEOUT),
        (aiohttp.ServerTimeoutError(), AnalysisFailure.TIMEOUT),
        (aiohttp.ServerDisconnectedError(), AnalysisFailure.UNREACHABLE),
        (ConnectionResetError(104, "reset"), AnalysisFailure.UNREACHABLE),
        (ssl.SSLError("bad certificate"), AnalysisFailure.UNREACHABLE),
        (LinkLostError("gone"), AnalysisFailure.UNREACHABLE),
        (ValueError("x"), AnalysisFailure.UNREADABLE),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), AnalysisFailure.UNREADABLE),
        (RecursionError(), AnalysisFailure.UNREADABLE),
        (AttributeError("x"), AnalysisFailure.INTERNAL),
        (MemoryError(), AnalysisFailure.INTERNAL),
    ],
)
def test_exceptions(error: Exception, failure: AnalysisFailure) -> None:
    assert analysis_error(error).failure is failure


def test_our_own_error_stays_what_it_is() -> None:
    error = AnalysisError(AnalysisFailure.BLOCKED, remedy=Remedy.COUNT_UNREADABLE)
    assert analysis_error(error) is error


@pytest.mark.parametrize(
    ("body", "headers", "asked_s"),
    [
        ({"error": {"details": [{"retryDelay": "17.5s"}]}}, {}, 17.5),
        ([{"error": {"details": [{"retryDelay": "3s"}]}}], {"Retry-After": "99"}, 3),
        ({}, {"Retry-After": "99"}, 99),
        ({}, {"retry-after": " 5 "}, 5),
        ({}, {"Retry-After": "Wed, 25 Nov 2026 01:00:00 GMT"}, None),
        ({"error": {"details": [{"retryDelay": "9" * 30 + "s"}]}}, {}, 86_400),
        ({"error": {"details": [{"retryDelay": "-5s"}, 7, None]}}, {}, None),
        ({"error": {"details": "none"}}, {}, None),
        ("<html>", {}, None),
        (None, {}, None),
        ([], {}, None),
        (42, {}, None),
    ],
)
def test_the_server_s_own_delay(body: Any, headers: dict[str, str], asked_s: float | None) -> None:
    error = status_error(429, body, headers)
    assert error.failure is AnalysisFailure.RATE_LIMITED
    assert error.retry_after_s == asked_s


@pytest.mark.parametrize("code", [*range(300, 600)])
def test_every_status_is_some_failure_and_never_an_answer(code: int) -> None:
    error = status_error(code, {"error": {"message": f"key {KEY} " + "x" * 5000}}, {}, (KEY,))
    assert isinstance(error.failure, AnalysisFailure)
    assert KEY not in str(error)
    assert len(str(error)) < 300
