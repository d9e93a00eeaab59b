"""Which pictures the detectors get: the second source's while it delivers, else those of the stream of viewers."""

from collections.abc import Sequence
import logging
import time

from .decoder import Decoder
from .detection_source import DetectionSource
from .ear import Ear
from .models import Signal, StreamInfo
from .pictures import PictureStore
from .ports import FrameTap, Senses
from .settings import LoopSettings, SourceSettings
from .source.types import AbortToken, MediaItem
from .sparing import SparingEye

_LOGGER = logging.getLogger(__name__)
_JOIN_S = 2.0

type Details = dict[str, int | float | bool | str | None]


class Lookout:
    """In the loop's thread, apart from `pause`, `stop`, `state` and `details`."""

    def __init__(
        self,
        settings: LoopSettings,
        senses: Senses,
        pictures: PictureStore,
        taps: Sequence[FrameTap],
        *,
        detection: SourceSettings | None,
        name: str,
    ) -> None:
        self._senses = senses
        self._decoder = Decoder(settings, senses, pictures, taps)
        self._ear = Ear(senses, taps)
        self._eye = SparingEye(self._decoder, senses, enabled=settings.idle_economy)
        self._second = DetectionSource(detection, settings, name) if detection is not None else None
        self._by_second = False
        self._fallbacks = 0
        self._info: StreamInfo | None = None
        self._newest_s = float("-inf")

    @property
    def detected(self) -> int:
        """Frames given to the detectors."""
        return self._decoder.counts.detected

    @property
    def idle(self) -> bool:
        """Only keyframes of the stream of viewers are decoded."""
        return self._eye.idle

    def start(self) -> None:
        """Begin with the second source, where there is one."""
        if self._second is not None:
            self._second.start()

    def pause(self, *, on: bool) -> tuple[AbortToken, ...]:
        """Privacy; any thread. The caller aborts what is given, off the event loop."""
        return () if self._second is None else self._second.pause(on=on)

    def stop(self) -> tuple[AbortToken, ...]:
        """End soon; any thread. The caller aborts what is given, off the event loop."""
        return () if self._second is None else (self._second.stop(),)

    def close(self) -> None:
        """Wait until the second source has ended."""
        if self._second is None:
            return
        self._second.stop().abort()
        if not self._second.join(_JOIN_S):
            _LOGGER.warning("The second source's thread did not end in time")

    def source_opened(self, info: StreamInfo) -> None:
        """The stream of viewers was opened."""
        self._info = info
        self._eye.forget()
        self._decoder.source_opened()
        self._ear.source_opened()
        if not self._by_second:
            self._senses.on_info(info)

    def forget(self) -> None:
        """Privacy, or the end: what comes next is new, and no decoder keeps its last pictures or sound."""
        self._by_second = False
        self._eye.forget()
        self._decoder.source_opened()
        self._ear.source_opened()

    def video(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        """What the detectors find. `behind_s`: how late the loop is now."""
        second = self._second
        delivers = second is not None and second.delivers(item.arrived_s)
        if second is not None and delivers != self._by_second:
            self._change_eye(second, by_second=delivers)
        if second is None or not delivers:
            self._newest_s = item.arrived_s
            return self._eye.video(item, behind_s)
        self._eye.follow(item)
        self._decoder.leave_out()
        signals: list[Signal] = []
        for frame, at_s in second.take():
            # What came before the change was seen by the other eye: time never runs back for the detectors.
            if at_s <= self._newest_s:
                continue
            self._newest_s = at_s
            signals += self._decoder.picture(frame, at_s, behind_s)
        return signals

    def audio(self, item: MediaItem) -> Sequence[Signal]:
        """What is heard: of the stream of viewers always."""
        return self._ear.hear(item)

    def _change_eye(self, second: DetectionSource, *, by_second: bool) -> None:
        self._by_second = by_second
        self._eye.forget()
        self._fallbacks += not by_second
        info = second.info if by_second else self._info
        if info is not None:
            self._senses.on_info(info)

    def second_source(self) -> str | None:
        """`live`, or why the second source delivers nothing; None where none is set."""
        return None if self._second is None else self._second.reason(time.monotonic()) or "live"

    def details(self) -> Details:
        """Counts for diagnostics."""
        counts = self._decoder.counts
        found: Details = {
            "decoded": counts.decoded,
            "skipped_behind": counts.skipped_behind,
            "skipped_idle": self._eye.skipped,
            "rewinds": self._eye.rewinds,
            "wakes": self._eye.wakes,
            "damaged": counts.damaged + self._ear.damaged,
            "idle": self.idle,
            "too_noisy_to_spare": self._eye.too_noisy,
        }
        if (second := self._second) is not None:
            found |= {
                "second_source": self.second_source() or "live",
                "second_source_in_use": self._by_second,
                "second_source_decoded": second.counts.decoded,
                "second_source_left_out": second.counts.left_out,
                "second_source_damaged": second.damaged,
                "second_source_reconnects": second.counts.reconnects,
                "second_source_fallbacks": self._fallbacks,
            }
        return found
