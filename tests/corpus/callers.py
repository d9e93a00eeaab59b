"""More of what a home sounds of: bells, alarms, sneezes, people that call, sing and laugh. Made by rule."""

import numpy as np
from numpy.typing import NDArray

from . import voices
from .voices import Maker, Sound, envelope, jitter, scaled, voiced

type Floats = NDArray[np.float64]


def _track(duration_s: float, rate_hz: int) -> Floats:
    return np.zeros(int(duration_s * rate_hz))


def _add(out: Floats, part: Floats, at: int) -> int:
    """Adds a part; the place after it."""
    end = min(at + part.size, out.size)
    out[at:end] += part[: max(0, end - at)]
    return at + part.size


def _bell(rng: np.random.Generator, tone_hz: float, rate_hz: int, decay_s: float) -> Floats:
    t = np.arange(int(3 * decay_s * rate_hz)) / rate_hz
    partials = ((1, 1.0), (2, 0.4), (3.01, 0.25), (4.2, 0.15))
    ring = sum(
        gain * np.sin(2 * np.pi * tone_hz * ratio * t + rng.uniform(0, 6)) * np.exp(-t * ratio**0.5 / decay_s)
        for ratio, gain in partials
        if tone_hz * ratio < 0.45 * rate_hz
    )
    done: Floats = np.asarray(ring)
    return done


