"""How the AI of the home stands, in the words of its status sensor; and a request as a provider can take it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .engine.analysis.breaker import BreakerState
from .engine.analysis.budget import BudgetLevel
from .engine.analysis.chain import Link
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.provider import Provider
from .engine.errors import AnalysisFailure

BLOCKED = (BudgetLevel.URGENT_ONLY, BudgetLevel.SPENT)
"""No routine check is sent."""


def status_of(
    links: Sequence[Link], level: BudgetLevel, limit: str | None, failure: AnalysisFailure | None
) -> tuple[str, str | None]:
    """Status and reason of a home that has a model. `failure`: why the last check had no verdict."""
    if level in BLOCKED:
        return "budget_spent", f"{limit}_{'kept_for_danger' if level is BudgetLevel.URGENT_ONLY else 'spent'}"
    pausing = [link for link in links if link.breaker.state in (BreakerState.BACKING_OFF, BreakerState.PROBING)]
    why = next((link.breaker.last_failure for link in links if link.breaker.last_failure), None) or failure
    if links and len(pausing) == len(links):
        return "backing_off", why and why.value
    if why is not None:
        return "degraded", why.value
    return ("degraded", f"saving_{limit}") if level is BudgetLevel.ECONOMY else ("ok", None)


def shaped(request: CheckRequest, provider: Provider) -> CheckRequest:
    """The request as the provider can take it: the newest pictures."""
    most = provider.capabilities.images_max
    return request if len(request.pictures) <= most else replace(request, pictures=request.pictures[-most:])


def quarter(at: datetime | None) -> datetime | None:
    """The beginning of that quarter of an hour."""
    if at is None:
        return None
    return at.replace(second=0, microsecond=0) - timedelta(minutes=at.minute % 15)
