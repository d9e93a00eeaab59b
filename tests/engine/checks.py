"""Requests and jobs for the analysis tests."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.cradlewatch.engine.analysis import CancelToken, CheckContext, CheckRequest, run_job
from custom_components.cradlewatch.engine.models import EventKind, Picture

KEY = "AIzaSyD-test-key-0123456789abcdefghij"
MODEL = "gemini-2.5-flash"
START = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)


def picture(at_s: float = 100.0, mark: bytes = b"") -> Picture:
    """Bytes that stand for a JPEG: no provider looks into them."""
    jpeg = b"\xff\xd8\xff\xe0" + mark + b"\x00" * 64 + b"\xff\xd9"
    return Picture(jpeg=jpeg, size_wh=(768, 432), at_s=at_s, taken_at=START + timedelta(seconds=at_s))


def request(
    crib_id: str = "a",
    *,
    at_s: float = 100.0,
    urgent: bool = False,
    suspected: tuple[EventKind, ...] = (),
    timeout_s: float = 5.0,
    context: CheckContext | None = None,
) -> CheckRequest:
    return CheckRequest(
        crib_id=crib_id,
        pictures=(picture(at_s),),
        context=context or CheckContext(),
        urgent=urgent,
        suspected=suspected,
        timeout_s=timeout_s,
    )


def run[T](make: Callable[[], Coroutine[Any, Any, T]], timeout_s: float = 5.0, cancel: CancelToken | None = None) -> T:
    return run_job(make, timeout_s=timeout_s, cancel=cancel or CancelToken())
