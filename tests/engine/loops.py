"""A running CameraLoop for tests, with everything it tells written down."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import tempfile
import threading
import time

from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.models import (
    AudioBlock,
    Frame,
    Link,
    LinkState,
    LoopFigures,
    Reading,
    Signal,
    StreamInfo,
)
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings

# Linux keeps so many bytes of a thread's name.
_COMM_MAX = 15


class CountingSenses:
    """Senses that see nothing: counts and keeps the newest frame."""

    wants_every_frame = True
    found_calm = False
    calm_for_s = 0.0
    noisy = False
    moved_s = float("-inf")

    def __init__(self) -> None:
        self.frames: list[float] = []
        self.sound_samples = 0
        self.newest: Frame | None = None
        self.resets = 0
        self.closes = 0

    def on_info(self, info: StreamInfo) -> None:
        self.info = info

    def on_frame(self, frame: Frame) -> Sequence[Signal]:
        self.frames.append(frame.at_s)
        self.newest = frame
        return ()

    def on_audio(self, block: AudioBlock) -> Sequence[Signal]:
        self.sound_samples += len(block.samples)
        return ()

    def reading(self, at_s: float) -> Reading:
        return Reading(at_s=at_s)

    def reset(self) -> None:
        self.resets += 1

    def close(self, at_s: float) -> Sequence[Signal]:
        self.closes += 1
        return ()


class Notes:
    """A LoopSink that writes down."""

    def __init__(self) -> None:
        self.links: list[LinkState] = []
        self.infos: list[StreamInfo] = []
        self.info_at_s: list[float] = []
        self.signals: list[Signal] = []
        self.readings: list[Reading] = []
        self.generations = 0

    def on_link(self, state: LinkState) -> None:
        self.links.append(state)

    def on_info(self, info: StreamInfo) -> None:
        self.infos.append(info)
        self.info_at_s.append(time.monotonic())

    def on_generation(self) -> None:
        self.generations += 1

    def on_signals(self, signals: Sequence[Signal]) -> None:
        self.signals += signals

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None:
        self.readings.append(reading)


class Running:
    """A loop in its thread."""

    def __init__(self, loop: CameraLoop, senses: CountingSenses, notes: Notes, socket_path: Path) -> None:
        self.loop = loop
        self.senses = senses
        self.notes = notes
        self.socket_path = socket_path

    def wait(self, what: Callable[[], object], timeout_s: float = 15) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < deadline_s, f"not within {timeout_s} s; links: {self.notes.links}"
            time.sleep(0.02)

    def wait_link(self, link: Link, timeout_s: float = 15) -> None:
        self.wait(lambda: self.loop.link.link is link, timeout_s)


def own_threads(name: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(name)]


@contextmanager
def running_loop(
    spec: str,
    *,
    name: str = "cradlewatch-test",
    settings: LoopSettings | None = None,
    detection: SourceSettings | None = None,
    **source: object,
) -> Iterator[Running]:
    """Started; stopped at the end, when nothing of it may be left: thread (FFmpeg's own too), socket or file."""
    # Where another loop runs beside it, what that one has open is not told apart.
    alone, files = not own_threads("cradlewatch-"), open_files()
    with tempfile.TemporaryDirectory(prefix="cw-") as folder:
        path = Path(folder) / "relay.sock"
        senses, notes = CountingSenses(), Notes()
        loop = CameraLoop(
            SourceSettings(spec=spec, **source),  # type: ignore[arg-type]
            settings or LoopSettings(),
            senses,
            notes,
            relay_path=path,
            name=name,
            detection=detection,
        )
        thread = threading.Thread(target=loop.run, name=name)
        thread.start()
        try:
            yield Running(loop, senses, notes, path)
        finally:
            loop.stop()
            thread.join(3)
        assert not thread.is_alive(), "the loop did not stop within 3 s"
        assert own_threads(name) == []
        assert not path.exists()
        assert soon(lambda: not native_threads(name)), native_threads(name)
        # What tests opened besides (viewers, servers in this process) needs a moment to notice the end.
        assert not alone or soon(lambda: open_files() <= files), f"{files} files before, {open_files()} after"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def native_threads(name: str) -> list[str]:
    """Threads of this process that Python may not know (FFmpeg's): they are called as the one that began them."""
    names = [_comm(task) for task in Path("/proc/self/task").iterdir()]
    return [found for found in names if found and found == name[:_COMM_MAX]]


def _comm(task: Path) -> str:
    try:
        return (task / "comm").read_text().strip()
    except OSError:
        return ""


def soon(check: Callable[[], bool], limit_s: float = 5) -> bool:
    deadline_s = time.monotonic() + limit_s
    while not check():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True
