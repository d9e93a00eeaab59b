"""Tells the parent of a second source that needs them: a refused password, or an address from which nothing comes."""

from homeassistant.core import HomeAssistant, callback

from . import issues
from .engine.errors import SourceProblem

# A camera that is starting may refuse a good log-in; one that starts anew, or a router, is back within minutes.
_REFUSED_FOR_S = 8.0
_AWAY_FOR_S = 300.0


class SecondSourceWatch:
    """Fed with the reason that comes with every reading of a live camera. Event loop only."""

    def __init__(self, hass: HomeAssistant, crib_id: str) -> None:
        self._hass = hass
        self._crib_id = crib_id
        self._problem: str | None = None
        self._since_s = 0.0

    @callback
    def told(self, name: str, reason: str | None, now_s: float) -> None:
        """`reason`: `live`, None where no second source is set, else why it delivers nothing."""
        problem = None if reason in (None, "live") else _kind_of(reason)
        if problem != self._problem:
            self._problem, self._since_s = problem, now_s
        if problem is None:
            issues.second_source_works(self._hass, self._crib_id)
        elif now_s - self._since_s >= (_REFUSED_FOR_S if problem == SourceProblem.INVALID_AUTH else _AWAY_FOR_S):
            issues.second_source_fails(self._hass, self._crib_id, name, refused=problem == SourceProblem.INVALID_AUTH)


def _kind_of(reason: str) -> str:
    """Only a refused log-in is of its own kind: nobody there, silence and nonsense take turns in one outage."""
    return SourceProblem.INVALID_AUTH if reason == SourceProblem.INVALID_AUTH else "away"
