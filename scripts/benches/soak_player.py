"""A player of a home's HLS, as a picture card is one: it opens the stream anew whenever it has ended."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
import io
import time
from urllib.parse import urljoin

import aiohttp
import av
from engine.source.frame_code import read_frame_code
import numpy as np

from scripts.homes.home import Home, HomeError

from .media import FRAMES
from .numbers import Arrival, SendLog

_POLL_S = 0.3
_STALE_S = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One decoded frame: its number (None: unreadable) and when its segment was there."""

    number: int | None
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Frames that did not come: those which the camera sent between two monotonic times."""

    frames: int
    from_s: float
    until_s: float


class Player:
    """Follows one camera until it is cancelled."""

    def __init__(self, home: Home, camera: str) -> None:
        self._home = home
        self._camera = camera
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix="soak-decode")
        self._known: set[str] = set()
        self._inits: dict[str, bytes] = {}
        self._segments: list[tuple[float, Future[list[int | None] | None]]] = []
        self.parts = 0
        self.openings = 0

    async def run(self) -> None:
        """Open, follow, and again."""
        while True:
            with suppress(HomeError, aiohttp.ClientError, TimeoutError):
                await self._watch_once()
            await asyncio.sleep(_POLL_S)

    async def _watch_once(self) -> None:
        state = await self._home.state(self._camera)
        if state is None or state["state"] != "streaming":
            return
        result = await self._home.command("camera/stream", entity_id=self._camera)
        self.openings += 1
        limit = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=limit, raise_for_status=True) as session:
            master_url = self._home.url + result["url"]
            master = await self._text(session, master_url)
            media_url = urljoin(master_url, [line for line in master.splitlines() if line and line[0] != "#"][-1])
            news_s = time.monotonic()
            # A picture card shows its player for as long as the camera is there.
            while time.monotonic() - news_s < _STALE_S:
                if await self._take(session, media_url, await self._text(session, media_url)):
                    news_s = time.monotonic()
                await asyncio.sleep(_POLL_S)

    @staticmethod
    async def _text(session: aiohttp.ClientSession, url: str) -> str:
        async with session.get(url) as response:
            return await response.text()

    @staticmethod
    async def _bytes(session: aiohttp.ClientSession, url: str) -> bytes:
        async with session.get(url) as response:
            return await response.read()

    async def _take(self, session: aiohttp.ClientSession, base: str, playlist: str) -> bool:
        """Count the new parts, fetch and decode the new segments; True where anything was new."""
        init, new = b"", False
        for line in playlist.splitlines():
            if line.startswith("#EXT-X-MAP:"):
                url = urljoin(base, line.partition('URI="')[2].partition('"')[0])
                init = self._inits.get(url) or await self._bytes(session, url)
                self._inits = {url: init}
            elif line.startswith("#EXT-X-PART:"):
                new |= self._is_new(urljoin(base, line.partition('URI="')[2].partition('"')[0]))
            elif line and line[0] != "#" and self._is_new(urljoin(base, line)):
                new = True
                media = await self._bytes(session, urljoin(base, line))
                # Not waited for: a player that is late by its own counting would say the picture is.
                self._segments.append((time.monotonic(), self._decoding.submit(_numbers, init + media)))
        return new

    def _is_new(self, url: str) -> bool:
        if url in self._known:
            return False
        self._known.add(url)
        self.parts += 1
        return True

    def close(self) -> None:
        """Decode what is left."""
        self._decoding.shutdown()

    @property
    def undecodable(self) -> int:
        """Segments of which nothing could be read."""
        return sum(decoded.result() is None for _, decoded in self._segments)

    def frames(self) -> list[Seen]:
        """All that was decoded, in order."""
        return [Seen(number=number, at_s=at_s) for at_s, decoded in self._segments for number in decoded.result() or ()]

    def holes(self, log: SendLog) -> list[Hole]:
        """Where the numbers leap, by the camera's own times of sending."""
        found: list[Hole] = []
        last: tuple[float, int] | None = None
        for seen in self.frames():
            sent = None if seen.number is None else log.find(Arrival(number=seen.number % FRAMES, at_s=seen.at_s))
            if sent is None:
                continue
            if last is not None and sent[1] > last[1] + 1:
                found.append(Hole(frames=sent[1] - last[1] - 1, from_s=last[0], until_s=sent[0]))
            last = sent
        return found


def _numbers(media: bytes) -> list[int | None] | None:
    """Frame numbers of a segment; None where it cannot be read at all."""
    numbers: list[int | None] = []
    try:
        with av.open(io.BytesIO(media)) as container:
            for frame in container.decode(video=0):
                plane = frame.planes[0]
                y = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
                numbers.append(read_frame_code(y))
    except av.FFmpegError:
        return numbers or None
    return numbers
