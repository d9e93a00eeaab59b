"""Who judges pictures in this home: provider, lane, usage of the day, and what is wrong with them."""

from datetime import datetime
import logging
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from . import issues
from .const import CONF_MODEL, CONF_PROVIDER, DEFAULT_MODEL, ProviderName
from .coordinator import HomeCoordinator, HomeState
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.lanes import Lane
from .engine.analysis.provider import Provider
from .engine.errors import AnalysisError, AnalysisFailure, Remedy, StoreError
from .engine.models import Verdict
from .engine.store import Store
from .providers import async_make_provider
from .storage import AsyncStore

_LOGGER = logging.getLogger(__name__)
_PAUSE_S = {AnalysisFailure.RATE_LIMITED: 60.0, AnalysisFailure.DAILY_QUOTA: 1800.0}
_PAUSE_MAX_S = 3600.0
_REFUSED_KEY = frozenset({AnalysisFailure.INVALID_KEY})
# These say nothing about the provider.
_NOT_ITS_FAULT = frozenset({AnalysisFailure.NO_PICTURE, AnalysisFailure.CANCELLED})


class Analyst:
    """One for the home. Event loop only."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: AsyncStore) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._lane = Lane(hass.async_add_executor_job)
        self._provider: Provider | None = None
        self._resume_s = float("-inf")
        self._key_refused = False
        self._last_failure: AnalysisFailure | None = None
        self.coordinator = HomeCoordinator(hass, entry)
        self.waiting = 0

    @property
    def provider_name(self) -> str:
        """Name of the provider that is set, `local` where there is none."""
        return str(self._entry.data.get(CONF_PROVIDER, ProviderName.LOCAL))

    @property
    def spends(self) -> bool:
        """True where a check leaves the house or costs money."""
        return self.provider_name != ProviderName.LOCAL

    async def async_set_provider(self) -> None:
        """Take the provider of the entry; the loops do not notice. One that cannot be made is told, not raised."""
        old, self._provider = self._provider, None
        self._key_refused = False
        self._resume_s = float("-inf")
        self._last_failure = None
        if old is not None:
            await old.aclose()
        try:
            self._provider = await async_make_provider(self._hass, self._entry)
        except AnalysisError as error:
            self._note(error)
        self.push()

    async def async_restore(self) -> None:
        """Counters of today."""
        today = dt_util.now().date()
        try:
            usage = await self._store.async_read(Store.usage, today)
        except StoreError:
            self.push()
            return
        self.push(
            HomeState(
                calls=usage.calls,
                failures=usage.failures,
                tokens=usage.tokens_in + usage.tokens_out,
                cost=usage.cost,
                day_started_at=dt_util.start_of_local_day(),
            )
        )

    async def async_check(self, request: CheckRequest) -> Verdict:
        """Have pictures judged. Raises AnalysisError; never answers with anything that did not validate."""
        provider = self._provider
        if provider is None:
            raise AnalysisError(self._last_failure or AnalysisFailure.PROVIDER_OFF)
        if self._key_refused:
            raise AnalysisError(AnalysisFailure.INVALID_KEY, "waiting for a new key", remedy=Remedy.NEW_KEY)
        if not request.urgent and time.monotonic() < self._resume_s:
            raise AnalysisError(AnalysisFailure.BACKING_OFF, "the provider asked for a pause")
        self.waiting += 1
        self.push()
        try:
            verdict = await self._lane.submit(request, provider)
        except AnalysisError as error:
            self._note(error)
            raise
        else:
            self._answered(verdict)
            return verdict
        finally:
            self.waiting -= 1
            self.push()

    async def async_close(self) -> None:
        """Cancel what is in flight."""
        await self._lane.close()
        if self._provider is not None:
            await self._provider.aclose()
            self._provider = None

    @callback
    def new_day(self, _now: datetime) -> None:
        """Midnight: counters begin anew."""
        self.push(HomeState(day_started_at=dt_util.start_of_local_day()))

    @callback
    def push(self, counters: HomeState | None = None) -> None:
        """Tell the home's entities."""
        base = counters or self.coordinator.data
        self.coordinator.push(
            HomeState(
                calls=base.calls,
                failures=base.failures,
                tokens=base.tokens,
                cost=base.cost,
                waiting=self._lane.figures().waiting,
                status=self._status(),
                day_started_at=base.day_started_at or dt_util.start_of_local_day(),
            )
        )

    def _status(self) -> str:
        if not self.spends:
            return "off"
        if self._last_failure is AnalysisFailure.BUDGET_SPENT:
            return "budget_spent"
        if time.monotonic() < self._resume_s:
            return "backing_off"
        return "ok" if self._last_failure is None else "degraded"

    @callback
    def _answered(self, verdict: Verdict) -> None:
        if self._last_failure is not None and self.spends:
            _LOGGER.info("%s answers again", self.provider_name)
        self._last_failure = None
        self._resume_s = float("-inf")
        issues.model_answers(self._hass)
        if verdict.provider != ProviderName.LOCAL:
            self._count(1, 0, verdict.usage.tokens_in or 0, verdict.usage.tokens_out or 0)

    @callback
    def _note(self, error: AnalysisError) -> None:
        failure = error.failure
        if failure in _NOT_ITS_FAULT:
            return
        if self._last_failure is not failure:
            _LOGGER.warning("%s gave no verdict: %s", self.provider_name, error)
        self._last_failure = failure
        if failure in _REFUSED_KEY:
            self._refuse_key()
        if failure is AnalysisFailure.MODEL_NOT_FOUND and self.provider_name == ProviderName.GEMINI:
            model = self._entry.data.get(CONF_MODEL, DEFAULT_MODEL)
            issues.model_gone(self._hass, self._entry.entry_id, model)
        if pause_s := error.retry_after_s or _PAUSE_S.get(failure):
            self._resume_s = time.monotonic() + min(pause_s, _PAUSE_MAX_S)
        if self.spends and self._provider is not None:
            self._count(1, 1, 0, 0)

    @callback
    def _refuse_key(self) -> None:
        if self._key_refused:
            return
        self._key_refused = True
        try:
            self._entry.async_start_reauth(self._hass)
        except HomeAssistantError:
            _LOGGER.exception("Reauthentication could not be started")

    @callback
    def _count(self, calls: int, failures: int, tokens_in: int, tokens_out: int) -> None:
        data = self.coordinator.data
        self.push(
            HomeState(
                calls=data.calls + calls,
                failures=data.failures + failures,
                tokens=data.tokens + tokens_in + tokens_out,
                cost=data.cost,
                day_started_at=data.day_started_at,
            )
        )
        self._store.write(
            Store.add_usage,
            dt_util.now().date(),
            self.provider_name,
            calls=calls,
            failures=failures,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=0.0,
        )
