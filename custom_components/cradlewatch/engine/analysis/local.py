"""The provider of a home without a model: what the detectors know, and never a word about safety."""

from ..models import Activity, Sleep, Verdict
from .jobs import CheckRequest
from .provider import ProviderCapabilities


class LocalProvider:
    """Turns the findings of the detectors into a verdict whose `safety`, title and description are None.

    The words are the glue's, in the home's language.
    """

    name = "local"
    model: str | None = None
    capabilities = ProviderCapabilities(judges_safety=False, leaves_house=False)

    async def check(self, request: CheckRequest) -> Verdict:
        """The findings as they are. What the camera cannot see is unknown."""
        found = request.context.findings
        return Verdict(
            provider=self.name,
            model=None,
            taken_at=request.newest.taken_at,
            taken_at_s=request.newest.at_s,
            latency_s=0.0,
            safety=None,
            title=None,
            description=None,
            activity=_activity(found.activity, found.sleep) if found.visible else None,
            child_in_view=found.occupancy if found.visible else None,
        )

    async def aclose(self) -> None:
        """Nothing is held."""


def _activity(activity: Activity | None, sleep: Sleep | None) -> str | None:
    if sleep is Sleep.ASLEEP:
        return Sleep.ASLEEP.value
    return None if activity is None else activity.value
