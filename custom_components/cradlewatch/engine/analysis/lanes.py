"""A lane: one call to a model at a time for the whole home, in an order that no crib and no stuck call can spoil.

- One waiting slot a crib: a newer request takes the place of an older one, which is told and counted.
- Urgent ones (suspected danger) go first, are never dropped for a routine check, and cut a routine call in flight.
- Otherwise who waits longest is next; a replaced request keeps its crib's place.
- A call that does not end when cut is left behind after a second and counted: the lane goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from itertools import count
import logging
from typing import Any, Protocol, cast

from ..errors import AnalysisError, AnalysisFailure
from ..models import Verdict
from ..redact import redact
from .jobs import CheckRequest
from .provider import Provider
from .runner import CancelToken, run_job

_LOGGER = logging.getLogger(__name__)
_CUT_WAIT_S = 0.9
"""Stop must be done within a second."""
_START_SLACK_S = 10.0
"""What a full executor may add to a job's own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFigures:
    """Counters since the start, and what is in the lane now."""

    waiting: int
    in_flight: int
    served: int
    dropped: int
    """Requests replaced by a newer one before their turn."""
    cut: int
    """Routine calls ended for an urgent one."""
    stuck: int
    """Calls that did not end when cut, and were left behind."""


class JobQueue[R, P, A](Protocol):
    """Where jobs go. `Lane` is the one inside Home Assistant; a distributed queue can take its place.

    Requests and answers are values (`jobs.py`, `values.py`); of the provider a worker elsewhere needs its name.
    """

    async def submit(self, request: R, provider: P) -> A:
        """The answer.

        Raises:
            AnalysisError: there is none; CANCELLED when it was replaced, cut or the queue closed.
        """
        ...

    async def close(self) -> None: ...

    def figures(self) -> LaneFigures: ...


type CheckQueue = JobQueue[CheckRequest, Provider, Verdict]
"""Where frame checks go."""


class LaneRequest(Protocol):
    """What a lane must know of a request."""

    @property
    def crib_id(self) -> str: ...

    @property
    def timeout_s(self) -> float: ...


class Named(Protocol):
    """What a lane must know of a provider."""

    @property
    def name(self) -> str: ...


