"""Films through real H.264 and the product's own way from packets to signals, with and without the idle economy."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import io

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
import numpy as np

from custom_components.cradlewatch.engine.lookout import Lookout
from custom_components.cradlewatch.engine.models import AudioBlock, EventKind, Signal
from custom_components.cradlewatch.engine.pictures import PictureStore
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import LoopSettings, SenseSettings
from custom_components.cradlewatch.engine.source.types import MediaItem
from tests.corpus import rooms
from tests.corpus.rooms import HEIGHT_PX, WIDTH_PX

FPS = 10.0


@dataclass(frozen=True, slots=True)
class Coded:
    """H.264 in memory, as a camera would send it."""

    data: bytes
    gop_s: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of one run."""

    signals: tuple[Signal, ...]
    decoded_s: tuple[float, ...]
    """Times of the packets that were decoded."""
    skipped: int
    told_late_s: tuple[float, ...]
    """For each signal: how long after its frame came it was told."""
    woke_s: tuple[float, ...]
    """When keyframes were no longer enough."""
    too_noisy: bool
    """Not spared at the end, for the picture's noise."""

    def onsets(self) -> list[tuple[EventKind, float]]:
        return [(signal.kind, round(signal.at_s, 2)) for signal in self.signals if signal.active]


def encode(
    frames: Iterator[tuple[float, rooms.Gray]], *, gop_s: float, crf: int, reorders: bool = False, rate: str = ""
) -> Coded:
    """`reorders`: with B frames. `rate`: bits a second, held as a camera of constant rate does, instead of `crf`."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=Fraction(FPS).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        gop = round(gop_s * FPS)
        stream.options = {
            "preset": "veryfast",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:threads=1",
        }
        stream.options |= {} if reorders else {"tune": "zerolatency"}
        stream.options |= {"b": rate, "maxrate": rate, "bufsize": rate} if rate else {"crf": str(crf)}
        for _, gray in frames:
            plane = np.full((HEIGHT_PX * 3 // 2, WIDTH_PX), 128, np.uint8)
            plane[:HEIGHT_PX] = gray
            out.mux(stream.encode(VideoFrame.from_ndarray(plane, format="yuv420p")))
        out.mux(stream.encode())
    return Coded(file.getvalue(), gop_s)


def sound(at_s: float, noise_s: tuple[float, float] | None) -> AudioBlock:
    """The sound of one frame: a quiet room, and a bang where it is told."""
    loud = noise_s is not None and noise_s[0] <= at_s < noise_s[1]
    rng = np.random.default_rng(round(at_s * 100))
    samples = rng.standard_normal(round(16_000 / FPS)).astype(np.float32) * (0.3 if loud else 0.002)
    return AudioBlock(samples=samples, rate_hz=16_000, at_s=at_s)


def watch(coded: Coded, *, economy: bool, noise_s: tuple[float, float] | None = None) -> Watched:
    """Through the product's own way from packets to signals, as fast as it goes; loud noise within `noise_s`."""
    senses = NurserySenses(SenseSettings())
    lookout = Lookout(LoopSettings(idle_economy=economy), senses, PictureStore(), (), detection=None, name="economy")
    signals: list[Signal] = []
    decoded_s: list[float] = []
    late_s: list[float] = []
    woke_s: list[float] = []
    with av.open(io.BytesIO(coded.data)) as source:
        stream = source.streams.video[0]
        assert isinstance(stream, VideoStream)
        first: float | None = None
        for packet in source.demux(stream):
            if packet.dts is None or not packet.size:
                continue
            at_s = float(packet.dts * packet.time_base)
            first = at_s if first is None else first
            before, idle = lookout.details()["decoded"], lookout.idle
            item = MediaItem(stream=stream, packet=packet, is_key=packet.is_keyframe, arrived_s=at_s - first)
            found = lookout.video(item, 0.0)
            signals += found
            late_s += [item.arrived_s - signal.at_s for signal in found]
            signals += senses.on_audio(sound(at_s - first, noise_s))
            if lookout.details()["decoded"] != before:
                decoded_s.append(at_s - first)
            if idle and not lookout.idle:
                woke_s.append(at_s - first)
    details = lookout.details()
    skipped, too_noisy = int(details["skipped_idle"] or 0), bool(details["too_noisy_to_spare"])
    return Watched(tuple(signals), tuple(decoded_s), skipped, tuple(late_s), tuple(woke_s), too_noisy)
