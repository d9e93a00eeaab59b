"""Level in dBFS, and sound above the room's own floor."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock, EventKind, Frame
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings
from custom_components.cradlewatch.engine.sound.level import SILENCE_DBFS, level_dbfs
from custom_components.cradlewatch.engine.sound.listener import Listener
from tests.corpus import voices


def hear(listener, sound, rate_hz, block_s=0.064, start_s=0.0):
    signals, step = [], max(1, int(block_s * rate_hz))
    for stop in range(step, sound.size + 1, step):
        signals += listener.hear(
            AudioBlock(samples=sound[stop - step : stop], rate_hz=rate_hz, at_s=start_s + stop / rate_hz)
        )
    return signals


def test_level_of_a_full_scale_sine_and_of_nothing():
    t = np.arange(16000, dtype=np.float32) / 16000
    assert level_dbfs(np.sin(2 * np.pi * 440 * t)) == pytest.approx(-3.01, abs=0.05)
    assert level_dbfs(np.zeros(100, np.float32)) == SILENCE_DBFS
    assert level_dbfs(np.zeros(0, np.float32)) == SILENCE_DBFS


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("block_s", [0.02, 0.064, 1.0])
def test_sound_goes_on_above_the_floor_and_off_after_it(rate_hz, block_s):
    rng = np.random.default_rng(1)
    quiet = voices.silence(rng, 10, rate_hz)
    loud = voices.white_noise(rng, 3, rate_hz, -30)
    listener = Listener()
    signals = hear(listener, np.concatenate([quiet, loud, quiet]), rate_hz, block_s)
    noise = [(signal.active, signal.at_s) for signal in signals if signal.kind is EventKind.NOISE]
    assert [active for active, _ in noise] == [True, False]
    assert 10 < noise[0][1] <= 12
    assert 15 < noise[1][1] <= 18
    assert listener.level_dbfs == pytest.approx(-65, abs=1.5)


def test_what_goes_on_becomes_the_floor():
    rng = np.random.default_rng(2)
    listener = Listener()
    hear(listener, voices.silence(rng, 5, 8000), 8000)
    signals = hear(listener, voices.vacuum(rng, 90, 8000), 8000, start_s=5.0)
    noise = [signal.active for signal in signals if signal.kind is EventKind.NOISE]
    assert noise == [True, False]
    assert not listener.sound


def test_broken_samples_do_no_harm():
    listener = Listener()
    bad = np.array([np.nan, np.inf, -np.inf, 0.0] * 4000, np.float32)
    hear(listener, bad, 16000)
    assert listener.level_dbfs is not None
    assert np.isfinite(listener.level_dbfs)
    assert listener.hear(AudioBlock(samples=np.zeros(0, np.float32), rate_hz=16000, at_s=2.0)) == ()
    assert listener.hear(AudioBlock(samples=np.zeros(8, np.float32), rate_hz=0, at_s=2.0)) == ()


def test_without_sound_nothing_about_sound_is_known():
    senses = NurserySenses(SenseSettings(vision_backend="numpy"))
    reading = senses.reading(5.0)
    assert (reading.sound, reading.crying, reading.sound_level_dbfs) == (None, None, None)
    senses.on_audio(AudioBlock(samples=np.zeros(16000, np.float32), rate_hz=16000, at_s=5.0))
    assert senses.reading(5.5).sound is False
    assert senses.reading(5.5).crying is False
    # The sound stopped coming: not known again, and not "quiet".
    assert senses.reading(30.0).crying is None


def test_close_ends_sound():
    rng = np.random.default_rng(1)
    listener = Listener()
    hear(listener, np.concatenate([voices.silence(rng, 4, 16000), voices.white_noise(rng, 3, 16000, -20)]), 16000)
    assert listener.sound
    assert [(signal.kind, signal.active) for signal in listener.close(8.0)] == [(EventKind.NOISE, False)]
    assert listener.close(8.0) == ()


def test_what_was_on_ends_when_the_sound_stops_coming():
    """No block says any more that the crying is over: the picture, which goes on, does."""
    rng = np.random.default_rng(3)
    senses = NurserySenses(SenseSettings(vision_backend="numpy"))
    sound = np.concatenate([voices.silence(rng, 4, 16000), voices.cry(rng, 10, 16000, -20)])
    told = [
        signal
        for stop in range(1024, sound.size, 1024)
        for signal in senses.on_audio(AudioBlock(samples=sound[stop - 1024 : stop], rate_hz=16000, at_s=stop / 16000))
    ]
    assert {signal.kind for signal in told if signal.active} == {EventKind.CRYING, EventKind.NOISE}
    gray = np.full((180, 320), 90, np.uint8)
    off = [
        (signal.kind, signal.active, signal.at_s)
        for index in range(60)
        for signal in senses.on_frame(Frame(gray=gray, at_s=14.0 + index / 5, index=index))
        if signal.kind in (EventKind.CRYING, EventKind.NOISE)
    ]
    assert {(kind, active) for kind, active, _ in off} == {(EventKind.CRYING, False), (EventKind.NOISE, False)}
    assert all(18.9 <= at_s <= 19.5 for _, _, at_s in off)
    assert senses.reading(26.0).crying is None
