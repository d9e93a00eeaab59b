"""How long the loop waits before it connects again."""

import pytest

from custom_components.cradlewatch.engine import retry
from custom_components.cradlewatch.engine.errors import SourceProblem
from custom_components.cradlewatch.engine.retry import Retry
from custom_components.cradlewatch.engine.settings import LoopSettings
from custom_components.cradlewatch.engine.source.types import AbortToken


class Clock(AbortToken):
    """Waits pass at once and are summed up."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, timeout_s: float) -> bool:
        self.now_s += timeout_s
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(retry.time, "monotonic", found.monotonic)
    return found


def waits(clock: Clock, waiting: Retry, problem: SourceProblem | None, count: int) -> list[int]:
    found = []
    for _ in range(count):
        began_s = clock.now_s
        waiting.wait("/file.mp4", problem, clock)
        found.append(round(clock.now_s - began_s))
    return found


def test_ever_longer_then_every_fifteen_seconds_for_ever(clock: Clock) -> None:
    assert waits(clock, Retry(LoopSettings()), SourceProblem.TIMEOUT, 200) == [1, 2, 4, 8] + 196 * [15]


def test_wrong_credentials_slow_down_to_five_minutes(clock: Clock) -> None:
    assert waits(clock, Retry(LoopSettings()), SourceProblem.INVALID_AUTH, 5) == [1, 2, 300, 300, 300]


def test_after_it_worked_the_first_wait_is_short_again(clock: Clock) -> None:
    waiting = Retry(LoopSettings())
    waits(clock, waiting, SourceProblem.INVALID_AUTH, 4)
    waiting.forget()
    assert waits(clock, waiting, None, 2) == [1, 2]


def test_a_camera_that_answers_again_is_not_waited_for(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Retry(LoopSettings())
    monkeypatch.setattr(retry, "answers", lambda *_: False)
    assert waits(clock, waiting, SourceProblem.CANNOT_CONNECT, 6)[-1] == 15
    answered = iter([False, False, False, True])
    monkeypatch.setattr(retry, "answers", lambda *_: next(answered))
    (waited_s,) = waits(clock, waiting, SourceProblem.CANNOT_CONNECT, 1)
    assert 0 < waited_s <= 4


def test_one_whose_port_is_open_all_the_time_is_left_its_pause(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Retry(LoopSettings())
    monkeypatch.setattr(retry, "answers", lambda *_: True)
    assert waits(clock, waiting, SourceProblem.CANNOT_CONNECT, 5) == [1, 2, 4, 8, 15]
