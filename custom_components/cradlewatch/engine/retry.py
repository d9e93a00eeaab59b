"""Waiting between attempts to connect: ever longer, never for ever, and shorter where the camera answers again."""

import time

from .errors import SourceProblem
from .settings import LoopSettings
from .source.reach import answers
from .source.types import AbortToken

_PROBE_EVERY_S = 0.5
# Refused or without an answer. What is reached and says no (a login, a path) is no better a moment later.
_PROBED = (SourceProblem.CANNOT_CONNECT, SourceProblem.TIMEOUT)
_AUTH_TRIES = 2
"""A camera that is starting may refuse a good log-in; from the third refusal on it is believed."""


class Retry:
    """Back-off of one connection: 1, 2, 4, 8, 15, 15... s; 5 min with wrong credentials. One thread waits."""

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings
        self._failures = 0

    def forget(self) -> None:
        """It works, or something changed: the next wait is the shortest. Any thread."""
        self._failures = 0

    def wait(self, spec: str, problem: SourceProblem | None, abort: AbortToken) -> None:
        """Wait for the back-off, shorter where a camera that could not be reached answers again; or until aborted."""
        until_s = time.monotonic() + self._delay_s(problem)
        was_away = False
        while (left_s := until_s - time.monotonic()) > 0:
            # The first look is at once: a camera that comes back before it would be waited for to the end.
            if problem in _PROBED:
                reached = answers(spec, _PROBE_EVERY_S, abort)
                if reached and was_away:
                    return
                was_away = was_away or reached is False
            if abort.wait(min(_PROBE_EVERY_S, left_s)):
                return

    def _delay_s(self, problem: SourceProblem | None) -> float:
        failures = self._failures
        self._failures += 1
        delays = self._settings.reconnect_delays_s
        if problem is SourceProblem.INVALID_AUTH and failures >= _AUTH_TRIES:
            return self._settings.auth_retry_s
        return delays[min(failures, len(delays) - 1)]
