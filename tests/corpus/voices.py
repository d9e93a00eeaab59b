"""Sound made by rule: cries, speech, singing, music, machines. float32 mono in -1..1, levels set by the caller."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

type Sound = NDArray[np.float32]
type Maker = Callable[[np.random.Generator, float, int], Sound]


def voiced(
    pitch_hz: NDArray[np.float64],
    rate_hz: int,
    formants: list[tuple[float, float, float]],
    tilt: float,
    breath: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Harmonics of a bending pitch, weighted by formants (Hz, bandwidth, gain) and a tilt in dB per octave."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    out = np.zeros(pitch_hz.size)
    for order in range(1, 40):
        frequency = pitch_hz * order
        if frequency.min() > 0.45 * rate_hz:
            break
        weight = np.zeros(pitch_hz.size)
        for middle, width, gain in formants:
            weight += gain / (1 + ((frequency - middle) / width) ** 2)
        weight = (weight + 0.02) * 10 ** (-tilt * np.log2(order) / 20) * (frequency < 0.45 * rate_hz)
        out += weight * np.sin(order * phase + rng.uniform(0, 6.28))
    return out + breath * rng.standard_normal(pitch_hz.size) * np.sqrt(np.mean(out**2))


def jitter(rng: np.random.Generator, size: int, rate_hz: int, depth: float) -> NDArray[np.float64]:
    """Slow random factor about 1."""
    points = rng.standard_normal(size * 40 // rate_hz + 4)
    return 1 + depth * np.interp(np.arange(size) / rate_hz * 40, np.arange(points.size), points)


def envelope(size: int, rate_hz: int, rise_s: float, fall_s: float) -> NDArray[np.float64]:
    t = np.arange(size) / rate_hz
    return np.clip(np.minimum(t / rise_s, (size / rate_hz - t) / fall_s), 0, 1)


def active_power(sound: NDArray[np.floating]) -> float:
    """Mean power of the quarters of a tenth of a second in which the sound is on; a tiny number for silence."""
    parts = sound[: sound.size // 400 * 400].astype(float).reshape(-1, 400) if sound.size >= 400 else sound[None, :]
    power = np.mean(np.square(parts, dtype=float), axis=1)
    active = power[power > max(1e-12, float(power.max(initial=0)) / 1000)]
    return float(active.mean()) if active.size else 1e-12


def scaled(sound: NDArray[np.floating], level_dbfs: float) -> Sound:
    """At this level while it is on."""
    power = np.mean(sound[np.abs(sound) > 1e-4] ** 2) if np.any(np.abs(sound) > 1e-4) else 1.0
    return np.clip(sound * 10 ** (level_dbfs / 20) / np.sqrt(power), -1, 1).astype(np.float32)


def cry(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -25) -> Sound:
    """A cry: bursts of 0.5-1.6 s that rise and fall, breaths of 0.25-0.8 s between, formants of a small tract."""
    out = np.zeros(int(duration_s * rate_hz))
    base_hz = rng.uniform(330, 540)
    formants = [
        (1100 * rng.uniform(0.85, 1.15), 350, 1.0),
        (2900 * rng.uniform(0.85, 1.15), 600, 0.6),
        (450, 300, 0.35),
    ]
    at = 0
    while at < out.size:
        size = min(int(rng.uniform(0.5, 1.6) * rate_hz), out.size - at)
        t = np.linspace(0, 1, max(size, 2))
        arc = 1 + rng.uniform(0.05, 0.25) * np.sin(np.pi * t**0.7) - rng.uniform(0, 0.12) * t
        pitch = base_hz * rng.uniform(0.93, 1.07) * arc * jitter(rng, t.size, rate_hz, 0.012)
        burst = voiced(pitch, rate_hz, formants, 2.0, 0.08, rng) * jitter(rng, t.size, rate_hz, 0.1)
        out[at : at + size] = (burst * envelope(t.size, rate_hz, 0.06, 0.12))[:size] * rng.uniform(0.7, 1)
        at += size + int(rng.uniform(0.25, 0.8) * rate_hz)
    return scaled(out, level_dbfs)


def speech(
    rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -25, pitch_hz: float | None = None
) -> Sound:
    """Speech-like: syllables of 0.1-0.35 s with changing vowels, consonant noise, phrases with pauses."""
    out = np.zeros(int(duration_s * rate_hz))
    base_hz = pitch_hz or rng.choice([110.0, 130, 190, 220, 260])
    vowels = [(730, 1090), (270, 2290), (570, 840), (440, 1020), (530, 1840), (300, 870)]
    at = 0
    while at < out.size:
        for index in range(int(rng.integers(3, 12))):
            size = int(rng.uniform(0.1, 0.35) * rate_hz)
            first, second = vowels[int(rng.integers(len(vowels)))]
            t = np.linspace(0, 1, size)
            pitch = (
                base_hz * (1.15 - 0.03 * index) * (1 + rng.uniform(-0.12, 0.12) * t) * jitter(rng, size, rate_hz, 0.01)
            )
            part = voiced(pitch, rate_hz, [(first, 90, 1.0), (second, 120, 0.5), (2600, 200, 0.2)], 6.0, 0.03, rng)
            part *= envelope(size, rate_hz, 0.03, 0.05)
            hiss = int(rng.uniform(0.02, 0.08) * rate_hz)
            part[:hiss] = 0.3 * rng.standard_normal(min(hiss, size)) * np.sqrt(np.mean(part**2))
            stop = min(at + size, out.size)
            out[at:stop] = part[: max(0, stop - at)]
            at += size + int(rng.uniform(0.0, 0.06) * rate_hz)
        at += int(rng.uniform(0.3, 1.5) * rate_hz)
    return scaled(out, level_dbfs)


def parentese(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -25) -> Sound:
    """A woman talks to her infant: high, sing-song."""
    return speech(rng, duration_s, rate_hz, level_dbfs, pitch_hz=float(rng.uniform(270, 340)))


SCALE = 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
"""Steps of a major scale, as factors."""


def lullaby(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -28) -> Sound:
    """A sung lullaby: notes of 0.4-1.2 s on a scale from 220-330 Hz, vibrato, soft vowels."""
    out = np.zeros(int(duration_s * rate_hz))
    key_hz, at = rng.uniform(200, 330), 0
    while at < out.size:
        size = min(int(rng.uniform(0.4, 1.2) * rate_hz), out.size - at)
        t = np.arange(max(size, 2)) / rate_hz
        vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * t + rng.uniform(0, 6))
        pitch = key_hz * SCALE[int(rng.integers(8))] * vibrato * jitter(rng, t.size, rate_hz, 0.003)
        part = voiced(pitch, rate_hz, [(500, 150, 1.0), (900, 150, 0.25), (2500, 300, 0.06)], 9.0, 0.02, rng)
        out[at : at + size] = (part * envelope(t.size, rate_hz, 0.08, 0.15))[:size]
        at += size + int(rng.choice([0.02, 0.05, 0.5]) * rate_hz)
    return scaled(out, level_dbfs)


def humming(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -28) -> Sound:
    """Humming: as a lullaby, with next to nothing above 600 Hz."""
    out = np.zeros(int(duration_s * rate_hz))
    key_hz, at = rng.uniform(180, 350), 0
    while at < out.size:
        size = min(int(rng.uniform(0.3, 1.0) * rate_hz), out.size - at)
        t = np.arange(max(size, 2)) / rate_hz
        pitch = key_hz * SCALE[int(rng.integers(8))] * (1 + 0.008 * np.sin(2 * np.pi * 5 * t))
        part = voiced(pitch, rate_hz, [(280, 120, 1.0)], 14.0, 0.01, rng)
        out[at : at + size] = (part * envelope(t.size, rate_hz, 0.08, 0.15))[:size]
        at += size + int(0.04 * rate_hz)
    return scaled(out, level_dbfs)


def music(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -25) -> Sound:
    """Instruments: struck or held notes, melody over chords, drums now and then."""
    out = np.zeros(int(duration_s * rate_hz) + 4 * rate_hz)
    key_hz, beat_s, held = rng.uniform(200, 420), rng.uniform(0.25, 0.6), bool(rng.integers(2))
    at = 0.0
    while at < duration_s:
        notes = [key_hz * SCALE[int(rng.integers(8))]]
        if rng.random() < 0.4:
            notes += [key_hz / 2, key_hz / 2 * 2 ** (4 / 12), key_hz / 2 * 2 ** (7 / 12)]
        size = int(rng.choice([1, 1, 2]) * beat_s * rate_hz * (1.0 if held else 2.0))
        t = np.arange(size) / rate_hz
        for note in notes:
            part = sum(
                0.6**k * np.sin(2 * np.pi * note * (k + 1) * t) for k in range(7) if note * (k + 1) < rate_hz * 0.45
            )
            shape = (
                envelope(size, rate_hz, 0.02, 0.05) if held else np.exp(-t / 0.4) * envelope(size, rate_hz, 0.005, 0.05)
            )
            out[int(at * rate_hz) : int(at * rate_hz) + size] += part * shape
        if rng.random() < 0.3:
            hit = np.exp(-np.arange(rate_hz // 8) / (0.02 * rate_hz)) * rng.standard_normal(rate_hz // 8) * 1.5
            out[int(at * rate_hz) : int(at * rate_hz) + hit.size] += hit
        at += beat_s * rng.choice([1, 1, 2])
    return scaled(out[: int(duration_s * rate_hz)], level_dbfs)


def white_noise(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -30) -> Sound:
    return scaled(rng.standard_normal(int(duration_s * rate_hz)), level_dbfs)


def pink_noise(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -30) -> Sound:
    size = int(duration_s * rate_hz)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 1))
    return scaled(np.fft.irfft(spectrum, size), level_dbfs)


def vacuum(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -18) -> Sound:
    """A vacuum cleaner: broad noise and a motor's tone with harmonics that wanders when it is pushed."""
    size = int(duration_s * rate_hz)
    tone = (
        rng.uniform(250, 600)
        * (1 + 0.02 * np.sin(2 * np.pi * 0.4 * np.arange(size) / rate_hz))
        * jitter(rng, size, rate_hz, 0.004)
    )
    motor = voiced(tone, rate_hz, [(900, 900, 1.0)], 4.0, 0.0, rng)
    noise = pink_noise(rng, duration_s, rate_hz).astype(float)
    mixed = motor / np.std(motor) + 2 * noise / np.std(noise)
    return scaled(mixed * (1 + 0.15 * np.sin(2 * np.pi * 0.3 * np.arange(size) / rate_hz)), level_dbfs)


def silence(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """A quiet room: microphone noise."""
    return white_noise(rng, duration_s, rate_hz, -65)


def mixed(sound: Sound, rng: np.random.Generator, snr_db: float) -> Sound:
    """`sound` in white noise; the ratio counts where the sound is on."""
    active = sound[np.abs(sound) > 1e-4]
    power = float(np.mean(active.astype(float) ** 2)) if active.size else 1e-6
    noise = rng.standard_normal(sound.size) * np.sqrt(power / 10 ** (snr_db / 10))
    return np.clip(sound + noise, -1, 1).astype(np.float32)


DISTRACTORS: dict[str, Maker] = {
    "speech": speech, "parentese": parentese, "lullaby": lullaby, "humming": humming, "music": music,
    "white_noise": white_noise, "pink_noise": pink_noise, "vacuum": vacuum, "silence": silence,
}  # fmt: skip
