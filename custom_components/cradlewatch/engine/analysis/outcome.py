"""The table of outcomes: whatever a call to a model ends in becomes one AnalysisError with its remedy.

Works on the shapes of exceptions, not their classes: google-genai 2 raises httpx errors, 3 raises httpx2 errors,
and a provider of another kind neither. Nothing of the original is chained or quoted unbounded: its text may hold
a whole HTML page, or a key.
"""

from collections.abc import Iterator, Mapping
import re
from typing import Any

import aiohttp

from ..errors import AnalysisError, AnalysisFailure, Remedy
from ..redact import redact
from .text import plain

_DETAIL_MAX = 200
_RETRY_MAX_S = 24 * 3600.0
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)s$")
_KEY_TROUBLE = ("api key not valid", "api key expired", "api_key_invalid", "reported as leaked", "api key not found")


class LinkLostError(Exception):
    """The connection could not be made or broke. Of our own, so that the SDK's hidden second request never happens."""


class TooLongError(Exception):
    """The body passed its limit and was not read on."""


def analysis_error(error: BaseException, secrets: tuple[str, ...] = ()) -> AnalysisError:
    """The AnalysisError for `error`. Raise it `from None`."""
    if isinstance(error, AnalysisError):
        return error
    code = getattr(error, "code", None)
    if isinstance(code, int) and hasattr(error, "details"):
        return status_error(code, getattr(error, "details", None), _headers(error), secrets)
    kind = type(error)
    timed_out = isinstance(error, TimeoutError) or (_of_httpx(kind) and "Timeout" in kind.__name__)
    if timed_out:
        return AnalysisError(AnalysisFailure.TIMEOUT, "the model did not answer in time")
    if isinstance(error, TooLongError):
        return AnalysisError(AnalysisFailure.UNREADABLE, str(error), remedy=Remedy.COUNT_UNREADABLE)
    if isinstance(error, (LinkLostError, aiohttp.ClientError, OSError)) or _of_httpx(kind):
        return AnalysisError(AnalysisFailure.UNREACHABLE, _clean(f"{kind.__name__} {error}", secrets))
    if isinstance(error, (ValueError, RecursionError)):
        return AnalysisError(
            AnalysisFailure.UNREADABLE, f"not the API's JSON ({kind.__name__})", remedy=Remedy.COUNT_UNREADABLE
        )
    return AnalysisError(AnalysisFailure.INTERNAL, _clean(f"{kind.__name__} {error}", secrets))


def status_error(
    code: int, body: Any, headers: Mapping[str, str] | None = None, secrets: tuple[str, ...] = ()
) -> AnalysisError:
    """The AnalysisError for an HTTP status other than 200 with its (parsed, or not) body."""
    error = _error_of(body)
    message = str(error.get("message") or "")
    failure, remedy = _failure_of(code, error, message.lower())
    asked_s = _retry_after_s(error, headers or {})
    return AnalysisError(
        failure,
        _clean(f"{code} {error.get('status') or ''}: {message}", secrets),
        remedy=remedy,
        retry_after_s=asked_s if remedy is Remedy.RETRY_LATER else None,
    )


def _failure_of(code: int, error: Mapping[str, Any], message: str) -> tuple[AnalysisFailure, Remedy]:
    reasons = " ".join(str(detail.get("reason", "")) for detail in _details(error)).lower()
    if code == 401 or (400 <= code < 500 and any(word in f"{message} {reasons}" for word in _KEY_TROUBLE)):
        return AnalysisFailure.INVALID_KEY, Remedy.NEW_KEY
    if code == 429:
        if _is_daily(error):
            return AnalysisFailure.DAILY_QUOTA, Remedy.TELL_USER
        return AnalysisFailure.RATE_LIMITED, Remedy.RETRY_LATER
    # A region or an account that Google does not serve comes as 400 FAILED_PRECONDITION.
    if code in (402, 403) or (code == 400 and error.get("status") == "FAILED_PRECONDITION"):
        return AnalysisFailure.FORBIDDEN, Remedy.TELL_USER
    if code == 404:
        return AnalysisFailure.MODEL_NOT_FOUND, Remedy.TELL_USER
    if code in (408, 504):
        return AnalysisFailure.TIMEOUT, Remedy.RETRY_LATER
    if code >= 500:
        return AnalysisFailure.SERVER_ERROR, Remedy.RETRY_LATER
    if code < 400:
        return AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE
    return AnalysisFailure.REQUEST_REJECTED, Remedy.RETRY_LATER


def _is_daily(error: Mapping[str, Any]) -> bool:
    quotas = (
        str(violation.get("quotaId", "")) + str(violation.get("quotaMetric", ""))
        for detail in _details(error)
        for violation in _dicts(detail.get("violations"))
    )
    text = " ".join((*quotas, str(error.get("message", "")), str(error.get("code", "")))).lower()
    return any(word in text for word in ("perday", "per day", "insufficient_quota"))


def _retry_after_s(error: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """What the server asks for: RetryInfo of the body, else the header in seconds. None where it does not say."""
    asked = [str(detail.get("retryDelay", "")) for detail in _details(error)]
    found = next((match for text in asked if (match := _DURATION.match(text))), None)
    if found is None and (header := headers.get("Retry-After") or headers.get("retry-after")):
        found = _DURATION.match(header.strip() + "s")
    return None if found is None else min(float(found[1]), _RETRY_MAX_S)


def _error_of(body: Any) -> Mapping[str, Any]:
    """The innermost error object of a body, however it is wrapped; {} for what is none."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, Mapping):
        inner = body.get("error")
        return inner if isinstance(inner, Mapping) else body if inner is None else {"message": inner}
    return {"message": body} if isinstance(body, str) else {}


def _details(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return _dicts(error.get("details"))


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value[:20] if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def _headers(error: BaseException) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers if isinstance(headers, Mapping) else {}


def _of_httpx(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2")


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    return plain(redact(text[:2000], secrets), _DETAIL_MAX)
