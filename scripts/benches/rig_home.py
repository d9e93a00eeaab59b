"""Home Assistant's own stream component in a process, on our relay or directly on the camera.

A bare core with the real component: what a player would fetch is read from its HLS output, part by part.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
import logging
import os
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
    await stream.async_setup(
        hass, {"stream": {"ll_hls": True, "segment_duration": 6.0, "part_duration": 1.0}}
    )
    hass.config.components.add("stream")
    return hass


class Watch:
    """One Stream of Home Assistant with the times at which its HLS output had something."""

    def __init__(self, hass: Any, source: str) -> None:
        from homeassistant.components.stream import Orientation, create_stream

        # What the camera component would hand over; importing it only costs start-up.
        settings: Any = SimpleNamespace(preload_stream=False, orientation=Orientation.NO_TRANSFORM)
        self.stream = create_stream(hass, source, {}, settings)
        self.opened_s = time.monotonic()
        self.first_part_s: float | None = None
        self.master_s: float | None = None
        self.parts: list[tuple[int, int, float]] = []
        self.media: dict[int, list[bytes]] = {}
        self.inits: dict[int, bytes] = {}
        self._task: asyncio.Task[None] | None = None

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
        for segment in self.track.get_segments():
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

    async def wait_master(self, limit_s: float) -> None:
        deadline_s = time.monotonic() + limit_s
        while self.master_s is None and time.monotonic() < deadline_s:
            await asyncio.sleep(0.01)

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


def _home(url: str, ours: bool, load: dict[str, Any] | None = None) -> None:
    """A home with one camera; orders: open (times), follow, dump, figures."""
    asyncio.run(_home_async(url, ours, load))


async def _home_async(url: str, ours: bool, load_settings: dict[str, Any] | None) -> None:
    folder = scratch()
    hass = await _bare_home(folder)
    camera = None
    source = url
    if ours:
        from .eyes import WatchedCamera

        camera = await asyncio.to_thread(WatchedCamera, url, folder / "relay.sock")
        await asyncio.to_thread(camera.wait_up)
        source = camera.loop.relay_address
    loop = asyncio.get_running_loop()
    watch = Watch(hass, source)
    load: list[Any] = []
    clips: list[Any] = []

    async def open_once(limit_s: float) -> dict[str, float | None]:
        once = Watch(hass, source)
        await once.start()
        await once.wait_master(limit_s)
        await once.stop()
        return once.times()

    def picture() -> bytes:
        assert camera is not None
        newest = camera.loop.picture(5.0, 768, 80)
        return newest.jpeg if newest else b""

    async def do(kind: str, order: dict[str, Any]) -> object:
        if kind == "open":
            return await open_once(order["limit_s"])
        if kind == "follow":
            await watch.start()
        elif kind == "load":
            from .load import Load

            load.append(Load(load_settings or {}, picture if camera else None))
            load[0].start(calls=True, calls_on_loop=False)
            if camera:
                clips.append(camera.loop.start_clip(folder / "incident.mp4"))
        elif kind == "dump":
            watch.dump(order["file"])
        figures = _figures(camera) if camera else {}
        return figures | {"socket": str(folder / "relay.sock"), "times": watch.times(), "pid": os.getpid()}

    def answer(kind: str, **order: Any) -> object:
        return asyncio.run_coroutine_threadsafe(do(kind, order), loop).result(120)

    try:
        with ThreadPoolExecutor(1) as pool:
            await loop.run_in_executor(pool, serve, answer, {"socket": str(folder / "relay.sock")})
    finally:
        for item in load:
            item.stop()
        if watch._task:  # noqa: SLF001
            await watch.stop()
        if camera:
            await asyncio.to_thread(camera.stop)
        await hass.async_stop(force=True)
        shutil.rmtree(folder, ignore_errors=True)


def _figures(camera: Any) -> dict[str, Any]:
    from .rig_ours import _figures as of

    return of(camera)


KINDS = {"home": _home}
