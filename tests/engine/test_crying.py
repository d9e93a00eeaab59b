"""Crying is told from everything else that a nursery sounds of."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock, EventKind
from custom_components.cradlewatch.engine.sound.listener import Listener
from tests.corpus import voices


def crying(sound, rate_hz):
    listener, found, step = Listener(), [], rate_hz * 64 // 1000
    for stop in range(step, sound.size + 1, step):
        block = AudioBlock(samples=sound[stop - step : stop], rate_hz=rate_hz, at_s=stop / rate_hz)
        found += [(signal.at_s, signal.active) for signal in listener.hear(block) if signal.kind is EventKind.CRYING]
    return found


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
@pytest.mark.parametrize("snr_db", [20, 10])
def test_crying_goes_on_within_five_seconds_and_off_twenty_after_the_last_burst(rate_hz, snr_db):
    rng = np.random.default_rng(5)
    cry = voices.cry(rng, 10, rate_hz)
    last_s = 4 + float(np.flatnonzero(np.abs(cry) > 1e-3)[-1]) / rate_hz
    sound = np.concatenate([np.zeros(4 * rate_hz, np.float32), cry, np.zeros(26 * rate_hz, np.float32)])
    [(on_s, on), (off_s, off)] = crying(voices.mixed(sound, rng, snr_db), rate_hz)
    assert (on, off) == (True, False)
    assert 4 < on_s <= 9
    assert off_s == pytest.approx(last_s + 20, abs=1.5)


def test_most_cries_are_heard_even_in_equally_loud_noise():
    heard = 0
    for seed in range(8):
        rng = np.random.default_rng(100 + seed)
        sound = np.concatenate([np.zeros(3 * 16000, np.float32), voices.cry(rng, 10, 16000)])
        heard += bool(crying(voices.mixed(sound, rng, 0), 16000))
    assert heard >= 6


@pytest.mark.parametrize("name", [name for name in voices.DISTRACTORS if name != "parentese"])
def test_what_is_no_cry_is_none(name):
    rng = np.random.default_rng(11)
    assert crying(voices.mixed(voices.DISTRACTORS[name](rng, 60, 16000), rng, 20), 16000) == []


def test_a_steady_tone_and_a_single_shriek_are_no_crying():
    t = np.arange(20 * 16000) / 16000
    tone = sum(np.sin(2 * np.pi * 450 * k * t) / k for k in range(1, 8)).astype(np.float32) * 0.1
    assert crying(tone, 16000) == []
    rng = np.random.default_rng(1)
    shriek = np.concatenate(
        [np.zeros(5 * 16000, np.float32), voices.cry(rng, 1.0, 16000), np.zeros(15 * 16000, np.float32)]
    )
    assert crying(shriek, 16000) == []


def test_crying_and_a_vacuum_cleaner():
    rng = np.random.default_rng(4)
    cry = np.concatenate([np.zeros(25 * 16000, np.float32), voices.cry(rng, 12, 16000, -15)])
    both = cry + voices.vacuum(rng, 37, 16000, -28)
    found = crying(both.astype(np.float32), 16000)
    assert [on for _, on in found] == [True]
    assert 25 < found[0][0] <= 32
