"""What the benches give the engine: sinks that write down, a still or a moving scene to be watched."""

from collections.abc import Sequence
from pathlib import Path
import threading

from engine.loop import CameraLoop
from engine.models import Link, LinkState, LoopFigures, Reading, Signal, StreamInfo
from engine.senses import NurserySenses
from engine.settings import LoopSettings, SenseSettings, SourceSettings
from engine.source.frame_code import FRAME_CODE_BOX_XYXY


class Notebook:
    """A LoopSink: counts and keeps the links with their times."""

    def __init__(self) -> None:
        self.links: list[LinkState] = []
        self.signals: list[Signal] = []
        self.readings = 0
        self.generations = 0

    def on_link(self, state: LinkState) -> None:
        self.links.append(state)

    def on_info(self, info: StreamInfo) -> None:
        self.info = info

    def on_generation(self) -> None:
        self.generations += 1

    def on_signals(self, signals: Sequence[Signal]) -> None:
        self.signals += signals

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None:
        self.readings += 1


class WatchedCamera:
    """A CameraLoop with the product's own detectors, in a thread of its own."""

    def __init__(self, url: str, socket_path: Path, name: str = "bench", **settings: object) -> None:
        self.notes = Notebook()
        # The frame number changes in every frame: a real camera's clock overlay is ignored in the same way.
        senses = NurserySenses(SenseSettings(ignore_boxes_xyxy=(FRAME_CODE_BOX_XYXY,)))
        self.senses = senses
        self.loop = CameraLoop(
            SourceSettings(spec=url),
            LoopSettings(**settings),
            senses,
            self.notes,
            relay_path=socket_path,
            name=name,
        )
        self._thread = threading.Thread(target=self.loop.run, name=name)
        self._thread.start()

    def wait_up(self, limit_s: float = 20) -> None:
        """Until pictures come."""
        event = threading.Event()
        for _ in range(round(limit_s / 0.05)):
            if self.loop.link.link is Link.LIVE and self.loop.details()["ring_bytes"]:
                return
            event.wait(0.05)
        raise RuntimeError(f"no picture within {limit_s} s: {self.loop.link}")

    def stop(self) -> None:
        self.loop.stop()
        self._thread.join(5)
        if self._thread.is_alive():
            raise RuntimeError("the loop did not stop within 5 s")
