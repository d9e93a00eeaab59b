"""Home Assistant's own stream component in a process, on our relay or directly on the camera.

A bare core with the real component: what a player would fetch is read from its HLS output, part by part.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import logging
from pathlib import Path
import pickle
import shutil
import time
from types import SimpleNamespace
from typing import Any

from .rig import scratch, serve


async def _bare_home(folder: Path) -> Any:
    """A core with nothing but `stream`, set up by its own code with Home Assistant's defaults."""
    from homeassistant.components import stream
    from homeassistant.core import HomeAssistant

    # It says at length that libturbojpeg is not installed, which only stills would need.
    logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)
    hass = HomeAssistant(str(folder))
    hass.http = SimpleNamespace(register_view=lambda view: None)  # type: ignore[assignment]  # read from the output
    await stream.async_setup(hass, {"stream": {"ll_hls": True, "segment_duration": 6.0, "part_duration": 1.0}})
    hass.config.components.add("stream")
    return hass


class Watch:
    """One Stream of Home Assistant with the times at which its HLS output had something."""

    def __init__(self, hass: Any, source: str, *, keep: bool = True) -> None:
        from homeassistant.components.stream import Orientation, create_stream

        # What the camera component would hand over; importing it only costs start-up.
        settings: Any = SimpleNamespace(preload_stream=False, orientation=Orientation.NO_TRANSFORM)
        self.stream = create_stream(hass, source, {}, settings)
        self._keep = keep
        self._taken: tuple[int, int] = (-1, 0)
        self.parts_seen = 0
        self.opened_s = time.monotonic()
        self.first_part_s: float | None = None
        self.master_s: float | None = None
        self.parts: list[tuple[int, int, float]] = []
        self.media: dict[int, list[bytes]] = {}
        self.inits: dict[int, bytes] = {}
        self._task: asyncio.Task[None] | None = None
        self._mastered = asyncio.Event()

    async def start(self) -> None:
        self.track = self.stream.add_provider("hls", timeout=3600)
        self.opened_s = time.monotonic()
        await self.stream.start()
        self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        """Wake with each part, as the view for a blocking playlist does."""
        while True:
            self._take()
            part = asyncio.ensure_future(self.track.part_recv())
            segment = asyncio.ensure_future(self.track.recv())
            await asyncio.wait((part, segment), return_when=asyncio.FIRST_COMPLETED)
            part.cancel()
            segment.cancel()

    def _take(self) -> None:
        now_s = time.monotonic()
        newest = self.track.last_segment
        if newest is not None and (newest.sequence, len(newest.parts)) != self._taken:
            self._taken = (newest.sequence, len(newest.parts))
            self.parts_seen += 1
        for segment in self.track.get_segments() if self._keep else ():
            kept = self.media.setdefault(segment.sequence, [])
            self.inits[segment.sequence] = segment.init
            for index in range(len(kept), len(segment.parts)):
                kept.append(segment.parts[index].data)
                self.parts.append((segment.sequence, index, now_s))
        if self.first_part_s is None and self.parts:
            self.first_part_s = now_s
        # The master playlist's own condition: two segments, of which the first has an end.
        if self.master_s is None and len(self.track.sequences) >= 2:
            self.master_s = now_s
            self._mastered.set()

    async def wait_master(self, limit_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._mastered.wait()

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await self.stream.remove_provider(self.track)

    def times(self) -> dict[str, float | None]:
        return {
            "part": None if self.first_part_s is None else self.first_part_s - self.opened_s,
            "master": None if self.master_s is None else self.master_s - self.opened_s,
        }

    def dump(self, file: str) -> None:
        Path(file).write_bytes(pickle.dumps((self.parts, self.media, self.inits)))


class HomeRig:
    """A home with one camera; orders: open (times), follow, load, guests, dump, figures."""

    def __init__(self, hass: Any, folder: Path, url: str, load: dict[str, Any] | None) -> None:
        self._hass = hass
        self._folder = folder
        self._source = url
        self._url = url
        self._load_settings = load or {}
        self._camera: Any = None
        self._load: Any = None
        self._guests: Any = None
        self.socket = str(folder / "relay.sock")

    async def start(self, *, ours: bool, keep: bool) -> None:
        """Our loop (if `ours`), and a Stream that waits for the order to follow."""
        if ours:
            from .eyes import WatchedCamera

            self._camera = await asyncio.to_thread(WatchedCamera, self._url, Path(self.socket))
            await asyncio.to_thread(self._camera.wait_up)
            self._source = self._camera.loop.relay_address
        self._watch = Watch(self._hass, self._source, keep=keep)

    async def do(self, kind: str, order: dict[str, Any]) -> object:
        """One order of the bench; the answer is what there is to know."""
        if kind == "open":
            return await self._open_once(order["limit_s"])
        if kind == "follow":
            await self._watch.start()
        elif kind == "load":
            self._start_load()
        elif kind == "guests":
            from .rig_ours import Guests

            self._guests = Guests(lambda: self.socket)
        elif kind == "dump":
            self._watch.dump(order["file"])
        return self._figures()

    async def _open_once(self, limit_s: float) -> dict[str, float | None]:
        once = Watch(self._hass, self._source)
        await once.start()
        await once.wait_master(limit_s)
        await once.stop()
        return once.times()

    def _start_load(self) -> None:
        from .load import Load

        self._load = Load(self._load_settings, self._picture if self._camera else None)
        self._load.start(calls=True, calls_on_loop=False)
        if self._camera:
            self._camera.loop.start_clip(self._folder / "incident.mp4")

    def _picture(self) -> bytes:
        newest = self._camera.loop.picture(5.0, 768, 80)
        return newest.jpeg if newest else b""

    def _figures(self) -> dict[str, Any]:
        from .rig_ours import figures_of

        figures = figures_of(self._camera) if self._camera else {}
        if self._guests:
            figures |= {"guests": self._guests.visits, "guest_bytes": self._guests.bytes_read}
        return figures | {"parts": self._watch.parts_seen, "times": self._watch.times()}

    async def stop(self) -> None:
        for item in (self._load, self._guests):
            if item:
                item.stop()
        await self._watch.stop()
        if self._camera:
            await asyncio.to_thread(self._camera.stop)


def _home(url: str, ours: bool, load: dict[str, Any] | None = None, keep: bool = True) -> None:
    asyncio.run(_serve_home(url, ours=ours, load=load, keep=keep))


async def _serve_home(url: str, *, ours: bool, load: dict[str, Any] | None, keep: bool) -> None:
    folder = scratch()
    hass = await _bare_home(folder)
    loop = asyncio.get_running_loop()
    rig = HomeRig(hass, folder, url, load)
    await rig.start(ours=ours, keep=keep)

    def answer(kind: str, **order: Any) -> object:
        return asyncio.run_coroutine_threadsafe(rig.do(kind, order), loop).result(120)

    try:
        with ThreadPoolExecutor(1) as pool:
            await loop.run_in_executor(pool, serve, answer, {"socket": rig.socket})
    finally:
        await rig.stop()
        await hass.async_stop(force=True)
        shutil.rmtree(folder, ignore_errors=True)


KINDS = {"home": _home}
