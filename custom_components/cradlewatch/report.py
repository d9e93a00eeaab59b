"""A report on request: what the store holds of the last while, counted by code. No model takes part in it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DOMAIN, ProviderName
from .coordinator import ReportView
from .engine.errors import StoreError
from .engine.models import MonitorEvent, Phase, Severity, Status
from .engine.score import Grade, safety_score
from .monitor import CribMonitor
from .phrases import words_of

MINUTES = 10
_TEXT_MAX = 2000
_GRADES = {Severity.DANGER: Grade.DANGER, Severity.WARNING: Grade.CAUTION, Severity.INFO: Grade.RECOMMENDATION}


async def async_make_report(monitor: CribMonitor, minutes: int = MINUTES) -> ReportView:
    """The incidents of the last `minutes`, oldest first, and the score where a model has judged. Shows it, too.

    Raises:
        HomeAssistantError: the store cannot be read; there is no report then.
    """
    end = dt_util.utcnow()
    start = end - timedelta(minutes=minutes)
    events = await async_events(monitor, start=start, end=end, limit=200)
    judged = [event for event in events if event.status is Status.CONFIRMED]
    report = ReportView(
        at=end,
        start=start,
        end=end,
        text=_text(monitor, events)[:_TEXT_MAX],
        # Without a model nothing was judged: no score is unknown, not full marks.
        score=safety_score(_GRADES[e.severity] for e in judged if e.severity in _GRADES) if judged else None,
        provider=ProviderName.LOCAL.value,
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


def _text(monitor: CribMonitor, events: list[MonitorEvent]) -> str:
    lines = []
    for event in events:
        at = dt_util.as_local(event.started_at).strftime("%H:%M:%S")
        # What happened, not that it is over.
        said = words_of(monitor.hass, replace(event, phase=Phase.OPENED), monitor.config.name)
        lines.append(f"{at} {said.title}")
    counted = Counter(event.kind.value for event in events)
    head = ", ".join(f"{kind}: {number}" for kind, number in counted.most_common())
    return "\n".join([head, *lines]) if lines else ""