def doorbell(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Ding, dong; and again, as of somebody who does not wait."""
    out, at, high_hz = _track(duration_s, rate_hz), 0, rng.uniform(550, 800)
    while at < out.size:
        for _ in range(int(rng.integers(1, 4))):
            _add(out, _bell(rng, high_hz, rate_hz, rng.uniform(0.3, 0.7)), at)
            at += int(rng.uniform(0.4, 0.8) * rate_hz)
            _add(out, _bell(rng, high_hz * 2 ** (-4 / 12), rate_hz, rng.uniform(0.4, 0.9)), at)
            at += int(rng.uniform(0.9, 1.8) * rate_hz)
        at += int(rng.uniform(3, 10) * rate_hz)
    return scaled(out, -24)


def smoke_alarm(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Three beeps of half a second and a pause, 520 Hz square (for sleepers) or 3.1 kHz."""
    out, at = _track(duration_s, rate_hz), 0
    tone_hz, square = (520.0, True) if rng.random() < 0.5 else (3100.0, False)
    while at < out.size:
        for _ in range(3):
            t = np.arange(int(0.5 * rate_hz)) / rate_hz
            orders = range(1, 16, 2) if square else (1,)
            part = sum(np.sin(2 * np.pi * tone_hz * k * t) / k for k in orders if tone_hz * k < 0.45 * rate_hz)
            at = _add(out, part * envelope(t.size, rate_hz, 0.005, 0.01), at) + int(0.5 * rate_hz)
        at += rate_hz
    return scaled(out, -18)


def _vowel(
    rng: np.random.Generator, pitch_hz: Floats, rate_hz: int, formants: tuple[float, float], tilt_db: float = 6.0
) -> Floats:
    first, second = formants
    shaped = [(first, 110.0, 1.0), (second, 160.0, 0.5), (3000.0, 300.0, 0.2)]
    return voiced(pitch_hz * jitter(rng, pitch_hz.size, rate_hz, 0.01), rate_hz, shaped, tilt_db, 0.04, rng)


def calling(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A child of three calls its mother, two syllables, and waits for an answer; it plays on when none comes."""
    out, at, base_hz = _track(duration_s, rate_hz), int(rng.uniform(0, 3) * rate_hz), rng.uniform(300, 420)
    while at < out.size:
        for _ in range(int(rng.integers(1, 3))):
            for step in (1.0, rng.uniform(0.85, 1.3)):
                nasal = int(rng.uniform(0.06, 0.12) * rate_hz)
                hum = _vowel(rng, np.full(nasal, base_hz * step), rate_hz, (280, 1000), 12.0)
                size = int(rng.uniform(0.15, 0.45) * rate_hz)
                bend = base_hz * step * (1 + rng.uniform(-0.1, 0.15) * np.linspace(0, 1, size))
                vowel = _vowel(rng, bend, rate_hz, (850, 1600))
                at = _add(out, np.concatenate([0.4 * hum, vowel]) * envelope(nasal + size, rate_hz, 0.03, 0.06), at)
            at += int(rng.uniform(0.6, 1.5) * rate_hz)
        at += int(rng.uniform(5, 12) * rate_hz)
    return scaled(out, -24)


def child_singing(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A child sings with words: a syllable a note, 0.2-0.6 s, on a scale and a little beside it."""
    words = ((850, 1600), (350, 2700), (550, 1100), (650, 2100))
    out, at, key_hz = _track(duration_s, rate_hz), 0, rng.uniform(260, 330)
    while at < out.size:
        for _ in range(int(rng.integers(4, 10))):
            size = int(rng.choice([0.25, 0.3, 0.5]) * rate_hz)
            note_hz = key_hz * voices.SCALE[int(rng.integers(6))] * 2 ** (rng.normal(0, 0.3) / 12)
            part = _vowel(rng, np.full(size, note_hz), rate_hz, words[int(rng.integers(4))])
            hiss = int(rng.uniform(0.0, 0.06) * rate_hz)
            part[:hiss] = 0.3 * rng.standard_normal(hiss) * np.sqrt(np.mean(part**2))
            at = _add(out, part * envelope(size, rate_hz, 0.03, 0.05), at)
        at += int(rng.uniform(0.4, 1.2) * rate_hz)
    return scaled(out, -25)


def laughing(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Grown people laugh: puffs of a breathy voice, five a second, sinking."""
    out, at = _track(duration_s, rate_hz), 0
    while at < out.size:
        pitch_hz = rng.uniform(220, 420)
        for puff in range(int(rng.integers(4, 12))):
            size = int(rng.uniform(0.07, 0.14) * rate_hz)
            part = _vowel(rng, np.full(size, pitch_hz * (1 - 0.025 * puff)), rate_hz, (800, 1300))
            part += 0.4 * rng.standard_normal(size) * np.sqrt(np.mean(part**2))
            at = _add(out, part * envelope(size, rate_hz, 0.02, 0.04), at) + int(rng.uniform(0.06, 0.12) * rate_hz)
        at += int(rng.uniform(1, 5) * rate_hz)
    return scaled(out, -22)


def sneezing(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A voiced breath in that rises, then a burst of noise."""
    out, at = _track(duration_s, rate_hz), 0
    while at < out.size:
        size = int(rng.uniform(0.2, 0.4) * rate_hz)
        gasp = _vowel(rng, rng.uniform(250, 400) * np.linspace(0.9, 1.4, size), rate_hz, (900, 1700))
        gasp *= 0.3 * np.linspace(0.2, 1, size)
        t = np.arange(int(0.35 * rate_hz)) / rate_hz
        at = _add(out, np.concatenate([gasp, rng.standard_normal(t.size) * np.exp(-t / 0.1)]), at)
        at += int(rng.uniform(1, 8) * rate_hz)
    return scaled(out, -22)


def siblings(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Two children talk at once, one higher than the other."""
    base_hz = rng.uniform(250, 330)
    first = voices.speech(rng, duration_s, rate_hz, pitch_hz=base_hz)
    return scaled(first + voices.speech(rng, duration_s, rate_hz, -27, pitch_hz=base_hz * rng.uniform(1.1, 1.35)), -24)


CALLERS: dict[str, Maker] = {
    "doorbell": doorbell, "smoke_alarm": smoke_alarm, "calling": calling, "child_singing": child_singing,
    "laughing": laughing, "sneezing": sneezing, "siblings": siblings,
}  # fmt: skip
