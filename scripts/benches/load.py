"""The load under which lag is measured, the same for all that is compared."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
import io
import random
import threading
import time
from typing import Any

from .rig import serve

_CALL_LIMIT_S = 20.0


async def ask_model(url: str, *, hang: bool, jpeg: bytes = b"x" * 60_000) -> None:
    """One call to the slow local server: 10 s, or none ever within the limit."""
    import aiohttp

    try:
        async with (
            asyncio.timeout(_CALL_LIMIT_S),
            aiohttp.ClientSession() as session,
            session.post(url + ("/hang" if hang else "/slow"), data=jpeg) as response,
        ):
            await response.read()
    except TimeoutError:
        return


def _job(url: str, hang: bool, picture: Callable[[], bytes]) -> None:
    """As the product does it: in an executor thread, on an event loop made for the call."""
    from engine.analysis.runner import CancelToken, run_job
    from engine.errors import AnalysisError

    jpeg = picture()
    cancel = CancelToken()
    _CANCELS.append(cancel)
    try:
        run_job(lambda: ask_model(url, hang=hang, jpeg=jpeg), timeout_s=_CALL_LIMIT_S, cancel=cancel)
    except AnalysisError:
        return


_CANCELS: list[Any] = []


class Load:
    """Two calls in flight always, one never answered; a clip being encoded; the event loop blocked at random."""

    def __init__(self, settings: dict[str, Any], picture: Callable[[], bytes] | None = None) -> None:
        self._settings = settings
        self._picture = picture or (lambda: b"x" * 60_000)
        self._over = threading.Event()
        self._executor = ThreadPoolExecutor(4)
        self._tasks: list[asyncio.Task[None]] = []
        self.blocks = 0
        self.clip_frames = 0

    def start(self, *, calls: bool, calls_on_loop: bool) -> None:
        """In the running event loop."""
        if calls:
            for hang in (False, True):
                self._tasks.append(asyncio.ensure_future(self._calls(hang, calls_on_loop)))
        self._tasks.append(asyncio.ensure_future(self._blocks()))
        if self._settings.get("clip_fps") is not None:
            threading.Thread(target=self._clip, args=(self._settings["clip_fps"],), daemon=True).start()

    async def _calls(self, hang: bool, on_loop: bool) -> None:
        url = self._settings["model_url"]
        while True:
            if on_loop:
                await ask_model(url, hang=hang)
            else:
                await asyncio.get_running_loop().run_in_executor(self._executor, _job, url, hang, self._picture)

    async def _blocks(self) -> None:
        """What badly written code beside us does to the event loop."""
        while True:
            await asyncio.sleep(random.uniform(0.2, 0.8))
            time.sleep(0.05)  # noqa: ASYNC251  # meant
            self.blocks += 1

    def _clip(self, fps: float) -> None:
        """A small clip being encoded in a thread; `fps` 0: flat out, harder than any real one."""
        import av
        import numpy as np

        sink = av.open(io.BytesIO(), "w", format="matroska")
        stream = sink.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "veryfast", "crf": "30"}
        noise = np.random.default_rng(1).integers(0, 255, (540, 640), np.uint8)
        while not self._over.is_set():
            frame = av.VideoFrame.from_ndarray(np.roll(noise, self.clip_frames, 1), "yuv420p")
            frame.pts, frame.time_base = self.clip_frames, Fraction(1, 10)
            for packet in stream.encode(frame):
                sink.mux(packet)
            self.clip_frames += 1
            if fps:
                self._over.wait(1 / fps)

    def stop(self) -> None:
        self._over.set()
        for cancel in _CANCELS:
            cancel.cancel()
        for task in self._tasks:
            task.cancel()
        self._executor.shutdown(wait=True)


def run_loaded(
    settings: dict[str, Any] | None,
    *,
    pump: Callable[[], Awaitable[None]] | None = None,
    calls: bool = True,
    calls_on_loop: bool = False,
) -> None:
    """An event loop with the load (None: without) and, if given, a frame pump on it; until the bench goes."""

    async def amain() -> None:
        load = Load(settings) if settings else None
        if load:
            load.start(calls=calls, calls_on_loop=calls_on_loop)
        pumping = asyncio.ensure_future(pump()) if pump else None
        await asyncio.to_thread(serve, lambda kind: {"blocks": load.blocks if load else 0})
        if pumping:
            pumping.cancel()
        if load:
            load.stop()

    asyncio.run(amain())
