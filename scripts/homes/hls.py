"""Reads a camera at the far end: Home Assistant's own HLS, segment by segment, as a player would fetch it."""

import asyncio
from dataclasses import dataclass, field
from io import BytesIO
import time
from urllib.parse import urljoin

import aiohttp
import av
import numpy as np

from custom_components.cradlewatch.engine.source.frame_code import read_frame_code

from .home import Home


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """One media segment with what it needs to be decoded."""

    uri: str
    init: bytes
    media: bytes
    fetched_s: float


@dataclass
class HlsReader:
    """Follows the live playlist and keeps every segment it names."""

    home: Home
    camera: str
    segments: list[Segment] = field(default_factory=list)
    discontinuities: int = 0
    opened_s: float = 0.0
    master_after_s: float | None = None
    first_media_after_s: float | None = None
    _inits: dict[str, bytes] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    async def follow(self, duration_s: float) -> None:
        """Fetch all that appears within the time."""
        self.opened_s = time.monotonic()
        result = await self.home.command("camera/stream", entity_id=self.camera)
        master_url = self.home.url + result["url"]
        async with aiohttp.ClientSession() as session:
            master = await self._text(session, master_url)
            self.master_after_s = time.monotonic() - self.opened_s
            media_url = urljoin(master_url, _uris(master)[-1])
            while time.monotonic() - self.opened_s < duration_s:
                await self._take(session, media_url, await self._text(session, media_url))
                await asyncio.sleep(0.3)

    async def _text(self, session: aiohttp.ClientSession, url: str) -> str:
        async with session.get(url) as response:
            response.raise_for_status()
            return await response.text()

    async def _bytes(self, session: aiohttp.ClientSession, url: str) -> bytes:
        async with session.get(url) as response:
            response.raise_for_status()
            return await response.read()

    async def _take(self, session: aiohttp.ClientSession, base: str, playlist: str) -> None:
        init = b""
        for line in playlist.splitlines():
            if line.startswith("#EXT-X-MAP:"):
                url = urljoin(base, line.partition('URI="')[2].partition('"')[0])
                init = self._inits.get(url) or await self._bytes(session, url)
                self._inits[url] = init
            elif line == "#EXT-X-DISCONTINUITY":
                self.discontinuities += 1
            elif line and not line.startswith("#") and line not in self._seen:
                self._seen.add(line)
                media = await self._bytes(session, urljoin(base, line))
                self.segments.append(Segment(uri=line, init=init, media=media, fetched_s=time.monotonic()))
                if self.first_media_after_s is None:
                    self.first_media_after_s = time.monotonic() - self.opened_s

    def frame_numbers(self) -> list[int | None]:
        """The number painted into each decoded frame, in order; None where a frame shows no readable one."""
        numbers: list[int | None] = []
        for segment in self.segments:
            with av.open(BytesIO(segment.init + segment.media)) as container:
                for frame in container.decode(video=0):
                    plane = frame.planes[0]
                    y = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
                    numbers.append(read_frame_code(y))
        return numbers


def missing_numbers(numbers: list[int | None]) -> list[int]:
    """Which numbers between the first and the last seen are not there."""
    seen = {number for number in numbers if number is not None}
    return sorted(set(range(min(seen), max(seen) + 1)) - seen) if seen else []


def _uris(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]