@dataclass(slots=True, eq=False)
class _Waiting[R: LaneRequest, P: Named, A]:
    request: R
    provider: P
    place: int
    answer: asyncio.Future[A]
    token: CancelToken = field(default_factory=CancelToken)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def rank(self) -> tuple[bool, int]:
        """Smallest is next."""
        return not self.urgent, self.place

    @property
    def urgent(self) -> bool:
        return _urgent(self.request)

    def fail(self, detail: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(AnalysisError(AnalysisFailure.CANCELLED, detail))

    def end_call(self) -> None:
        self.token.cancel()
        self.cut.set()


class Lane[R: LaneRequest = CheckRequest, P: Named = Provider, A = Verdict]:
    """See the module's text. Event loop only.

    A lane of frame checks by default; of another kind with a `call` of its own:
    `Lane[ReportRequest, GeminiReporter, WindowReport](hass.async_add_executor_job, GeminiReporter.report)`.
    """

    def __init__(
        self,
        run_in_executor: Callable[[Callable[[], A]], Awaitable[A]],
        call: Callable[[P, R], Coroutine[Any, Any, A]] | None = None,
    ) -> None:
        self._run_in_executor = run_in_executor
        self._call = call or cast("Callable[[P, R], Coroutine[Any, Any, A]]", _check)
        self._slots: dict[str, _Waiting[R, P, A]] = {}
        self._running: _Waiting[R, P, A] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._places = count()
        self._closed = False
        self._served = self._dropped = self._cut = self._stuck = 0

    @property
    def queue_length(self) -> int:
        """Requests that wait or run."""
        return len(self._slots) + (self._running is not None)

    def figures(self) -> LaneFigures:
        """What the lane did and does."""
        return LaneFigures(
            waiting=len(self._slots),
            in_flight=int(self._running is not None),
            served=self._served,
            dropped=self._dropped,
            cut=self._cut,
            stuck=self._stuck,
        )

    async def submit(self, request: R, provider: P) -> A:
        """Wait for the turn of `request` and for its answer.

        Raises:
            AnalysisError: as `JobQueue.submit`.
        """
        if self._closed:
            raise AnalysisError(AnalysisFailure.CANCELLED, "the lane is closed")
        waiting = self._place(request, provider)
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name="cradlewatch-lane")
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            self._withdraw(waiting)
            raise

    async def close(self) -> None:
        """End what runs and refuse what waits. Within a second, whatever hangs."""
        self._closed = True
        for waiting in tuple(self._slots.values()):
            waiting.fail("the lane is closed")
        self._slots.clear()
        if self._running is not None:
            self._running.end_call()
        if self._worker is not None:
            await asyncio.wait((self._worker,), timeout=_CUT_WAIT_S + 0.1)

    def _place(self, request: R, provider: P) -> _Waiting[R, P, A]:
        older = self._slots.get(request.crib_id)
        if older is not None and older.urgent and not _urgent(request):
            self._dropped += 1
            raise AnalysisError(AnalysisFailure.CANCELLED, "a check for suspected danger of this crib waits already")
        if older is not None:
            self._dropped += 1
            older.fail("replaced by a newer picture")
            request = _joined(request, older.request)
        place = next(self._places) if older is None else older.place
        waiting = _Waiting(request, provider, place, asyncio.get_running_loop().create_future())
        self._slots[request.crib_id] = waiting
        running = self._running
        if waiting.urgent and running is not None and not running.urgent and not running.cut.is_set():
            self._cut += 1
            running.end_call()
        return waiting

    def _withdraw(self, waiting: _Waiting[R, P, A]) -> None:
        if self._slots.get(waiting.request.crib_id) is waiting:
            del self._slots[waiting.request.crib_id]
        elif self._running is waiting:
            waiting.end_call()

    async def _work(self) -> None:
        try:
            while self._slots:
                waiting = min(self._slots.values(), key=lambda item: item.rank)
                del self._slots[waiting.request.crib_id]
                self._running = waiting
                await self._serve(waiting)
                self._running = None
        finally:
            # Only left over where this task itself is cancelled: nobody may wait for ever.
            if self._running is not None:
                self._running.end_call()
                self._running.fail("the lane was stopped")
            for waiting in self._slots.values():
                waiting.fail("the lane was stopped")
            self._slots.clear()
            self._running = None
            self._worker = None

    async def _serve(self, waiting: _Waiting[R, P, A]) -> None:
        request, provider = waiting.request, waiting.provider
        job = partial(run_job, lambda: self._call(provider, request), timeout_s=request.timeout_s, cancel=waiting.token)
        try:
            call = asyncio.ensure_future(self._run_in_executor(job))
        except RuntimeError as error:
            _refuse(waiting.answer, AnalysisError(AnalysisFailure.INTERNAL, _named(error)))
            return
        cut = asyncio.ensure_future(waiting.cut.wait())
        try:
            limit_s = request.timeout_s + _START_SLACK_S
            done, _ = await asyncio.wait((call, cut), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            waiting.end_call()
            if call not in done:
                await asyncio.wait((call,), timeout=_CUT_WAIT_S)
        finally:
            cut.cancel()
            waiting.token.cancel()
        self._settle(waiting, call, timed_out=not done)

    def _settle(self, waiting: _Waiting[R, P, A], call: asyncio.Future[A], *, timed_out: bool) -> None:
        if not call.done():
            self._stuck += 1
            call.add_done_callback(_forget)
            _LOGGER.warning("A call to %s did not end when cut and was left behind", waiting.provider.name)
            failure = AnalysisFailure.TIMEOUT if timed_out else AnalysisFailure.CANCELLED
            _refuse(waiting.answer, AnalysisError(failure, "the call did not end"))
            return
        self._served += 1
        if call.cancelled():
            waiting.fail("the executor is shut down")
        elif (error := call.exception()) is None:
            if not waiting.answer.done():
                waiting.answer.set_result(call.result())
        elif isinstance(error, AnalysisError):
            _refuse(waiting.answer, error)
        else:
            _LOGGER.error("A job of %s failed: %s", waiting.provider.name, _named(error))
            _refuse(waiting.answer, AnalysisError(AnalysisFailure.INTERNAL, _named(error)))


async def _check(provider: Provider, request: CheckRequest) -> Verdict:
    return await provider.check(request)


def _urgent(request: LaneRequest) -> bool:
    return isinstance(request, CheckRequest) and request.urgent


def _joined[R: LaneRequest](request: R, older: R) -> R:
    """`request` in the place of `older`."""
    if isinstance(request, CheckRequest) and isinstance(older, CheckRequest):
        return cast("R", request.joined_with(older))
    return request


def _refuse(answer: asyncio.Future[Any], error: AnalysisError) -> None:
    if not answer.done():
        answer.set_exception(error)


def _named(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {error}"[:300])


def _forget(call: asyncio.Future[Any]) -> None:
    """Take the late end of a call that was left behind, so that nothing reports it as never retrieved."""
    if not call.cancelled():
        call.exception()
