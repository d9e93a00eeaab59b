"""What a burst's pitches say, and the pitch that is followed beside a deeper voice."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock
from custom_components.cradlewatch.engine.sound import melody
from custom_components.cradlewatch.engine.sound.listener import Listener
from custom_components.cradlewatch.engine.sound.pitch import PitchMeter
from custom_components.cradlewatch.engine.sound.spectrum import Spectrograph
from custom_components.cradlewatch.engine.sound.track import PitchTrack

RATE_HZ = 16_000
ARC = 100 + 4 * np.sin(np.linspace(0, np.pi, 30))
NOTES = np.repeat([100.0, 102.0, 104.0, 100.0, 105.0], 10)


def tone(pitch_hz, size, gain=1.0):
    """Ten harmonics, each half as strong as the one before."""
    phase = 2 * np.pi * np.arange(size) / RATE_HZ * pitch_hz
    return gain * 0.1 * sum(0.5**order * np.sin((order + 1) * phase) for order in range(10))


def pitches(sound):
    """Pitch (Hz) of each window, heard in batches as a listener does."""
    spectrograph, meter, size, found = Spectrograph(), PitchMeter(), 4096, []
    for start in range(0, sound.size // size * size, size):
        part = sound[start : start + size].astype(np.float32)
        spectra = spectrograph.take(part, RATE_HZ, (start + size) / RATE_HZ)
        if spectra is not None:
            found += meter.measure(spectra).pitch_hz.tolist()
    return np.array(found)


def test_an_arc_moves_all_the_time_and_notes_leap():
    assert melody.in_leaps(ARC) < 0.45
    assert melody.in_leaps(NOTES) > 0.65
    assert melody.in_leaps(np.full(30, 100.0)) == 0
    assert melody.in_leaps(ARC[:6]) == 0


def test_the_end_of_an_arc_falls_and_that_of_a_question_rises():
    assert melody.rise_at_end(ARC) < -2
    assert melody.rise_at_end(100 + 4 * np.linspace(0, 1, 30)) == pytest.approx(4 / 29 / 0.032)
    assert melody.rise_at_end(ARC[:1]) == 0


def test_a_few_windows_beyond_a_leap_at_the_edge_are_not_of_the_burst():
    with_edges = np.concatenate([[88.0, 88.2], ARC, [90.0]])
    assert melody.without_edges(with_edges).tolist() == ARC.tolist()
    assert melody.without_edges(ARC).tolist() == ARC.tolist()
    # A leap in the middle stays, and so does a long part beyond one.
    broken = np.concatenate([ARC, ARC + 12])
    assert melody.without_edges(broken).tolist() == broken.tolist()


def test_a_pitch_is_followed_while_a_deeper_voice_makes_a_comb_of_both():
    quiet, size = np.zeros(RATE_HZ), RATE_HZ
    child = np.concatenate([quiet, tone(420.0, 2 * size)])
    adult = np.concatenate([quiet, np.zeros(size), tone(140.0, size, 0.5)])
    both = pitches(child + adult)[-24:]
    assert np.median(both) == pytest.approx(420, rel=0.02)
    # Without a child's pitch before, the deeper voice is what is heard.
    alone = pitches(adult)[-24:]
    assert np.median(alone) == pytest.approx(140, rel=0.02)


def test_a_pitch_is_not_followed_into_a_deeper_voice_that_comes_after_it():
    size = RATE_HZ
    after = pitches(np.concatenate([np.zeros(size), tone(420.0, size), tone(140.0, size)]))[-24:]
    assert np.median(after) == pytest.approx(140, rel=0.02)


@pytest.mark.parametrize(("every", "followed"), [(1, True), (5, False)])
def test_the_octave_is_meant_where_it_stands_out_nearly_always(every, followed):
    """As in a rough voice, which swings at half its pitch; in others it does so now and then."""
    pitches_hz = 110 * 2 ** (np.arange(201) / 48)
    half, octave, windows = 60, 108, 30
    contrasts, outstanding = np.zeros((windows, 201), np.float32), np.zeros((windows, 201), np.int64)
    contrasts[:, half], outstanding[:, half] = 20, 6
    contrasts[::every, octave], outstanding[::every, octave] = 7, 3
    track = PitchTrack()
    track.begin(pitches_hz)
    found = track.follow(contrasts, outstanding, np.full(windows, half))
    assert found[0] == half
    assert set(found[10:].tolist()) == ({octave} if followed else {half})


def test_a_listener_forgets_the_voice_over_a_gap():
    listener = Listener()
    child = tone(420.0, RATE_HZ).astype(np.float32)
    listener.hear(AudioBlock(samples=child, rate_hz=RATE_HZ, at_s=1.0))
    listener.hear(AudioBlock(samples=tone(140.0, RATE_HZ).astype(np.float32), rate_hz=RATE_HZ, at_s=60.0))
    assert not listener.crying
