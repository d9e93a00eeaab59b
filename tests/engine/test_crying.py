"""Crying is told from everything else that a nursery sounds of."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock, EventKind
from custom_components.cradlewatch.engine.sound.listener import Listener
from custom_components.cradlewatch.engine.sound.pitch import PitchMeter
from custom_components.cradlewatch.engine.sound.spectrum import Spectrograph
from tests.corpus import callers, channels, cries, households, voices

SOUNDS = households.HOUSEHOLD | callers.CALLERS
SOOTHING = {
    "speech": voices.speech, "parentese": voices.parentese, "lullaby": voices.lullaby,
    "sung lullaby": households.sung_lullaby, "television": households.television,
}  # fmt: skip


def heard(sound, rate_hz, block=None, arrives=lambda stop_s: stop_s):
    """All signals; `block`: samples of one block, or a function that says how many the next one has."""
    listener, found, start = Listener(), [], 0
    while start < sound.size:
        size = block() if callable(block) else block or rate_hz * 64 // 1000
        samples, start = sound[start : start + size], min(start + size, sound.size)
        found += listener.hear(AudioBlock(samples=samples, rate_hz=rate_hz, at_s=arrives(start / rate_hz)))
    return found


def crying(sound, rate_hz, **how):
    return [(s.at_s, s.active) for s in heard(sound, rate_hz, **how) if s.kind is EventKind.CRYING]


def infant(rng, kind, rate_hz=16000, noise="pink", ratio_db=10.0, cries_s=10.0):
    """Five seconds of noise, crying in it, two seconds of noise."""
    quiet = np.zeros(5 * rate_hz, np.float32)
    sound = np.concatenate([quiet, cries.cry(rng, cries_s, rate_hz, kind), quiet[: 2 * rate_hz]])
    return channels.beside(sound, channels.NOISES[noise](rng, sound.size / rate_hz + 0.1, rate_hz), ratio_db)


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


@pytest.mark.parametrize("kind", [kind for kind in cries.VOICES if kind != "whimper"])
def test_infants_of_many_voices_are_heard(kind):
    rng = np.random.default_rng(31)
    noise = list(channels.NOISES)[list(cries.VOICES).index(kind) % 4]
    found = crying(infant(rng, kind, noise=noise), 16000)
    assert [on for _, on in found][:1] == [True]
    assert 5 < found[0][0] <= 12


def test_a_cry_is_heard_through_the_voice_of_a_grown_person():
    """The other's harmonics between the child's make the comb of a third, deeper voice: the child's goes on in it."""
    on_s = []
    for kind in ("newborn", "older", "wail", "shrieks", "pain", "whoops"):
        for seed in range(4):
            found = crying(infant(np.random.default_rng(60 + seed), kind, noise="speech"), 16000)
            on_s += [at_s for at_s, on in found if on and 5 < at_s <= 16][:1]
    assert len(on_s) >= 22
    assert sum(at_s <= 10 for at_s in on_s) >= 18


@pytest.mark.parametrize("noise", ["white", "hum"])
def test_most_whimpers_with_the_mouth_nearly_closed_are_heard_by_the_breaths_between_them(noise):
    """Their highs are as weak as those of a hum, which goes on from note to note."""
    soon = 0
    for seed in range(8):
        found = crying(infant(np.random.default_rng(80 + seed), "whimper", noise=noise), 16000)
        soon += any(on and 5 < at_s <= 10 for at_s, on in found)
    assert soon >= 6


