"""Sound to the detectors: in tenths of a second, nothing lost, a damaged packet costs itself only."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
import tempfile

from av.packet import Packet
import numpy as np
import pytest

from custom_components.cradlewatch.engine.ear import Ear
from custom_components.cradlewatch.engine.models import AudioBlock
from custom_components.cradlewatch.engine.source.types import MediaItem
from tests.engine.loops import CountingSenses
from tests.engine.sources import opened
from tests.media import Clip, clip


class Hearing(CountingSenses):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[AudioBlock] = []

    def on_audio(self, block: AudioBlock) -> tuple[()]:
        self.blocks.append(block)
        return ()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cw-") as name:
        yield Path(name)


@pytest.mark.parametrize("audio", ["aac", "libopus"])
def test_all_of_it_is_heard_in_tenths_of_a_second(folder: Path, audio: str) -> None:
    path = clip(folder, ".mkv", Clip(seconds=4, audio=audio))
    senses = Hearing()
    ear = Ear(senses)
    with opened(str(path), allowed_folders=(str(folder),)) as source:
        sound = (item for item in source.items() if item.stream.type == "audio")
        rate_hz = source.audio_stream.codec_context.sample_rate if source.audio_stream else 0
        items = list(islice(sound, round(2.5 * rate_hz / 1024)))
        packets_s = sum(1024 / item.stream.codec_context.sample_rate for item in items)
        for item in items:
            ear.hear(item)
    heard_s = sum(block.samples.size for block in senses.blocks) / 16_000
    assert packets_s - 0.3 < heard_s <= packets_s + 0.1
    assert len(senses.blocks) <= packets_s / 0.1 + 1
    assert all(block.samples.dtype == np.float32 for block in senses.blocks)
    # A tone of 440 Hz, and no seams where blocks meet.
    whole = np.concatenate([block.samples for block in senses.blocks])[8000:24_000]
    spectrum = np.abs(np.fft.rfft(whole * np.hanning(whole.size)))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert spectrum[:400].max() < 0.02 * spectrum.max()
    assert ear.damaged == 0


def test_a_damaged_packet_costs_itself_only(folder: Path) -> None:
    path = clip(folder, ".mkv", Clip(seconds=4, audio="aac"))
    senses = Hearing()
    ear = Ear(senses)
    with opened(str(path), allowed_folders=(str(folder),)) as source:
        sound = (item for item in source.items() if item.stream.type == "audio")
        for index, item in enumerate(islice(sound, 40)):
            if index == 12:
                broken = Packet(b"\xff" * 40)
                broken.time_base = item.packet.time_base
                ear.hear(MediaItem(stream=item.stream, packet=broken, is_key=True, arrived_s=item.arrived_s))
            ear.hear(item)
    assert ear.damaged == 1
    assert sum(block.samples.size for block in senses.blocks) > 30 * 1024
