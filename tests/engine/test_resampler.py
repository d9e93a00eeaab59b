"""Sound to the shape that the listeners want, without a thread of FFmpeg's own."""

import gc
import os
from pathlib import Path

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
import numpy as np
import pytest

from custom_components.cradlewatch.engine.resampler import Resampler
from custom_components.cradlewatch.engine.source.audio import AacEncoder, one_core


def tone(samples: int, rate_hz: int = 44_100, layout: str = "stereo", hz: float = 440.0) -> AudioFrame:
    wave = (np.sin(2 * np.pi * hz * np.arange(samples) / rate_hz) * 20_000).astype(np.int16)
    channels = 2 if layout == "stereo" else 1
    frame = AudioFrame.from_ndarray(np.repeat(wave, channels)[None, :], format="s16", layout=layout)
    frame.sample_rate = rate_hz
    return frame


def test_rate_layout_and_level_are_right() -> None:
    resampler = Resampler(sample_format="fltp", layout="mono", rate_hz=16_000)
    parts = [part.to_ndarray() for _ in range(10) for part in resampler.resample(tone(4410))]
    heard = np.concatenate(parts, axis=1)[0]
    assert heard.dtype == np.float32
    assert abs(len(heard) - 16_000) < 64
    spectrum = np.abs(np.fft.rfft(heard[: 16_000 - 64]))
    assert abs(np.argmax(spectrum) * 16_000 / (16_000 - 64) - 440) < 3
    usual = AudioResampler(format="fltp", layout="mono", rate=16_000)
    expected = [part.to_ndarray() for _ in range(10) for part in usual.resample(tone(4410))]
    np.testing.assert_array_equal(heard, np.concatenate(expected, axis=1)[0])


def test_what_fits_already_is_passed_on() -> None:
    resampler = Resampler(sample_format="s16", layout="mono", rate_hz=16_000)
    frame = tone(160, 16_000, "mono")
    assert resampler.resample(frame) == [frame]


def test_a_changed_shape_is_refused() -> None:
    resampler = Resampler(sample_format="fltp", layout="mono", rate_hz=16_000)
    resampler.resample(tone(441))
    with pytest.raises(ValueError, match="shape"):
        resampler.resample(tone(480, 48_000))


def test_no_thread_is_started() -> None:
    gc.collect()
    before = set(Path("/proc/self/task").iterdir())
    made = [Resampler(sample_format="fltp", layout="mono", rate_hz=16_000) for _ in range(5)]
    for resampler in made:
        assert resampler.resample(tone(4410))
    encoder = AacEncoder(44_100, 2)
    assert [packet for index in range(4) for packet in encoder.encode(tone(4410), index / 10)]
    assert set(Path("/proc/self/task").iterdir()) <= before
    encoder.close()


def test_the_thread_may_use_all_its_cores_again() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
    with pytest.raises(RuntimeError), one_core():
        raise RuntimeError
    assert os.sched_getaffinity(0) == before
