"""Real time for sources that could run faster: files and the drawn demo."""

import time

from ..errors import SourceEndedError, SourceProblem
from .types import AbortToken


class Pace:
    """Lets time pass: what belongs to second `at_s` leaves that much after the first. Never drifts."""

    def __init__(self, abort: AbortToken) -> None:
        self._abort = abort
        self._zero_s: float | None = None

    def wait(self, at_s: float) -> float:
        """Wait for second `at_s`; how late it is then, s. Raises SourceEndedError as soon as aborted."""
        now_s = time.monotonic()
        if self._zero_s is None:
            self._zero_s = now_s - at_s
        late_s = now_s - self._zero_s - at_s
        if late_s < 0:
            self._abort.wait(-late_s)
        self.raise_if_aborted()
        return max(0.0, late_s)

    def raise_if_aborted(self) -> None:
        """Raise SourceEndedError once aborted."""
        if self._abort.aborted:
            raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")
