"""Has windows understood by a video model: a lane of its own, so that no report ever delays a frame check."""

import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .const import CONF_API_KEY, CONF_CROP, CONF_PROVIDER, CONF_VIDEO_REPORTS, ProviderName
from .engine.analysis.budget import Ticket
from .engine.analysis.lanes import Lane, LaneFigures
from .engine.analysis.provider import Reporter, report_by
from .engine.analysis.report_jobs import ReportRequest
from .engine.errors import AnalysisError, AnalysisFailure, Remedy
from .engine.store import Store
from .engine.windows.report import WindowReport
from .providers import make_reporter
from .storage import AsyncStore

_LOGGER = logging.getLogger(__name__)
_REPORTERS = (ProviderName.GEMINI, ProviderName.AI_TASK)
_UNBILLED = frozenset(
    {
        AnalysisFailure.UNREACHABLE,
        AnalysisFailure.RATE_LIMITED,
        AnalysisFailure.INVALID_KEY,
        AnalysisFailure.NO_PICTURE,
        AnalysisFailure.MODEL_NOT_FOUND,
    }
)


class ReportCaller:
    """One for the home. Event loop only; the calls run in Home Assistant's executor."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: AsyncStore, analyst: Analyst) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._analyst = analyst
        self._lane = Lane[ReportRequest, Reporter, WindowReport](hass.async_add_executor_job, report_by)
        self._refused_key: str | None = None

    @property
    def understands_video(self) -> bool:
        """True where the home's model can be shown a window and the parent lets it; else the detectors alone report."""
        options = self._entry.options
        # A window shows the whole room: not where only the crib may be sent.
        allowed = bool(options.get(CONF_VIDEO_REPORTS, True)) and not options.get(CONF_CROP, False)
        return allowed and self._entry.data.get(CONF_PROVIDER) in _REPORTERS

    @property
    def paused(self) -> bool:
        """True while the model gives no verdicts: a window waits until a frame check has found it back.

        So an outage costs the probes of the frame checks, and nothing more.
        """
        return self._analyst.pauses(str(self._entry.data.get(CONF_PROVIDER)))

    async def async_report(self, request: ReportRequest) -> WindowReport:
        """One call, counted in the day's budget. Raises AnalysisError."""
        reporter = make_reporter(self._hass, self._entry)
        api_key = str(self._entry.data.get(CONF_API_KEY) or "")
        if reporter.name == ProviderName.GEMINI and api_key == self._refused_key:
            raise AnalysisError(AnalysisFailure.INVALID_KEY, "waiting for a new key", remedy=Remedy.NEW_KEY)
        ticket = self._analyst.governor.budget.take(
            dt_util.now(), model=reporter.model, urgent=False, tokens=reporter.tokens(request)
        )
        outcome: WindowReport | AnalysisError | None = None
        try:
            outcome = await self._lane.submit(request, reporter)
        except AnalysisError as error:
            outcome = error
            self._failed(reporter, error, api_key)
            raise
        else:
            return outcome
        finally:
            self._settle(reporter, ticket, outcome)

    async def async_close(self) -> None:
        """Cut what is in flight, within a second."""
        await self._lane.close()

    def figures(self) -> LaneFigures:
        """For diagnostics."""
        return self._lane.figures()

    @callback
    def _settle(self, reporter: Reporter, ticket: Ticket, outcome: WindowReport | AnalysisError | None) -> None:
        now, budget = dt_util.now(), self._analyst.governor.budget
        before = budget.figures(now).cost or 0.0
        usage = outcome.usage if isinstance(outcome, WindowReport) else None
        billed = not (isinstance(outcome, AnalysisError) and outcome.failure in _UNBILLED)
        budget.settle(ticket, now, usage, billed=billed)
        self._store.write(
            Store.add_usage,
            now.date(),
            reporter.name,
            calls=1,
            failures=int(usage is None),
            tokens_in=(usage and usage.tokens_in) or 0,
            tokens_out=(usage and usage.tokens_out) or 0,
            cost=max(0.0, (budget.figures(now).cost or 0.0) - before),
        )
        self._analyst.keep()

    @callback
    def _failed(self, reporter: Reporter, error: AnalysisError, api_key: str) -> None:
        # No warning: the window's state and the status of the home tell it, and an outage has a line of its own.
        _LOGGER.info("A window could not be understood: %s", error)
        if error.failure is not AnalysisFailure.INVALID_KEY:
            return
        self._refused_key = api_key
        try:
            self._entry.async_start_reauth(self._hass, data={"reauth_provider": reporter.name})
        except HomeAssistantError:
            _LOGGER.exception("Reauthentication could not be started")