def test_a_high_cry_keeps_its_pitch_where_its_octave_is_far_louder():
    """At the first formant the second harmonic stands out alone; the others between its own say whose it is."""
    rng, rate_hz = np.random.default_rng(47), 16000
    pitch_hz = np.linspace(790, 740, 2 * rate_hz)
    voice = voices.voiced(pitch_hz, rate_hz, [(1530, 200, 1.0), (3000, 300, 0.3)], 0.0, 0.03, rng)
    meter, spectrograph = PitchMeter(), Spectrograph()
    quiet = voices.scaled(rng.standard_normal(2 * rate_hz), -60)
    meter.measure(spectrograph.take(quiet, rate_hz, 2.0))
    heard = meter.measure(spectrograph.take(voices.mixed(voices.scaled(voice, -20), rng, 15), rate_hz, 4.0))
    expected_hz = np.interp(heard.ends_s - 0.032, [2.0, 4.0], [790, 740])[2:-2]
    assert np.mean(np.abs(12 * np.log2(heard.pitch_hz[2:-2] / expected_hz)) < 1) >= 0.9


def test_a_cry_goes_on_where_its_pitch_halves_for_a_moment():
    """A hoarse voice breaks to half its pitch for a fifth of a second, as loud: one burst, not two without a breath."""
    rng, rate_hz = np.random.default_rng(48), 16000
    sound = np.zeros(14 * rate_hz)
    for start_s in (5.0, 7.0, 9.0):
        t = np.arange(int(1.2 * rate_hz)) / rate_hz
        pitch_hz = 440 * (1 + 0.2 * np.sin(np.pi * t / 1.2)) * np.where((t > 0.5) & (t < 0.7), 0.5, 1.0)
        burst = voices.voiced(pitch_hz, rate_hz, [(1100, 350, 1.0), (2900, 600, 0.6)], 3.0, 0.05, rng)
        at = int(start_s * rate_hz)
        sound[at : at + t.size] = burst * voices.envelope(t.size, rate_hz, 0.05, 0.1)
    found = crying(voices.mixed(voices.scaled(sound, -25), rng, 20), rate_hz)
    assert [on for _, on in found] == [True]
    assert 5 < found[0][0] <= 10


@pytest.mark.parametrize("seed", [450030, 450038, 450045])
def test_two_words_of_two_syllables_are_no_crying(seed):
    """Four bursts, but only two breaths: who calls says a word, waits, and says it again."""
    rng = np.random.default_rng(seed)
    called = SOUNDS["calling"](rng, 60, 16000)
    assert crying(voices.mixed(called, rng, float(rng.choice([10, 20, 30]))), 16000) == []


@pytest.mark.parametrize("name", ["calling", "child_singing"])
def test_a_toddler_that_calls_or_sings_is_no_crying(name):
    for seed in range(6):
        rng = np.random.default_rng(70 + seed)
        assert crying(voices.mixed(SOUNDS[name](rng, 45, 16000), rng, 20), 16000) == []


@pytest.mark.parametrize("channel", channels.CHANNELS)
def test_rooms_microphones_and_codecs_do_not_hide_a_cry(channel):
    rng = np.random.default_rng(32)
    sound, rate_hz = channels.CHANNELS[channel](infant(rng, "newborn", ratio_db=12), rng, 16000)
    found = crying(sound, rate_hz)
    assert [on for _, on in found][:1] == [True]
    assert 5 < found[0][0] <= 12


@pytest.mark.parametrize("name", SOUNDS)
def test_a_household_is_no_crying(name):
    rng = np.random.default_rng(33)
    assert crying(voices.mixed(SOUNDS[name](rng, 45, 16000), rng, 20), 16000) == []


@pytest.mark.parametrize("name", SOOTHING)
def test_crying_is_over_twenty_seconds_after_its_last_burst_whoever_soothes_the_child(name):
    rng = np.random.default_rng(37)
    cry = cries.cry(rng, 12, 16000, "whoops")
    last_s = 5 + float(np.flatnonzero(np.abs(cry) > 0.1 * np.abs(cry).max())[-1]) / 16000
    sound = np.zeros(60 * 16000, np.float32)
    sound[5 * 16000 : 17 * 16000] = cry
    sound[18 * 16000 :] += SOOTHING[name](rng, 42, 16000)
    [(on_s, on), (off_s, off)] = crying(voices.mixed(sound, rng, 25), 16000)
    assert (on, off) == (True, False)
    assert 5 < on_s <= 10
    assert off_s == pytest.approx(last_s + 20, abs=1.5)


