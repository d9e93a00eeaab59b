"""A provider that fails is left alone, probed, and taken back; a day of outage costs few requests and two lines."""

import logging
import random

import pytest

from custom_components.cradlewatch.engine.analysis import CheckRequest
from custom_components.cradlewatch.engine.analysis.breaker import Breaker, BreakerSettings, BreakerState, Turn
from custom_components.cradlewatch.engine.analysis.chain import ProviderChain
from custom_components.cradlewatch.engine.analysis.local import LocalProvider
from custom_components.cradlewatch.engine.analysis.provider import Provider
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure, Remedy
from custom_components.cradlewatch.engine.models import Verdict
from tests.engine.checks import request

DOWN = AnalysisError(AnalysisFailure.SERVER_ERROR)
DAY_S = 86_400


def _breaker() -> Breaker:
    return Breaker(rng=random.Random(1))


def _fail(breaker: Breaker, error: AnalysisError, now_s: float, times: int = 1) -> Turn | None:
    turn = None
    for _ in range(times):
        breaker.admit(now_s)
        turn = breaker.on_failure(error, now_s)
    return turn


def test_three_failures_in_a_row() -> None:
    breaker = _breaker()
    assert _fail(breaker, DOWN, 0, 2) is None
    assert breaker.state is BreakerState.FAILING
    assert _fail(breaker, DOWN, 0) is Turn.LOST
    assert breaker.state is BreakerState.BACKING_OFF
    with pytest.raises(AnalysisError) as caught:
        breaker.admit(1)
    assert caught.value.failure is AnalysisFailure.BACKING_OFF
    assert caught.value.retry_after_s == breaker.resume_in_s(1)


def test_an_answer_between_begins_anew() -> None:
    breaker = _breaker()
    _fail(breaker, DOWN, 0, 2)
    assert breaker.on_success() is None
    _fail(breaker, DOWN, 0, 2)
    assert breaker.state is BreakerState.FAILING


def test_one_probe_and_longer_pauses_up_to_the_limit() -> None:
    breaker, now_s = _breaker(), 0.0
    _fail(breaker, DOWN, now_s, 3)
    pauses = []
    for _ in range(8):
        pause_s = breaker.resume_in_s(now_s)
        assert pause_s is not None
        pauses.append(pause_s)
        now_s += pause_s
        breaker.admit(now_s)
        assert breaker.state is BreakerState.PROBING
        with pytest.raises(AnalysisError):
            breaker.admit(now_s, urgent=True)
        assert breaker.on_failure(DOWN, now_s) is None
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[-1] >= 600
    assert max(pauses) <= 660


def test_probe_that_succeeds_takes_it_back() -> None:
    breaker = _breaker()
    _fail(breaker, DOWN, 0, 3)
    breaker.admit(1000)
    assert breaker.on_success() is Turn.BACK
    assert breaker.state is BreakerState.OK
    breaker.admit(1001)


def test_cancelled_probe_is_given_back() -> None:
    breaker = _breaker()
    _fail(breaker, DOWN, 0, 3)
    breaker.admit(1000)
    breaker.on_failure(AnalysisError(AnalysisFailure.CANCELLED), 1000)
    assert breaker.state is BreakerState.BACKING_OFF
    breaker.admit(1001)


@pytest.mark.parametrize("asked_s", [17.0, 1200.0])
def test_the_server_s_own_delay(asked_s: float) -> None:
    breaker = _breaker()
    busy = AnalysisError(AnalysisFailure.RATE_LIMITED, retry_after_s=asked_s)
    assert _fail(breaker, busy, 0) is Turn.LOST
    pause_s = breaker.resume_in_s(0)
    assert pause_s is not None
    assert asked_s <= pause_s <= asked_s * 1.1


@pytest.mark.parametrize("failure", [AnalysisFailure.INVALID_KEY, AnalysisFailure.DAILY_QUOTA])
def test_what_cannot_change_soon_is_not_tried_thrice(failure: AnalysisFailure) -> None:
    breaker = _breaker()
    assert _fail(breaker, AnalysisError(failure, remedy=Remedy.TELL_USER), 0) is Turn.LOST
    assert (breaker.resume_in_s(0) or 0) >= 600


def test_what_is_not_its_fault_does_not_count() -> None:
    breaker = _breaker()
    for failure in (AnalysisFailure.CANCELLED, AnalysisFailure.NO_PICTURE, AnalysisFailure.BUDGET_SPENT):
        _fail(breaker, AnalysisError(failure), 0, 5)
    assert breaker.state is BreakerState.OK


