"""What lies between a sound and the detector: the room, other sounds, the camera's microphone and its codec."""

from collections.abc import Callable
from fractions import Fraction
import io

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
import numpy as np
from numpy.typing import NDArray

from . import voices
from .voices import Sound, active_power

type Floats = NDArray[np.float64]


def reverberant(sound: Sound, rng: np.random.Generator, rate_hz: int, decay_s: float, *, direct: float = 1.0) -> Sound:
    """In a room whose sound decays by 60 dB in `decay_s`; the level of what is on stays.

    `direct`: how much comes straight from the mouth; less where the camera is far away.
    """
    size = int(decay_s * rate_hz)
    answer = rng.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    answer *= 0.7 / np.sqrt(np.sum(answer**2))
    answer[0] = direct
    total = 1 << (sound.size + size).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, total) * np.fft.rfft(answer, total), total)[: sound.size]
    return np.clip(wet, -1, 1).astype(np.float32)


def gain_controlled(sound: Sound, rate_hz: int, target_dbfs: float = -20, most_db: float = 30) -> Sound:
    """As cheap cameras do: loud is turned down at once, quiet is turned up within a second or two."""
    step = rate_hz // 100
    gains, gain_db = np.zeros(sound.size // step + 2), 0.0
    for index in range(sound.size // step):
        part = sound[index * step : (index + 1) * step].astype(float)
        level_db = 10 * np.log10(np.mean(part**2) + 1e-10)
        wanted_db = np.clip(target_dbfs - level_db, -most_db, most_db)
        gain_db += np.clip(wanted_db - gain_db, -1.5, 0.15)
        gains[index + 1] = gain_db
    gains[-1] = gain_db
    smooth = np.interp(np.arange(sound.size) / step, np.arange(gains.size), gains)
    return limited(sound * 10 ** (smooth / 20))


def limited(sound: NDArray[np.floating]) -> Sound:
    """Overdriven: everything above full scale is bent."""
    return np.tanh(sound).astype(np.float32)


def band_limited(sound: Sound, rate_hz: int, low_hz: float = 250, high_hz: float = 3600) -> Sound:
    """A telephone's or a cheap microphone's band."""
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(sound.size, 1 / rate_hz)
    shape = 1 / np.sqrt(1 + (low_hz / np.maximum(frequency, 1)) ** 4) / np.sqrt(1 + (frequency / high_hz) ** 8)
    return np.fft.irfft(spectrum * shape, sound.size).astype(np.float32)


def beside(sound: Sound, noise: Sound, ratio_db: float) -> Sound:
    """Both together; `ratio_db` of the power while each is on."""
    factor = np.sqrt(active_power(sound) / active_power(noise) / 10 ** (ratio_db / 10))
    return np.clip(sound + factor * noise[: sound.size], -1, 1).astype(np.float32)


def hum(rng: np.random.Generator, duration_s: float, rate_hz: int, level_dbfs: float = -35) -> Sound:
    """Mains hum with overtones over faint noise."""
    t = np.arange(int(duration_s * rate_hz)) / rate_hz
    tone = sum(rng.uniform(0.1, 1) * np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6)) for k in range(1, 9))
    return voices.scaled(tone + 0.05 * rng.standard_normal(t.size), level_dbfs)


NOISES: dict[str, voices.Maker] = {
    "white": voices.white_noise, "pink": voices.pink_noise, "hum": hum, "speech": voices.speech,
}  # fmt: skip


def coded(sound: Sound, rate_hz: int, codec: str, bit_rate: int | None = None) -> tuple[Sound, int]:
    """Through a real encoder and decoder; the sound and its new rate."""
    rates = {"pcm_mulaw": 8000, "pcm_alaw": 8000, "libopus": 48000}
    new_hz = rates.get(codec, rate_hz)
    target = io.BytesIO()
    with av.open(target, "w", format="matroska" if codec == "libopus" else "mov") as container:
        stream = container.add_stream(codec, rate=new_hz, layout="mono")
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        resampler = AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=new_hz, frame_size=stream.codec_context.frame_size
        )
        frame = AudioFrame.from_ndarray(sound[None, :].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(part))
    target.seek(0)
    with av.open(target) as container:
        back = AudioResampler(format="fltp", layout="mono", rate=new_hz)
        parts = [mono.to_ndarray()[0] for frame in container.decode(audio=0) for mono in back.resample(frame)]
    return np.concatenate(parts).astype(np.float32), new_hz


type Channel = Callable[[Sound, np.random.Generator, int], tuple[Sound, int]]

CHANNELS: dict[str, Channel] = {
    "plain": lambda sound, _rng, rate_hz: (sound, rate_hz),
    "room 0.4 s": lambda sound, rng, rate_hz: (reverberant(sound, rng, rate_hz, 0.4), rate_hz),
    "room 0.8 s": lambda sound, rng, rate_hz: (reverberant(sound, rng, rate_hz, 0.8), rate_hz),
    "gain control": lambda sound, _rng, rate_hz: (gain_controlled(sound, rate_hz), rate_hz),
    "overdriven": lambda sound, _rng, rate_hz: (limited(sound * 12), rate_hz),
    "quiet (-50 dBFS)": lambda sound, _rng, rate_hz: ((sound * 10 ** (-25 / 20)).astype(np.float32), rate_hz),
    "narrow band": lambda sound, _rng, rate_hz: (band_limited(sound, rate_hz), rate_hz),
    "mu-law 8 kHz": lambda sound, _rng, rate_hz: coded(sound, rate_hz, "pcm_mulaw"),
    "AAC 16 kbit/s": lambda sound, _rng, rate_hz: coded(sound, rate_hz, "aac", 16_000),
    "a-law 8 kHz, gain control": lambda sound, _rng, rate_hz: coded(
        gain_controlled(sound, rate_hz), rate_hz, "pcm_alaw"
    ),
    "far away: room 0.8 s, half reverberation, AAC 16 kbit/s": lambda sound, rng, rate_hz: coded(
        reverberant(sound, rng, rate_hz, 0.8, direct=0.5), rate_hz, "aac", 16_000
    ),
    "clipped at the microphone, gain control, narrow band": lambda sound, _rng, rate_hz: (
        band_limited(gain_controlled(np.clip(sound * 30, -0.5, 0.5), rate_hz), rate_hz),
        rate_hz,
    ),
    "Opus 8 kbit/s": lambda sound, _rng, rate_hz: coded(sound, rate_hz, "libopus", 8_000),
}