@pytest.mark.parametrize("kind", ["newborn", "older", "hoarse", "wail", "fuss", "whoops", "pain"])
def test_a_minute_of_crying_is_one_crying(kind):
    rng = np.random.default_rng(38)
    found = crying(infant(rng, kind, cries_s=60), 16000)
    assert [on for _, on in found] == [True]


def test_a_breath_with_a_voice_of_its_own_parts_two_cries():
    """Cries follow each other with hardly a pause, but for a loud breath in, an octave higher: not one long burst."""
    for seed in range(4):
        rng = np.random.default_rng(40 + seed)
        [(on_s, _), *_] = crying(infant(rng, "whoops"), 16000)
        assert 5 < on_s <= 10


def test_talk_about_as_loud_with_a_cry_like_word_in_it_is_no_crying():
    """Twice a burst that is a cry by itself, amid a child that talks all the time."""
    rng = np.random.default_rng(39)
    talk = voices.speech(rng, 30, 16000, pitch_hz=300.0)
    for at_s in (8, 19):
        burst = voices.cry(rng, 0.8, 16000)
        talk[at_s * 16000 : at_s * 16000 + burst.size] = burst
    assert crying(voices.mixed(talk, rng, 25), 16000) == []


def test_what_is_heard_does_not_rest_on_the_size_of_the_blocks():
    rng = np.random.default_rng(34)
    sound = infant(rng, "older")
    sizes = np.random.default_rng(1)
    whole = heard(sound, 16000, block=1024)
    assert {signal.kind for signal in whole} >= {EventKind.CRYING, EventKind.NOISE}
    for block in (160, 4096, 16000, lambda: int(sizes.integers(1, 9000))):
        again = heard(sound, 16000, block=block)
        assert [(s.kind, s.active, s.details) for s in again] == [(s.kind, s.active, s.details) for s in whole]
        assert [s.at_s for s in again] == pytest.approx([s.at_s for s in whole], abs=1e-6)


def test_blocks_that_arrive_in_bunches_change_nothing_but_a_little_time():
    rng = np.random.default_rng(35)
    sound = infant(rng, "newborn")
    steady = crying(sound, 16000)
    # As over TCP: nothing for half a second, then all of it at once.
    bunched = crying(sound, 16000, arrives=lambda stop_s: np.ceil(stop_s * 2) / 2)
    assert [on for _, on in bunched] == [on for _, on in steady] == [True]
    assert bunched[0][0] == pytest.approx(steady[0][0], abs=0.6)


def test_a_gap_in_the_sound_makes_no_long_burst():
    t = np.arange(16000 // 4) / 16000
    listener = Listener()
    rng = np.random.default_rng(36)
    piece = cries.cry(rng, 0.3, 16000, "newborn")[: t.size]
    for number in range(8):
        # A quarter of a second of voice every four seconds, each block's time says so.
        block = AudioBlock(samples=piece, rate_hz=16000, at_s=10 + 4.0 * number)
        assert not [s for s in listener.hear(block) if s.kind is EventKind.CRYING]


@pytest.mark.parametrize(("base_hz", "swing_s"), [(955, 5.3), (909, 4.8), (988, 4.7)])
def test_a_siren_that_sweeps_outside_is_no_crying(base_hz, swing_s):
    """One high arc without a breath: it was taken for a wail."""
    rng, rate_hz = np.random.default_rng(3), 16000
    swing = np.sin(2 * np.pi * np.arange(30 * rate_hz) / rate_hz / swing_s)
    siren = voices.voiced(base_hz * 2 ** (0.5 * swing), rate_hz, [(900, 900, 1.0)], 6.0, 0.02, rng)
    assert crying(voices.mixed(voices.scaled(siren, -28), rng, 20), rate_hz) == []
