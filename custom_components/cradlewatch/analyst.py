"""Who judges pictures in this home: providers in order, one lane, the budget of the day, and what is wrong."""

from dataclasses import asdict
from datetime import datetime
import logging
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from . import ai_issues
from .ai_view import BLOCKED, quarter, shaped, status_of
from .const import CONF_PROVIDER, SUBENTRY_CRIB, ProviderName
from .coordinator import HomeCoordinator, HomeState
from .engine.analysis.breaker import BreakerState
from .engine.analysis.budget import Ticket
from .engine.analysis.cadence import Due, Scene
from .engine.analysis.chain import ProviderChain
from .engine.analysis.governor import Governor
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.lanes import CheckQueue, Lane
from .engine.analysis.provider import Provider
from .engine.errors import AnalysisError, AnalysisFailure, Remedy, StoreError
from .engine.models import Verdict
from .engine.store import Store
from .home_settings import budget_of
from .providers import async_make_provider, provider_order
from .storage import AsyncStore

_LOGGER = logging.getLogger(__name__)
_KEPT = "governor"


class Analyst:
    """One for the home. Event loop only."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: AsyncStore) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._lane: CheckQueue = Lane(hass.async_add_executor_job)
        self._chain: ProviderChain | None = None
        self._off: AnalysisError | None = None
        self._refused: set[str] = set()
        self._failure: AnalysisFailure | None = None
        self._scenes: dict[str, Scene] = {}
        self.governor = Governor(budget_of(entry.options, self._cribs), dt_util.now())
        self.coordinator = HomeCoordinator(hass, entry)

    @property
    def provider_name(self) -> str:
        """Name of the provider that comes first, `local` where there is none."""
        return str(self._entry.data.get(CONF_PROVIDER, ProviderName.LOCAL))

    @property
    def spends(self) -> bool:
        """True where a check leaves the house or costs money."""
        return self.provider_name != ProviderName.LOCAL

    @property
    def cause(self) -> AnalysisFailure | None:
        """Why the last check of this home had no verdict; None after a verdict."""
        return self._failure

    @property
    def blocked(self) -> bool:
        """True while the budget leaves no routine check."""
        return self.spends and self.governor.figures(dt_util.now()).budget.level in BLOCKED

    @property
    def images_max(self) -> int:
        """Most pictures that any provider of the home takes at once."""
        return (
            max((link.provider.capabilities.images_max for link in self._chain.links), default=1) if self._chain else 1
        )

    def pauses(self, name: str) -> bool:
        """True while this provider is left alone after failures, or just probed."""
        resting = (BreakerState.BACKING_OFF, BreakerState.PROBING)
        links = self._chain.links if self._chain else ()
        return any(link.provider.name == name and link.breaker.state in resting for link in links)

    @property
    def _cribs(self) -> int:
        return sum(sub.subentry_type == SUBENTRY_CRIB for sub in self._entry.subentries.values())

    async def async_set_provider(self) -> None:
        """Take the providers of the entry; the loops do not notice. One that cannot be made is told, not raised."""
        old, self._chain = self._chain, None
        self._refused.clear()
        self._failure = self._off = None
        if old is not None:
            ai_issues.forget(self._hass)
            await old.aclose()
        made: list[Provider] = []
        for name in provider_order(self._entry.data):
            try:
                made.append(await async_make_provider(self._hass, self._entry, name))
            except AnalysisError as error:
                self._off = self._off or error
                _LOGGER.warning("%s cannot be used: %s", name, error)
                self._remedy(name, None, error)
        if made:
            self._chain = ProviderChain(made, self._send, on_sent=self._sent)
        elif self._off is not None:
            self._failure = self._off.failure
        self.push()

    @callback
    def options_changed(self) -> None:
        """Other limits or prices, or another number of cribs: what was used stays used."""
        self.governor.budget.settings = budget_of(self._entry.options, self._cribs)
        self.push()

    async def async_restore(self) -> None:
        """The budget of today."""
        try:
            self.governor.restore(await self._store.async_read(Store.get_state, _KEPT), dt_util.now())
        except StoreError:
            _LOGGER.warning("What was used of today's AI budget is not known")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _LOGGER.warning("What was kept of today's AI budget cannot be read (%s)", type(error).__name__)
        self.push()

    @callback
    def due(self, crib_id: str, scene: Scene, now_s: float) -> Due | None:
        """Is a check of this crib due? About once a second."""
        return self.governor.due(crib_id, scene, now_s, dt_util.now())

    async def async_check(self, request: CheckRequest, scene: Scene | None = None) -> Verdict:
        """Have pictures judged. Raises AnalysisError; never answers with anything that did not validate."""
        if self._chain is None:
            raise self._off or AnalysisError(AnalysisFailure.PROVIDER_OFF)
        self._scenes[request.crib_id] = scene or Scene()
        try:
            verdict = await self._chain.check(request)
        except AnalysisError as error:
            if error.failure is AnalysisFailure.CANCELLED:
                raise
            if error.failure is not AnalysisFailure.BACKING_OFF or self._failure is None:
                self._failure = error.failure
            raise
        else:
            self._failure = None
            return verdict
        finally:
            self.push()

    async def async_close(self) -> None:
        """Cancel what is in flight."""
        await self._lane.close()
        if self._chain is not None:
            await self._chain.aclose()
            self._chain = None

    @callback
    def new_day(self, _now: datetime) -> None:
        """Midnight: counters begin anew."""
        if self._failure is AnalysisFailure.BUDGET_SPENT:
            self._failure = None
        self.push()

    # Each request that leaves

    async def _send(self, request: CheckRequest, provider: Provider) -> Verdict:
        if provider.name in self._refused:
            raise AnalysisError(AnalysisFailure.INVALID_KEY, "waiting for a new key", remedy=Remedy.NEW_KEY)
        fitting = shaped(request, provider)
        if provider.name == ProviderName.LOCAL:
            return await self._lane.submit(fitting, provider)
        scene = self._scenes.get(request.crib_id) or Scene()
        ticket = self.governor.take(
            request.crib_id, scene, time.monotonic(), dt_util.now(), model=provider.model, urgent=request.urgent
        )
        outcome: Verdict | AnalysisError | None = None
        self.push()
        try:
            outcome = await self._lane.submit(fitting, provider)
        except AnalysisError as error:
            outcome = error
            raise
        else:
            return outcome
        finally:
            self._settle(request, provider, ticket, outcome)

    @callback
    def _settle(
        self, request: CheckRequest, provider: Provider, ticket: Ticket, outcome: Verdict | AnalysisError | None
    ) -> None:
        now = dt_util.now()
        before = self.governor.figures(now).budget.cost or 0.0
        self.governor.settle(request.crib_id, ticket, outcome, now)
        usage = outcome.usage if isinstance(outcome, Verdict) else None
        self._store.write(
            Store.add_usage,
            now.date(),
            provider.name,
            calls=1,
            failures=int(usage is None),
            tokens_in=(usage and usage.tokens_in) or 0,
            tokens_out=(usage and usage.tokens_out) or 0,
            cost=max(0.0, (self.governor.figures(now).budget.cost or 0.0) - before),
        )
        self.keep()

    @callback
    def keep(self) -> None:
        """Keep the budget of the day over a restart, and show it."""
        self._store.write(Store.put_state, _KEPT, self.governor.to_json())
        self.push()

    @callback
    def _sent(self, provider: Provider, outcome: Verdict | AnalysisError) -> None:
        if isinstance(outcome, AnalysisError):
            self._remedy(provider.name, provider.model, outcome)
        elif provider.name != ProviderName.LOCAL:
            ai_issues.answered(self._hass, provider.name)

    @callback
    def _remedy(self, name: str, model: str | None, error: AnalysisError) -> None:
        """What is to be done about it: a new key asked for once, a repair, or just time."""
        if error.failure is AnalysisFailure.INVALID_KEY:
            self._refuse_key(name)
        else:
            ai_issues.failed(self._hass, self._entry, name, model, error.failure)

    @callback
    def _refuse_key(self, name: str) -> None:
        if name in self._refused:
            return
        self._refused.add(name)
        try:
            self._entry.async_start_reauth(self._hass, data={"reauth_provider": name})
        except HomeAssistantError:
            _LOGGER.exception("Reauthentication could not be started")

    # What the home's entities show

    @callback
    def push(self) -> None:
        """Tell the home's entities."""
        figures = self.governor.figures(dt_util.now())
        budget = figures.budget
        links = self._chain.links if self._chain else ()
        failure = self._failure or (self._off.failure if self._off else None)
        shown = status_of(links, budget.level, budget.limit, failure) if self.spends else ("off", None)
        status, reason = shown
        self.coordinator.push(
            HomeState(
                calls=budget.calls,
                failures=budget.failures,
                tokens=budget.tokens_in + budget.tokens_out,
                cost=budget.cost,
                waiting=self._lane.figures().waiting,
                status=status,
                reason=reason,
                level=budget.level.value,
                limit=budget.limit,
                # In steps, or each call would write a state.
                ends_at=quarter(budget.ends_at),
                providers=self._providers(),
                spared=figures.spared,
                refused=figures.refused,
                day_started_at=dt_util.start_of_local_day(),
            )
        )

    def _providers(self) -> tuple[tuple[str, str], ...]:
        return (
            tuple((link.provider.name, link.breaker.state.value) for link in self._chain.links) if self._chain else ()
        )

    def figures(self) -> dict[str, Any]:
        """Plain figures for diagnostics."""
        links = self._chain.links if self._chain else ()
        return {
            "lane": asdict(self._lane.figures()),
            "providers": [
                {
                    "name": link.provider.name,
                    "state": link.breaker.state.value,
                    "last_failure": link.breaker.last_failure,
                    "sent": link.sent,
                    "failed": link.failed,
                }
                for link in links
            ],
        }
