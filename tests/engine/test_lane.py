"""The order of the lane: nobody's suspected danger waits for, or is lost to, anybody's routine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
import threading
import time

import pytest

from custom_components.cradlewatch.engine.analysis import CheckRequest, Lane, ProviderCapabilities
from custom_components.cradlewatch.engine.analysis.gemini import GeminiProvider
from custom_components.cradlewatch.engine.analysis.local import LocalProvider
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.models import EventKind, Severity, Verdict
from tests.engine.checks import KEY, MODEL, request
from tests.servers.gemini import GeminiServer

type InExecutor = Callable[[Callable[[], Verdict]], Awaitable[Verdict]]


class SlowModel:
    """Answers after a while; notes what it was asked, in order."""

    name = "slow"
    model: str | None = "slow"
    capabilities = ProviderCapabilities()

    def __init__(self, answer_s: float = 0.05) -> None:
        self.answer_s = answer_s
        self.started: list[str] = []
        self.finished: list[str] = []
        self.asked: list[CheckRequest] = []

    async def check(self, request: CheckRequest) -> Verdict:
        self.started.append(request.crib_id)
        self.asked.append(request)
        await asyncio.sleep(self.answer_s)
        self.finished.append(request.crib_id)
        return await LocalProvider().check(request)

    async def aclose(self) -> None:
        pass


@pytest.fixture
async def in_executor() -> AsyncIterator[InExecutor]:
    pool = ThreadPoolExecutor(4, thread_name_prefix="lane-test")
    loop = asyncio.get_running_loop()
    yield lambda job: loop.run_in_executor(pool, job)
    pool.shutdown()


async def _failure(task: asyncio.Future[Verdict]) -> AnalysisFailure:
    with pytest.raises(AnalysisError) as caught:
        await task
    return caught.value.failure


async def _until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.005)


async def test_one_at_a_time_and_newest_wins(in_executor: InExecutor) -> None:
    lane, model = Lane(in_executor), SlowModel()
    first = asyncio.ensure_future(lane.submit(request("a", at_s=1), model))
    await _until(lambda: model.started)
    old = asyncio.ensure_future(lane.submit(request("a", at_s=2), model))
    await asyncio.sleep(0)
    new = asyncio.ensure_future(lane.submit(request("a", at_s=3), model))
    assert await _failure(old) is AnalysisFailure.CANCELLED
    assert lane.queue_length == 2
    assert (await first).taken_at_s == 1
    assert (await new).taken_at_s == 3
    assert lane.figures().dropped == 1
    assert lane.figures().served == 2
    assert model.started == model.finished
    assert lane.queue_length == 0


async def test_cribs_take_turns(in_executor: InExecutor) -> None:
    """A crib that asks all the time waits behind one that asked before its last turn."""
    lane, model = Lane(in_executor), SlowModel(0.02)
    tasks = [asyncio.ensure_future(lane.submit(request("a"), model))]
    await _until(lambda: model.started)
    for crib in ("b", "a", "c"):
        tasks.append(asyncio.ensure_future(lane.submit(request(crib), model)))
        await asyncio.sleep(0)
    tasks.append(asyncio.ensure_future(lane.submit(request("a", at_s=200), model)))
    await asyncio.gather(*tasks, return_exceptions=True)
    assert model.started == ["a", "b", "a", "c"], "the newer picture of a keeps a's place"


async def test_urgent_goes_first_and_cuts_a_routine_call(in_executor: InExecutor) -> None:
    lane, model = Lane(in_executor), SlowModel(30)
    routine = asyncio.ensure_future(lane.submit(request("a", timeout_s=60), model))
    await _until(lambda: model.started)
    waiting = asyncio.ensure_future(lane.submit(request("b"), model))
    await asyncio.sleep(0)
    model.answer_s = 0.01
    started_s = time.monotonic()
    urgent = asyncio.ensure_future(lane.submit(request("c", urgent=True), model))
    await urgent
    assert time.monotonic() - started_s < 3
    assert await _failure(routine) is AnalysisFailure.CANCELLED
    await waiting
    assert model.started == ["a", "c", "b"]
    assert lane.figures().cut == 1


async def test_routine_never_takes_the_place_of_an_urgent_one(in_executor: InExecutor) -> None:
    lane, model = Lane(in_executor), SlowModel(0.1)
    running = asyncio.ensure_future(lane.submit(request("a", urgent=True), model))
    await _until(lambda: model.started)
    urgent = asyncio.ensure_future(
        lane.submit(request("b", urgent=True, suspected=(EventKind.FACE_COVERED,), at_s=2), model)
    )
    await asyncio.sleep(0)
    with pytest.raises(AnalysisError) as caught:
        await lane.submit(request("b", at_s=3), model)
    assert caught.value.failure is AnalysisFailure.CANCELLED
    await asyncio.gather(running, urgent)
    assert model.finished == ["a", "b"], "and an urgent call in flight is not cut"


async def test_newer_urgent_looks_for_all_that_was_suspected(in_executor: InExecutor) -> None:
    lane, model = Lane(in_executor), SlowModel(0.1)
    running = asyncio.ensure_future(lane.submit(request("a", urgent=True), model))
    await _until(lambda: model.started)
    older = asyncio.ensure_future(
        lane.submit(request("b", urgent=True, suspected=(EventKind.FACE_COVERED,), at_s=2), model)
    )
    await asyncio.sleep(0)
    newer = asyncio.ensure_future(
        lane.submit(request("b", urgent=True, suspected=(EventKind.CLIMBING,), at_s=3), model)
    )
    assert await _failure(older) is AnalysisFailure.CANCELLED
    await asyncio.gather(running, newer)
    assert model.asked[-1].suspected == (EventKind.FACE_COVERED, EventKind.CLIMBING)


async def test_five_cribs_with_a_slow_model(in_executor: InExecutor) -> None:
    """Routine checks of five cribs come all the time; each suspected danger is answered, and before them."""
    lane, model = Lane(in_executor), SlowModel(0.05)
    cribs = ["a", "b", "c", "d", "e"]
    stop = asyncio.Event()
    waited_s: list[float] = []

    async def routine(crib: str) -> None:
        at_s = 0.0
        while not stop.is_set():
            at_s += 1
            task = asyncio.ensure_future(lane.submit(request(crib, at_s=at_s), model))
            await asyncio.wait((task,))
            if error := task.exception():
                assert isinstance(error, AnalysisError)
                assert error.failure is AnalysisFailure.CANCELLED
            await asyncio.sleep(0.001)

    async def danger(crib: str) -> None:
        started_s = time.monotonic()
        verdict = await lane.submit(request(crib, urgent=True, at_s=9999), model)
        waited_s.append(time.monotonic() - started_s)
        assert verdict.taken_at_s == 9999

    background = [asyncio.ensure_future(routine(crib)) for crib in cribs]
    await asyncio.sleep(0.1)
    await asyncio.gather(*(danger(crib) for crib in cribs))
    dangers = [asked.crib_id for asked in model.asked if asked.urgent]
    first = next(index for index, asked in enumerate(model.asked) if asked.urgent)
    assert sorted(dangers) == cribs
    assert [asked.urgent for asked in model.asked[first : first + 5]] == [True] * 5, "no routine one in between"
    assert len(waited_s) == 5
    stop.set()
    await asyncio.gather(*background)


@pytest.mark.parametrize("scenario", ["hang", "drip:60"])
async def test_close_ends_a_call_in_flight(gemini: GeminiServer, in_executor: InExecutor, scenario: str) -> None:
    gemini.answer_with(scenario)
    lane = Lane(in_executor)
    running = asyncio.ensure_future(lane.submit(request("a", timeout_s=60), GeminiProvider(KEY, MODEL)))
    waiting = asyncio.ensure_future(lane.submit(request("b", timeout_s=60), GeminiProvider(KEY, MODEL)))
    await _until(lambda: gemini.checks_received)
    started_s = time.monotonic()
    await lane.close()
    assert time.monotonic() - started_s < 1.5
    assert await _failure(running) is AnalysisFailure.CANCELLED
    assert await _failure(waiting) is AnalysisFailure.CANCELLED
    await _until(lambda: gemini.in_flight == 0)
    with pytest.raises(AnalysisError):
        await lane.submit(request(), GeminiProvider(KEY, MODEL))


class HungThread(SlowModel):
    """A call that blocks its thread, as a driver without a timeout does."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    async def check(self, request: CheckRequest) -> Verdict:
        self.started.append(request.crib_id)
        self.free.wait(30)
        raise AssertionError("nobody waits for this")