def test_danger_may_probe_early_once_an_hour() -> None:
    breaker = _breaker()
    _fail(breaker, AnalysisError(AnalysisFailure.INVALID_KEY), 0)
    breaker.admit(10, urgent=True)
    breaker.on_failure(DOWN, 10)
    with pytest.raises(AnalysisError):
        breaker.admit(20, urgent=True)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Model(LocalProvider):
    """Answers or fails by the clock."""

    model: str | None = "m"

    def __init__(self, name: str, clock: Clock, down: tuple[float, float] = (0, 0)) -> None:
        self.name = name
        self._clock = clock
        self._down = down
        self.requests = 0

    async def check(self, request: CheckRequest) -> Verdict:
        self.requests += 1
        if self._down[0] <= self._clock() < self._down[1]:
            raise AnalysisError(AnalysisFailure.UNREACHABLE)
        return await super().check(request)


async def _submit(request: CheckRequest, provider: Provider) -> Verdict:
    return await provider.check(request)


async def test_a_day_of_outage(caplog: pytest.LogCaptureFixture) -> None:
    """Routine every 45 s, a suspected danger every 10 minutes, 24 hours without an answer, then an hour with."""
    caplog.set_level(logging.INFO)
    clock = Clock()
    start_s, end_s = 3600.0, 3600.0 + DAY_S
    model = Model("gemini", clock, (start_s, end_s))
    chain = ProviderChain([model], _submit, clock=clock)
    sent_in_outage = answers_in_outage = last_failure_s = 0
    failures: set[AnalysisFailure] = set()
    for step in range(0, DAY_S + 7200, 45):
        clock.now_s = float(step)
        before = model.requests
        try:
            await chain.check(request(urgent=step % 600 == 0))
            answers_in_outage += start_s <= step < end_s
        except AnalysisError as error:
            failures.add(error.failure)
            last_failure_s = step
        sent_in_outage += (model.requests - before) * (start_s <= step < end_s)
    assert answers_in_outage == 0
    assert failures == {AnalysisFailure.UNREACHABLE, AnalysisFailure.BACKING_OFF}
    assert end_s - 600 < last_failure_s < end_s + 660
    assert 100 < sent_in_outage <= 200
    lines = [record.getMessage() for record in caplog.records if "gemini" in record.getMessage()]
    assert len(lines) == 2
    assert "gives no verdicts" in lines[0]
    assert "answers again" in lines[1]


async def test_next_provider_answers_while_the_first_is_down() -> None:
    clock = Clock()
    first, second = Model("first", clock, (0, 1000)), Model("second", clock)
    chain = ProviderChain([first, second], _submit, clock=clock)
    for step in range(0, 1000, 45):
        clock.now_s = float(step)
        assert (await chain.check(request())).provider == "second"
    assert first.requests < second.requests, "the breaker spares the first one"
    clock.now_s = 3000
    assert (await chain.check(request())).provider == "first"


async def test_all_down_names_the_failure_not_the_pause() -> None:
    clock = Clock()
    chain = ProviderChain([Model("first", clock, (0, 1000)), Model("second", clock, (0, 1000))], _submit, clock=clock)
    for _ in range(3):
        with pytest.raises(AnalysisError) as caught:
            await chain.check(request())
        assert caught.value.failure is AnalysisFailure.UNREACHABLE
    assert not chain.answers
    with pytest.raises(AnalysisError) as caught:
        await chain.check(request())
    assert caught.value.failure is AnalysisFailure.BACKING_OFF


async def test_replaced_request_asks_nobody_else() -> None:
    clock = Clock()
    second = Model("second", clock)

    async def replaced(request: CheckRequest, provider: Provider) -> Verdict:
        raise AnalysisError(AnalysisFailure.CANCELLED)

    chain = ProviderChain([Model("first", clock), second], replaced, clock=clock)
    with pytest.raises(AnalysisError):
        await chain.check(request())
    assert second.requests == 0
    assert chain.state is BreakerState.OK


def test_settings_are_used() -> None:
    breaker = Breaker(BreakerSettings(failures=1, first_pause_s=5, jitter=0))
    assert _fail(breaker, DOWN, 0) is Turn.LOST
    assert breaker.resume_in_s(0) == 5


def test_a_month_of_outage_breaks_no_arithmetic() -> None:
    breaker, now_s = _breaker(), 0.0
    _fail(breaker, DOWN, now_s, 3)
    for _ in range(5000):
        now_s += 700
        _fail(breaker, DOWN, now_s)
    assert (breaker.resume_in_s(now_s) or 0) <= 660
