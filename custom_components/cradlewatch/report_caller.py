"""Has windows understood by a video model: a lane of its own, so that no report ever delays a frame check."""

from collections.abc import Callable
from functools import partial
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .analyst import Analyst
from .const import CONF_API_KEY, CONF_CROP, CONF_PROVIDER, CONF_VIDEO_REPORTS, ProviderName
from .engine.analysis.budget import Ticket
from .engine.analysis.digest_schema import DigestRequest
from .engine.analysis.lanes import JobQueue, Lane, LaneFigures
from .engine.analysis.provider import ReportAnswered, Reporter, ReportJob, work_by
from .engine.analysis.report_jobs import RepairableError, RepairRequest, ReportRequest
from .engine.errors import AnalysisError, AnalysisFailure, Remedy
from .engine.models import Usage
from .engine.store import Store
from .engine.windows.digest import DigestDraft
from .engine.windows.report import WindowReport
from .engine.windows.stages import Stage
from .providers import make_reporter
from .storage import AsyncStore

_LOGGER = logging.getLogger(__name__)
_REPORTERS = (ProviderName.GEMINI, ProviderName.AI_TASK)
type OnStage = Callable[[Stage], None]
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
        self._lane: JobQueue[ReportJob, Reporter, ReportAnswered] = Lane(hass.async_add_executor_job, work_by)
        self._refused_key: str | None = None
        self.repairs = 0
        """Second calls, for an answer whose form was broken."""

    @property
    def understands_video(self) -> bool:
        """True where the home's model can be shown a window and the parent lets it; else the detectors alone report."""
        options = self._entry.options
        # A window shows the whole room: not where only the crib may be sent.
        allowed = bool(options.get(CONF_VIDEO_REPORTS, True)) and not options.get(CONF_CROP, False)
        return allowed and self._entry.data.get(CONF_PROVIDER) in _REPORTERS

    @property
    def sums_up(self) -> bool:
        """True where a model may be given what was noted in a day, as text."""
        return self.understands_video and self._entry.data.get(CONF_PROVIDER) == ProviderName.GEMINI

    @property
    def paused(self) -> bool:
        """True while the model gives no verdicts: a window waits until a frame check has found it back.

        So an outage costs the probes of the frame checks, and nothing more.
        """
        return self._analyst.pauses(str(self._entry.data.get(CONF_PROVIDER)))

    async def async_report(self, request: ReportRequest, on_stage: OnStage | None = None) -> WindowReport:
        """One call, and a text-only second one where the answer's form is broken; each counted in the day's budget.

        Raises:
            AnalysisError: there is no report.
        """
        try:
            answer = await self._call(request, on_stage)
        except RepairableError as error:
            answer = await self._repaired(request, error, on_stage)
        return _of_kind(answer, WindowReport)

    async def async_digest(self, request: DigestRequest) -> DigestDraft:
        """One text-only call, counted. Raises AnalysisError."""
        return _of_kind(await self._call(request, None), DigestDraft)

    async def _repaired(
        self, request: ReportRequest, error: RepairableError, on_stage: OnStage | None
    ) -> ReportAnswered:
        """What the first call said, put into form; where that fails too, the first failure stands."""
        repair = RepairRequest(report=request, answer=error.answer, usage=error.usage)
        self.repairs += 1
        try:
            return await self._call(repair, on_stage)
        except AnalysisError as second:
            _LOGGER.debug("The answer could not be put into form: %s", second)
            raise AnalysisError(error.failure, error.detail, remedy=error.remedy) from None

    async def _call(self, job: ReportJob, on_stage: OnStage | None) -> ReportAnswered:
        reporter = make_reporter(self._hass, self._entry, partial(self._hop, on_stage) if on_stage else None)
        api_key = str(self._entry.data.get(CONF_API_KEY) or "")
        if reporter.name == ProviderName.GEMINI and api_key == self._refused_key:
            raise AnalysisError(AnalysisFailure.INVALID_KEY, "waiting for a new key", remedy=Remedy.NEW_KEY)
        ticket = self._analyst.governor.budget.take(
            dt_util.now(), model=reporter.model, urgent=False, tokens=reporter.tokens(job)
        )
        outcome: ReportAnswered | AnalysisError | None = None
        try:
            outcome = await self._lane.submit(job, reporter)
        except AnalysisError as error:
            outcome = error
            self._failed(reporter, error, api_key)
            raise
        else:
            return outcome
        finally:
            already = job.usage if isinstance(job, RepairRequest) else None
            self._settle(reporter, ticket, outcome, already=already)

    def _hop(self, on_stage: OnStage, stage: Stage) -> None:
        """From the call's thread; the loop may be gone at shutdown."""
        try:
            self._hass.loop.call_soon_threadsafe(on_stage, stage)
        except RuntimeError:
            _LOGGER.debug("The event loop is closed")

    async def async_close(self) -> None:
        """Cut what is in flight, within a second."""
        await self._lane.close()

    def figures(self) -> LaneFigures:
        """For diagnostics."""
        return self._lane.figures()

    @callback
    def _settle(
        self,
        reporter: Reporter,
        ticket: Ticket,
        outcome: ReportAnswered | AnalysisError | None,
        *,
        already: Usage | None,
    ) -> None:
        """`already`: what an earlier call of the same report used; its own settling has counted it."""
        now, budget = dt_util.now(), self._analyst.governor.budget
        before = budget.figures(now).cost or 0.0
        usage = None if outcome is None or isinstance(outcome, AnalysisError) else outcome.usage
        if isinstance(outcome, RepairableError):
            # It answered, and what it used is known; a failure it is all the same.
            usage = outcome.usage
        if usage is not None and already is not None:
            usage = Usage(
                tokens_in=(usage.tokens_in or 0) - (already.tokens_in or 0),
                tokens_out=(usage.tokens_out or 0) - (already.tokens_out or 0),
            )
        billed = not (isinstance(outcome, AnalysisError) and outcome.failure in _UNBILLED)
        budget.settle(ticket, now, usage, billed=billed)
        self._store.write(
            Store.add_usage,
            now.date(),
            reporter.name,
            calls=1,
            failures=int(usage is None or isinstance(outcome, AnalysisError)),
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


def _of_kind[T](answer: ReportAnswered, kind: type[T]) -> T:
    """The lane carries several kinds of jobs; each is answered with its own."""
    if not isinstance(answer, kind):
        raise TypeError(f"asked for {kind.__name__}, answered with {type(answer).__name__}")
    return answer
