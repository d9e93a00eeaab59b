"""A clock that runs as the real one does, and can be put forward: a day of a whole home in a minute.

Every clock of the process is put forward at once: the event loop's (so that timers fire), Home Assistant's, and those
of the frame threads, a file's pace included. What else blocks in real time (a socket, a lock) is not woken; the driver
waits for it.
"""

from datetime import UTC, datetime, tzinfo
import time

from homeassistant.helpers import event as ha_event
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch import window_keeper
from custom_components.cradlewatch.engine.link import LinkWatch
from custom_components.cradlewatch.engine.source.pace import Pace

_LOOK_S = 0.002


class Warp:
    """Installed for the rest of the test."""

    def __init__(self, patch: pytest.MonkeyPatch, start: datetime) -> None:
        real_monotonic, real_time = time.monotonic, time.time
        self.ahead_s = 0.0
        since_s = start.timestamp() - real_time()

        def monotonic() -> float:
            return real_monotonic() + self.ahead_s

        def wall() -> float:
            return real_time() + since_s + self.ahead_s

        def now(tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(wall(), tz or dt_util.get_default_time_zone())

        class Warped(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(wall(), tz)

        patch.setattr(time, "monotonic", monotonic)
        patch.setattr(time, "time", wall)
        patch.setattr(dt_util, "now", now)
        patch.setattr(dt_util, "utcnow", lambda: now(UTC))
        patch.setattr(ha_event, "time_tracker_utcnow", lambda: now(UTC))
        patch.setattr(ha_event, "time_tracker_timestamp", wall)
        patch.setattr(window_keeper, "datetime", Warped)
        wait_once = Pace.wait

        def wait(pace: Pace, at_s: float) -> float:
            while pace._zero_s is not None and monotonic() - pace._zero_s < at_s - _LOOK_S:
                pace._abort.wait(_LOOK_S)
                pace.raise_if_aborted()
            return wait_once(pace, at_s)

        patch.setattr(Pace, "wait", wait)
        # Its clock is a default, which holds the real one.
        patch.setattr(LinkWatch.__init__, "__defaults__", (monotonic,))

    def put_forward(self, seconds: float) -> None:
        """From now on it is so much later."""
        self.ahead_s += seconds