async def test_hung_thread_is_left_behind(in_executor: InExecutor) -> None:
    lane, hung, model = Lane(in_executor), HungThread(), SlowModel(0.01)
    try:
        stuck = asyncio.ensure_future(lane.submit(request("a"), hung))
        await _until(lambda: hung.started)
        started_s = time.monotonic()
        await lane.submit(request("b", urgent=True), model)
        assert time.monotonic() - started_s < 3
        assert await _failure(stuck) is AnalysisFailure.CANCELLED
        assert lane.figures().stuck == 1
        again = asyncio.ensure_future(lane.submit(request("a"), hung))
        await _until(lambda: len(hung.started) == 2)
        started_s = time.monotonic()
        await lane.close()
        assert time.monotonic() - started_s < 1.5
        assert await _failure(again) is AnalysisFailure.CANCELLED
    finally:
        hung.free.set()


async def test_caller_that_gives_up_ends_its_call(gemini: GeminiServer, in_executor: InExecutor) -> None:
    gemini.answer_next("hang")
    lane = Lane(in_executor)
    task = asyncio.ensure_future(lane.submit(request("a", timeout_s=60), GeminiProvider(KEY, MODEL)))
    await _until(lambda: gemini.checks_received)
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    verdict = await lane.submit(request("a"), GeminiProvider(KEY, MODEL))
    assert verdict.safety is Severity.SAFE


