"""A job ends by its limit and by its token, whatever it does itself."""

import asyncio
import threading
import time

import pytest

from custom_components.cradlewatch.engine.analysis import CancelToken, run_job
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure


def test_answer_and_error_come_through() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    async def fail() -> int:
        raise AnalysisError(AnalysisFailure.BLOCKED)

    assert run_job(answer, timeout_s=1, cancel=CancelToken()) == 7
    with pytest.raises(AnalysisError) as caught:
        run_job(fail, timeout_s=1, cancel=CancelToken())
    assert caught.value.failure is AnalysisFailure.BLOCKED


def test_limit() -> None:
    ended = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    started_s = time.monotonic()
    with pytest.raises(AnalysisError) as caught:
        run_job(endless, timeout_s=0.2, cancel=CancelToken())
    assert caught.value.failure is AnalysisFailure.TIMEOUT
    assert ended.is_set(), "it was cancelled, not just abandoned"
    assert time.monotonic() - started_s < 2


def test_job_that_swallows_its_cancellation_is_left() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                continue

    started_s = time.monotonic()
    with pytest.raises(AnalysisError) as caught:
        run_job(stubborn, timeout_s=0.1, cancel=CancelToken())
    assert caught.value.failure is AnalysisFailure.TIMEOUT
    assert time.monotonic() - started_s < 4


def test_tasks_that_a_job_started_end_with_it() -> None:
    ended: list[str] = []

    async def child() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("child")

    async def parent() -> str:
        parent.child = asyncio.ensure_future(child())  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        return "done"

    assert run_job(parent, timeout_s=1, cancel=CancelToken()) == "done"
    assert ended == ["child"]


def test_cancel_after_the_end_is_harmless() -> None:
    token = CancelToken()

    async def quick() -> int:
        return 1

    assert run_job(quick, timeout_s=1, cancel=token) == 1
    token.cancel()
    token.cancel()
    assert token.cancelled


def test_cancel_races_with_the_end() -> None:
    """Whatever comes first, there is an answer or CANCELLED, and no error of a closed loop."""

    async def short() -> int:
        await asyncio.sleep(0.002)
        return 1

    seen: set[object] = set()
    for wait_s in [step * 0.0004 for step in range(12)] * 4:
        token = CancelToken()
        timer = threading.Timer(wait_s, token.cancel)
        timer.start()
        try:
            seen.add(run_job(short, timeout_s=1, cancel=token))
        except AnalysisError as error:
            seen.add(error.failure)
        timer.join()
    assert seen <= {1, AnalysisFailure.CANCELLED}
