"""A report on request: by the video model where there is one, else what the store holds, counted by code."""

from datetime import timedelta

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DOMAIN, ProviderName
from .coordinator import ReportView
from .engine.errors import AnalysisError, AnalysisFailure, StoreError
from .engine.incident import NEVER_MERGED
from .engine.models import MonitorEvent, Severity, Status
from .engine.score import Grade, safety_score
from .monitor import CribMonitor
from .report_period import MINUTES_MAX
from .report_text import TEXT_MAX, incident_lines

MINUTES = 10
_GRADES = {Severity.DANGER: Grade.DANGER, Severity.WARNING: Grade.CAUTION, Severity.INFO: Grade.RECOMMENDATION}


async def async_make_report(monitor: CribMonitor, minutes: int = MINUTES) -> ReportView:
    """The model's report of the last `minutes`, else what the detectors know, with the reason. Shows it, too.

    Raises:
        HomeAssistantError: the store cannot be read; there is no report then.
    """
    failure: str | None = None
    if minutes <= MINUTES_MAX:
        try:
            view: ReportView | None = await monitor.entry.runtime_data.reports.async_between(monitor, minutes)
        except AnalysisError as error:
            failure = error.failure.value
        except OSError:
            failure = AnalysisFailure.NO_PICTURE.value
        except StoreError as error:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_unreadable") from error
        else:
            if view is not None:
                return view
    return await _local_report(monitor, minutes, failure)


async def _local_report(monitor: CribMonitor, minutes: int, failure: str | None) -> ReportView:
    """The incidents of the last `minutes`, oldest first, and the score where a model has judged."""
    end = dt_util.utcnow()
    start = end - timedelta(minutes=minutes)
    events = await async_events(monitor, start=start, end=end, limit=200)
    # A milestone is confirmed, too, and nothing to be careful of.
    judged = [e for e in events if e.status is Status.CONFIRMED and e.kind not in NEVER_MERGED]
    report = ReportView(
        at=end,
        start=start,
        end=end,
        text=incident_lines(monitor.hass, events, monitor.config.name)[:TEXT_MAX],
        # Without a model nothing was judged: no score is unknown, not full marks.
        score=safety_score(_GRADES[e.severity] for e in judged if e.severity in _GRADES) if judged else None,
        provider=ProviderName.LOCAL.value,
        details={"failure": failure} if failure else {},
    )
    monitor.keeper.set_report(report)
    return report


async def async_events(monitor: CribMonitor, **query: object) -> list[MonitorEvent]:
    """Incidents of one crib, oldest first. Raises HomeAssistantError where the store cannot be read."""
    try:
        stored = await monitor.async_query_events(**query)
    except StoreError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_unreadable") from error
    return [item.event for item in reversed(stored)]
