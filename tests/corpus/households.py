"""What a home sounds of beside crying: children, bodies, animals, machines, toys, instruments. Made by rule."""

import numpy as np
from numpy.typing import NDArray

from . import voices
from .voices import Maker, Sound, envelope, jitter, scaled, voiced

type Floats = NDArray[np.float64]

_VOWELS = ((850, 1600), (350, 2900), (700, 1200), (550, 1300), (650, 2300), (400, 1100))
"""First two formants of a child's tract, Hz."""


def _placed(out: Floats, part: Floats, at: int) -> int:
    """Adds a part; the place after it."""
    end = min(at + part.size, out.size)
    out[at:end] += part[: max(0, end - at)]
    return at + part.size


def _silent(duration_s: float, rate_hz: int) -> Floats:
    return np.zeros(int(duration_s * rate_hz))


def _child_syllable(rng: np.random.Generator, pitch_hz: float, length_s: float, rate_hz: int) -> Floats:
    size = int(length_s * rate_hz)
    first, second = _VOWELS[int(rng.integers(len(_VOWELS)))]
    pitch = pitch_hz * (1 + rng.uniform(-0.15, 0.15) * np.linspace(0, 1, size)) * jitter(rng, size, rate_hz, 0.012)
    part = voiced(pitch, rate_hz, [(first, 120, 1.0), (second, 180, 0.5), (3600, 300, 0.2)], 6.0, 0.05, rng)
    part *= envelope(size, rate_hz, 0.03, 0.05)
    hiss = min(size, int(rng.uniform(0.0, 0.08) * rate_hz))
    part[:hiss] = 0.3 * rng.standard_normal(hiss) * np.sqrt(np.mean(part**2))
    return part


