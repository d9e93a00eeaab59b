"""What a player gets of a camera of a home: every part of Home Assistant's HLS, in order, and what is in them."""

import asyncio
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
import re
import time
from typing import Any

import av
from homeassistant.components.camera import async_request_stream
from homeassistant.core import HomeAssistant
import numpy as np
from numpy.typing import NDArray

from custom_components.cradlewatch.engine.source.frame_code import read_frame_code

_PART = re.compile(r'URI="\./(segment/\d+\.\d+\.m4s)"')
_DISCONTINUITY = "#EXT-X-DISCONTINUITY"


@dataclass
class Shown:
    """What a player shows, in the order of presentation."""

    numbers: list[int | None]
    """The number painted into each frame, None where none can be read."""
    times_s: list[float]
    size_wh: tuple[int, int]
    """Of the coded picture."""
    codec: str
    rotation_deg: int
    """How far the player turns the picture, clockwise."""
    sound: NDArray[np.float32]
    """Mono, -1 to 1; empty where there is none."""
    sound_rate_hz: int = 0
    sound_codec: str | None = None

    def tone_hz(self) -> float:
        """The loudest frequency."""
        spectrum = np.abs(np.fft.rfft(self.sound * np.hanning(len(self.sound))))
        return float(np.argmax(spectrum) * self.sound_rate_hz / len(self.sound))


@dataclass
class Player:
    """`await open`, then `follow` as a task; `shown` decodes what came."""

    hass: HomeAssistant
    client: Any
    camera: str
    name: str = ""
    parts: list[bytes] = field(default_factory=list)
    fetched_s: list[float] = field(default_factory=list)
    init: bytes = b""
    begins_anew: int = 0
    """Discontinuities in the playlist: the player has to begin with another header."""
    _base: str = ""
    _seen: set[str] = field(default_factory=set)

    async def open(self) -> float:
        """Ask for the stream; the seconds until the first part could be played."""
        began_s = time.monotonic()
        url = await async_request_stream(self.hass, self.camera, "hls")
        self._base = url.rpartition("/")[0]
        while not self.parts:
            await self._fetch()
        return time.monotonic() - began_s

    async def follow(self) -> None:
        """Fetch what comes, until cancelled."""
        while True:
            await self._fetch()
            await asyncio.sleep(0.4)

    async def _fetch(self) -> None:
        playlist = await self._get("playlist.m3u8")
        if playlist is None:
            return
        text = playlist.decode()
        self.begins_anew = max(self.begins_anew, text.count(_DISCONTINUITY + "\n"))
        if not self.init:
            self.init = await self._get("init.mp4") or b""
        for uri in _PART.findall(text):
            if uri not in self._seen and (data := await self._get(uri)):
                self._seen.add(uri)
                self.parts.append(data)
                self.fetched_s.append(time.monotonic())

    async def _get(self, name: str) -> bytes | None:
        async with self.client.get(f"{self._base}/{name}") as answer:
            return await answer.read() if answer.status == 200 else None

    def silence_s(self) -> list[float]:
        """The times between one part and the next."""
        return [after - before for before, after in pairwise(self.fetched_s)]

    def shown(self) -> Shown:
        """Decode all of it. Blocking."""
        with av.open(BytesIO(self.init + b"".join(self.parts))) as film:
            video = film.streams.video[0]
            audio = film.streams.audio[0] if film.streams.audio else None
            found = Shown(
                numbers=[],
                times_s=[],
                size_wh=(video.codec_context.width, video.codec_context.height),
                codec=video.codec_context.name,
                rotation_deg=0,
                sound=np.zeros(0, np.float32),
                sound_rate_hz=audio.codec_context.sample_rate if audio else 0,
                sound_codec=audio.codec_context.name if audio else None,
            )
            heard: list[NDArray[np.float32]] = []
            for frame in film.decode(*film.streams):
                if isinstance(frame, av.VideoFrame):
                    # PyAV counts the other way round.
                    found.rotation_deg = -frame.rotation % 360
                    found.numbers.append(read_frame_code(frame.to_ndarray(format="gray")))
                    found.times_s.append(float(frame.time or 0))
                elif isinstance(frame, av.AudioFrame):
                    heard.append(frame.to_ndarray().astype(np.float32)[0])
        if heard:
            found.sound = np.concatenate(heard)
        return found


def steps(numbers: list[int | None], modulus: int = 1 << 24) -> set[int]:
    """By how much the numbers rise from picture to picture: {1} where none is lost, none doubled, all in order."""
    assert None not in numbers, f"{numbers.count(None)} of {len(numbers)} frames have no readable number"
    known = [number for number in numbers if number is not None]
    return {(after - before) % modulus for before, after in pairwise(known)}
