"""A machine that can begin no more threads: each attempt fails as a failed connection does, and nothing is used up."""

import threading

import pytest

from custom_components.cradlewatch.engine.errors import SourceError, SourceProblem
from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.resolve import resolve
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.engine.loops import running_loop


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of threads that are refused."""
    refused: list[str] = []
    start = threading.Thread.start

    def begin(thread: threading.Thread) -> None:
        name = "timer" if isinstance(thread, threading.Timer) else thread.name
        if name in refused:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", begin)
    return refused


@pytest.mark.parametrize("name", ["cradlewatch-resolve", "timer"])
def test_no_thread_is_left_is_no_connection(full: list[str], name: str) -> None:
    full.append(name)
    for _ in range(20):
        with pytest.raises(SourceError) as caught:
            open_source(SourceSettings(spec="http://127.0.0.1:9/live.ts"), AbortToken())
        assert caught.value.problem is SourceProblem.CANNOT_CONNECT
        assert "no thread" in caught.value.detail
        assert caught.value.__context__ is None
    full.clear()
    assert resolve("127.0.0.1", 5, AbortToken()) == frozenset({"127.0.0.1"})


@pytest.mark.parametrize("name", ["cradlewatch-resolve", "timer"])
def test_the_loop_goes_on_trying(full: list[str], name: str) -> None:
    full.append(name)
    with running_loop("http://127.0.0.1:9/live.ts", settings=LoopSettings(lost_after_s=5)) as run:
        run.wait_link(Link.LOST, 8)
        assert run.loop.link.reason == "cannot_connect"