class Broken(SlowModel):
    async def check(self, request: CheckRequest) -> Verdict:
        raise KeyError(f"key={KEY}")


async def test_fault_of_a_provider_is_internal_and_keeps_the_key(
    in_executor: InExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AnalysisError) as caught:
        await Lane(in_executor).submit(request(), Broken())
    assert caught.value.failure is AnalysisFailure.INTERNAL
    assert KEY not in str(caught.value) + caplog.text
    assert "KeyError" in caplog.text


async def test_executor_that_is_shut_down() -> None:
    def refuse(_job: Callable[[], Verdict]) -> Awaitable[Verdict]:
        raise RuntimeError("cannot schedule new futures after shutdown")

    with pytest.raises(AnalysisError) as caught:
        await Lane(refuse).submit(request(), SlowModel())
    assert caught.value.failure is AnalysisFailure.INTERNAL


_LOOP_SHARE = 0.2
"""Of all CPU of five answers: parsing them on the loop would be nearly all of it."""


async def test_event_loop_goes_on_under_a_huge_answer(gemini: GeminiServer, in_executor: InExecutor) -> None:
    """5 MB of answer: work for the executor's thread, none for the loop."""
    gemini.answer_with("huge")
    lane, provider = Lane(in_executor), GeminiProvider(KEY, MODEL)
    await _failure(asyncio.ensure_future(lane.submit(request(), provider)))
    loop_s, all_s = time.thread_time(), time.process_time()
    for _ in range(5):
        assert await _failure(asyncio.ensure_future(lane.submit(request(), provider))) is AnalysisFailure.UNREADABLE
    loop_s, all_s = time.thread_time() - loop_s, time.process_time() - all_s
    # By the CPU of this thread, not by the clock: other processes share these cores. The bench has the loop's delay.
    assert loop_s < _LOOP_SHARE * all_s
