"""Providers in the order of the home's choice: the first that answers is the one that judges.

What falls through to the next is a failure of the provider, never a verdict of another's liking: a "danger" is not
asked again, and a request that was replaced or cut is over.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
import logging
import time

from ..errors import AnalysisError, AnalysisFailure
from ..models import Verdict
from .breaker import Breaker, BreakerState, Turn
from .jobs import CheckRequest
from .provider import Provider

_LOGGER = logging.getLogger(__name__)
_FINAL = frozenset({AnalysisFailure.CANCELLED, AnalysisFailure.NO_PICTURE, AnalysisFailure.BUDGET_SPENT})

type Submit = Callable[[CheckRequest, Provider], Awaitable[Verdict]]
"""`Lane.submit`, or what stands in its place."""


@dataclass(slots=True, eq=False)
class Link:
    """One provider of the chain with its breaker and counters."""

    provider: Provider
    breaker: Breaker = field(default_factory=Breaker)
    sent: int = 0
    failed: int = 0


class ProviderChain:
    """Asks providers in order. Event loop only.

    A provider that cannot judge safety (local) belongs in no chain beside others: its verdicts would hide an outage.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        submit: Submit,
        *,
        clock: Callable[[], float] | None = None,
        on_sent: Callable[[Provider, Verdict | AnalysisError], None] | None = None,
    ) -> None:
        if not providers:
            raise ValueError("a chain needs a provider")
        self.links = tuple(Link(provider) for provider in providers)
        self._submit = submit
        self._clock = clock or time.monotonic
        self._on_sent = on_sent

    @property
    def state(self) -> BreakerState:
        """Of the provider that comes first."""
        return self.links[0].breaker.state

    @property
    def answers(self) -> bool:
        """False while no provider of the chain lets a request through."""
        return any(link.breaker.resume_in_s(self._clock()) in (None, 0.0) for link in self.links)

    async def check(self, request: CheckRequest) -> Verdict:
        """The first verdict.

        Raises:
            AnalysisError: of the first provider that was asked; BACKING_OFF where none was.
        """
        failures: list[AnalysisError] = []
        for link in self.links:
            try:
                return await self._ask(link, request)
            except AnalysisError as error:
                if error.failure in _FINAL:
                    raise
                failures.append(error)
        asked = [error for error in failures if error.failure is not AnalysisFailure.BACKING_OFF]
        raise (asked or failures)[0]

    async def aclose(self) -> None:
        """Close all providers."""
        for link in self.links:
            await link.provider.aclose()

    async def _ask(self, link: Link, request: CheckRequest) -> Verdict:
        link.breaker.admit(self._clock(), urgent=request.urgent)
        answered = False
        try:
            link.sent += 1
            verdict = await self._submit(request, link.provider)
            answered = True
        except AnalysisError as error:
            answered = True
            link.failed += 1
            self._tell(link, link.breaker.on_failure(error, self._clock()), error)
            self._note(link.provider, error)
            raise
        finally:
            if not answered:
                # Cancelled by its caller: gives the probe back.
                link.breaker.on_failure(AnalysisError(AnalysisFailure.CANCELLED), self._clock())
        self._tell(link, link.breaker.on_success(), None)
        self._note(link.provider, verdict)
        return verdict

    def _note(self, provider: Provider, outcome: Verdict | AnalysisError) -> None:
        if self._on_sent is not None:
            self._on_sent(provider, outcome)

    def _tell(self, link: Link, turn: Turn | None, error: AnalysisError | None) -> None:
        """One line at the loss and one at the return, however long it lasts."""
        if turn is Turn.LOST:
            _LOGGER.warning("%s gives no verdicts (%s); it is asked again now and then", link.provider.name, error)
        elif turn is Turn.BACK:
            _LOGGER.info("%s answers again", link.provider.name)