def children_talking(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A child of four: high syllables in phrases."""
    out, at, base_hz = _silent(duration_s, rate_hz), 0, rng.uniform(260, 380)
    while at < out.size:
        for _ in range(int(rng.integers(3, 12))):
            pitch_hz = base_hz * rng.uniform(0.85, 1.25)
            at = _placed(out, _child_syllable(rng, pitch_hz, rng.uniform(0.1, 0.32), rate_hz), at)
            at += int(rng.uniform(0, 0.06) * rate_hz)
        at += int(rng.uniform(0.3, 1.5) * rate_hz)
    return scaled(out, -25)


def babble(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A toddler babbles: one syllable over and over, a closure before each."""
    out, at, base_hz = _silent(duration_s, rate_hz), 0, rng.uniform(280, 400)
    while at < out.size:
        for _ in range(int(rng.integers(2, 8))):
            pitch_hz = base_hz * rng.uniform(0.9, 1.15)
            at = _placed(out, _child_syllable(rng, pitch_hz, rng.uniform(0.15, 0.4), rate_hz), at)
            at += int(rng.uniform(0.05, 0.15) * rate_hz)
        at += int(rng.uniform(0.5, 2.5) * rate_hz)
    return scaled(out, -25)


def child_laughing(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Bouts of short voiced puffs, four to six a second."""
    out, at = _silent(duration_s, rate_hz), 0
    while at < out.size:
        pitch_hz = rng.uniform(320, 600)
        for puff in range(int(rng.integers(3, 10))):
            part = _child_syllable(rng, pitch_hz * (1 - 0.02 * puff), rng.uniform(0.08, 0.16), rate_hz)
            at = _placed(out, part, at) + int(rng.uniform(0.05, 0.12) * rate_hz)
        at += int(rng.uniform(0.6, 3) * rate_hz)
    return scaled(out, -23)


def cough(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Coughs and sneezes: a burst of noise, now and then with a voice behind it."""
    out, at = _silent(duration_s, rate_hz), 0
    while at < out.size:
        for _ in range(int(rng.integers(1, 4))):
            size = int(rng.uniform(0.2, 0.45) * rate_hz)
            t = np.arange(size) / rate_hz
            part = rng.standard_normal(size) * np.exp(-t / 0.08) * np.clip(t / 0.01, 0, 1)
            if rng.random() < 0.5:
                # Half a sample more: what is divided and multiplied again may be one sample short.
                voice = _child_syllable(rng, rng.uniform(200, 420), (size + 0.5) / rate_hz, rate_hz)
                part += voice * 2 * np.exp(-t / 0.15)
            at = _placed(out, part, at) + int(rng.uniform(0.1, 0.4) * rate_hz)
        at += int(rng.uniform(1, 5) * rate_hz)
    return scaled(out, -22)


def hiccup(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A short voiced hic every few seconds."""
    out, at = _silent(duration_s, rate_hz), 0
    while at < out.size:
        part = _child_syllable(rng, rng.uniform(350, 600), rng.uniform(0.06, 0.14), rate_hz)
        at = _placed(out, part, at) + int(rng.uniform(1.5, 4) * rate_hz)
    return scaled(out, -28)


def dog(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Barks: 0.1-0.25 s, pitch up and down, rough."""
    out, at, base_hz = _silent(duration_s, rate_hz), 0, rng.uniform(250, 600)
    while at < out.size:
        for _ in range(int(rng.integers(1, 6))):
            size = int(rng.uniform(0.1, 0.25) * rate_hz)
            t = np.linspace(0, 1, size)
            pitch = base_hz * (0.8 + 0.5 * np.sin(np.pi * t)) * jitter(rng, size, rate_hz, 0.05)
            part = voiced(pitch, rate_hz, [(700, 300, 1.0), (1500, 400, 0.5)], 5.0, 0.5, rng)
            at = _placed(out, part * envelope(size, rate_hz, 0.01, 0.08), at) + int(rng.uniform(0.15, 0.6) * rate_hz)
        at += int(rng.uniform(1, 5) * rate_hz)
    return scaled(out, -20)


def cat(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A cat that calls now and then: 0.5-1 s, the mouth opens and closes. One that calls without end is a cry to us."""
    out, at, base_hz = _silent(duration_s, rate_hz), int(rng.uniform(0, 4) * rate_hz), rng.uniform(400, 700)
    while at < out.size:
        size = int(rng.uniform(0.5, 1.0) * rate_hz)
        t = np.linspace(0, 1, size)
        pitch = base_hz * (0.85 + 0.3 * np.sin(np.pi * t**0.6)) * jitter(rng, size, rate_hz, 0.008)
        closed = voiced(pitch, rate_hz, [(600, 250, 1.0)], 10.0, 0.03, rng)
        opened = voiced(pitch, rate_hz, [(1300, 350, 1.0), (2600, 500, 0.5)], 4.0, 0.03, rng)
        part = (closed + (opened - closed) * np.sin(np.pi * t)) * envelope(size, rate_hz, 0.1, 0.2)
        at = _placed(out, part, at) + int(rng.uniform(9, 20) * rate_hz)
    return scaled(out, -25)


def siren(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A siren outside: sweeps without a pause, or two tones in turn."""
    t = np.arange(int(duration_s * rate_hz)) / rate_hz
    swing = np.sin(2 * np.pi * t / rng.uniform(1, 6))
    pitch = rng.uniform(600, 1000) * 2 ** (0.5 * (swing if rng.random() < 0.5 else 0.4 * np.sign(swing)))
    return scaled(voiced(pitch, rate_hz, [(900, 900, 1.0)], 6.0, 0.02, rng), -28)


def beeps(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """An alarm, a microwave oven, a phone: beeps of one or two tones in a rhythm."""
    out, at = _silent(duration_s, rate_hz), 0
    tones = rng.choice([440.0, 480, 520, 620, 880, 1000, 2000, 3000], 2)
    length_s, gap_s, count = rng.uniform(0.1, 1.0), rng.uniform(0.1, 1.0), int(rng.integers(2, 6))
    harmonic = rng.uniform(0, 0.6)
    while at < out.size:
        for number in range(count):
            t = np.arange(int(length_s * rate_hz)) / rate_hz
            tone = tones[number % 2]
            part = sum(
                harmonic ** (k - 1) * np.sin(2 * np.pi * tone * k * t) for k in range(1, 6) if tone * k < 0.45 * rate_hz
            )
            at = _placed(out, part * envelope(t.size, rate_hz, 0.005, 0.01), at) + int(gap_s * rate_hz)
        at += int(rng.uniform(0.5, 4) * rate_hz)
    return scaled(out, -26)


def phone_ring(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A bell or a warble of 1-2 s, every three to four."""
    out, at = _silent(duration_s, rate_hz), 0
    low_hz, high_hz, warble_hz = rng.uniform(400, 900), rng.uniform(450, 1300), rng.uniform(10, 25)
    while at < out.size:
        t = np.arange(int(rng.uniform(0.9, 2.0) * rate_hz)) / rate_hz
        pitch = np.where(np.sin(2 * np.pi * warble_hz * t) > 0, low_hz, high_hz)
        part = voiced(pitch, rate_hz, [(1500, 1500, 1.0)], 6.0, 0.01, rng)
        at = _placed(out, part * envelope(t.size, rate_hz, 0.01, 0.05), at) + int(2 * rate_hz)
    return scaled(out, -26)


def squeaky_door(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Stick and slip: a rough tone that wanders, then nothing for long."""
    out, at = _silent(duration_s, rate_hz), 0
    while at < out.size:
        size = int(rng.uniform(0.4, 2.0) * rate_hz)
        points = np.cumsum(rng.standard_normal(10)) * 0.15
        pitch = rng.uniform(250, 900) * 2 ** np.interp(np.linspace(0, 9, size), np.arange(10), points)
        part = voiced(pitch * jitter(rng, size, rate_hz, 0.04), rate_hz, [(1800, 900, 1.0)], 2.0, 0.3, rng)
        at = _placed(out, part * envelope(size, rate_hz, 0.1, 0.2), at) + int(rng.uniform(4, 15) * rate_hz)
    return scaled(out, -28)


def shushing(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Sh, sh, sh."""
    out, at = _silent(duration_s, rate_hz), 0
    while at < out.size:
        size = int(rng.uniform(0.3, 1.2) * rate_hz)
        spectrum = np.fft.rfft(rng.standard_normal(size))
        frequency = np.fft.rfftfreq(size, 1 / rate_hz)
        part = np.fft.irfft(spectrum * np.exp(-(((frequency - 3000) / 1500) ** 2)), size)
        at = _placed(out, part * envelope(size, rate_hz, 0.1, 0.15), at) + int(rng.uniform(0.15, 0.7) * rate_hz)
    return scaled(out, -26)


def hair_dryer(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Steady noise with a motor's whine, on and off."""
    size = int(duration_s * rate_hz)
    pitch = rng.uniform(300, 900) * (1 + 0.003 * np.sin(2 * np.pi * 0.3 * np.arange(size) / rate_hz))
    sound = voices.pink_noise(rng, duration_s, rate_hz) * 8 + 0.3 * voiced(
        pitch * jitter(rng, size, rate_hz, 0.002), rate_hz, [(1500, 1500, 1.0)], 3.0, 0.0, rng
    )
    return scaled(sound * (np.sin(2 * np.pi * np.arange(size) / rate_hz / rng.uniform(8, 40)) > -0.5), -20)


def rain(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Noise and drops."""
    size = int(duration_s * rate_hz)
    drops = (rng.random(size) < 60 / rate_hz) * rng.exponential(1, size)
    tick = np.exp(-np.arange(rate_hz // 50) / (0.002 * rate_hz)) * rng.standard_normal(rate_hz // 50)
    return scaled(0.05 * rng.standard_normal(size) + np.convolve(drops, tick)[:size], -32)


def humming_fan(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A ventilator: blades and mains hum, swinging."""
    t = np.arange(int(duration_s * rate_hz)) / rate_hz
    blades = sum(np.sin(2 * np.pi * rng.uniform(20, 60) * k * t) / k for k in range(1, 12))
    noise = voices.pink_noise(rng, duration_s, rate_hz) * 30
    return scaled((blades + noise) * (1 + 0.2 * np.sin(2 * np.pi * 0.1 * t)), -32)


def music_box(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A mobile's tune: plucked tines, 500-1500 Hz, overtones that are no harmonics."""
    out, at, key_hz, beat_s = _silent(duration_s, rate_hz), 0, rng.uniform(500, 800), rng.uniform(0.25, 0.5)
    while at < out.size:
        t = np.arange(int(1.2 * rate_hz)) / rate_hz
        note_hz = key_hz * voices.SCALE[int(rng.integers(8))]
        part = sum(
            gain * np.sin(2 * np.pi * note_hz * ratio * t)
            for ratio, gain in ((1, 1), (2.76, 0.4), (5.4, 0.15))
            if note_hz * ratio < 0.45 * rate_hz
        ) * np.exp(-t / 0.35)
        _placed(out, part, at)
        at += int(beat_s * rng.choice([1, 1, 2]) * rate_hz)
    return scaled(out, -28)


def violin(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Bowed notes with vibrato, slurred or with a new bow."""
    return _played(rng, duration_s, rate_hz, vibrato=0.008, formants=[(900, 700, 1.0), (2500, 900, 0.6)], breath=0.03)


def flute(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Blown notes, few overtones, some breath."""
    return _played(rng, duration_s, rate_hz, vibrato=0.004, formants=[(600, 400, 1.0)], breath=0.15)


def sung_lullaby(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A woman sings with words: 220-520 Hz, vibrato, notes that glide into each other, vowels that change."""
    formants = [(650, 200, 1.0), (1400, 250, 0.35), (2800, 400, 0.12)]
    return _played(rng, duration_s, rate_hz, vibrato=0.012, formants=formants, breath=0.03, key_hz=(210, 290))


def _played(
    rng: np.random.Generator,
    duration_s: float,
    rate_hz: int,
    *,
    vibrato: float,
    formants: list[tuple[float, float, float]],
    breath: float,
    key_hz: tuple[float, float] = (260, 520),
) -> Sound:
    out, at, key, beat_s = _silent(duration_s, rate_hz), 0, rng.uniform(*key_hz), rng.uniform(0.3, 0.7)
    while at < out.size:
        lengths_s = beat_s * rng.choice([1, 1, 2, 3], int(rng.integers(2, 9)))
        points = np.cumsum(lengths_s)
        notes = key * voices.SCALE[rng.integers(8, size=lengths_s.size)]
        t = np.arange(int(points[-1] * rate_hz)) / rate_hz
        pitch = notes[np.minimum(np.searchsorted(points, t), notes.size - 1)]
        glide = int(0.06 * rate_hz)
        pitch = np.convolve(np.pad(pitch, glide, mode="edge"), np.ones(glide) / glide, "same")[glide:-glide]
        pitch = (
            pitch * (1 + vibrato * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t)) * jitter(rng, t.size, rate_hz, 0.002)
        )
        part = voiced(pitch, rate_hz, formants, 7.0, breath, rng) * envelope(t.size, rate_hz, 0.06, 0.15)
        at = _placed(out, part, at) + int(rng.uniform(0.2, 0.9) * rate_hz)
    return scaled(out, -27)


def television(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Two people talk over music, then a crowd."""
    both = voices.speech(rng, duration_s, rate_hz) + voices.speech(rng, duration_s, rate_hz, -28)
    return scaled(both + 0.5 * voices.music(rng, duration_s, rate_hz), -26)


HOUSEHOLD: dict[str, Maker] = {
    "children_talking": children_talking, "babble": babble, "child_laughing": child_laughing, "cough": cough,
    "hiccup": hiccup, "dog": dog, "cat": cat, "siren": siren, "beeps": beeps, "phone_ring": phone_ring,
    "squeaky_door": squeaky_door, "shushing": shushing, "hair_dryer": hair_dryer, "rain": rain,
    "humming_fan": humming_fan, "music_box": music_box, "violin": violin, "flute": flute,
    "sung_lullaby": sung_lullaby, "television": television,
}  # fmt: skip
