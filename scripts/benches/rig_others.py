"""What the product is compared with: OpenCV's loop, the replaced pipeline and pump, and the physical limits."""

import asyncio
import os
from pathlib import Path
import shutil
import socket
import struct
import subprocess
import threading
import time
from typing import Any

from .rig import scratch, serve

_CALL_EVERY_S = 15.0


def _open_cv(url: str) -> Any:
    import cv2

    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise RuntimeError("OpenCV could not open the camera")
    return capture


def _in_thread(work: Any) -> None:
    """Run `work(over)` until the bench goes; it counts frames in the list it returns."""
    over = threading.Event()
    frames = [0]
    thread = threading.Thread(target=work, args=(over, frames))
    thread.start()
    deadline_s = time.monotonic() + 20
    while not frames[0]:
        if not thread.is_alive() or time.monotonic() > deadline_s:
            raise RuntimeError("no frame came")
        time.sleep(0.05)
    serve(lambda kind: {"frames": frames[0]})
    over.set()
    thread.join(5)


def _cv2_read_all(url: str) -> None:
    """The usual loop: read every frame as BGR."""

    def work(over: threading.Event, frames: list[int]) -> None:
        capture = _open_cv(url)
        while not over.is_set():
            ok, _ = capture.read()
            frames[0] += ok

    _in_thread(work)


def _replaced_pipeline(url: str, fps: int) -> None:
    """As the replaced system did it: read all, resize to 640x480, pipe to libx264 ultrafast HLS, archive writer."""

    def work(over: threading.Event, frames: list[int]) -> None:
        import cv2

        folder = scratch()
        capture = _open_cv(url)
        encoder = subprocess.Popen(
            ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "640x480", "-r", str(fps),
             "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(2 * fps),
             "-f", "hls", "-hls_time", "2", "-hls_list_size", "5", "-hls_flags", "delete_segments",
             str(folder / "live.m3u8")],
            stdin=subprocess.PIPE,
        )  # fmt: skip
        assert encoder.stdin is not None
        archive = cv2.VideoWriter(str(folder / "archive.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), fps, (640, 480))
        step, count = 30 // fps, 0
        try:
            while not over.is_set():
                ok, picture = capture.read()
                if not ok:
                    continue
                count += 1
                frames[0] += 1
                if count % step == 0:
                    small = cv2.resize(picture, (640, 480))
                    encoder.stdin.write(small.tobytes())
                    archive.write(small)
        finally:
            encoder.stdin.close()
            encoder.wait(5)
            archive.release()
            shutil.rmtree(folder, ignore_errors=True)

    _in_thread(work)


def _remux(url: str, decode: bool = False) -> None:
    """The physical limits: PyAV takes the packets and writes them on; with `decode` it decodes every frame too."""

    def work(over: threading.Event, frames: list[int]) -> None:
        import av

        with (
            av.open(url, options={"rtsp_transport": "tcp"}, timeout=10) as source,
            av.open(os.devnull, "w", format="mpegts") as sink,
        ):
            video = source.streams.video[0]
            video.codec_context.thread_count = 1
            out = sink.add_stream_from_template(video)
            for packet in source.demux(video):
                if over.is_set():
                    return
                frames[0] += 1
                if decode:
                    video.codec_context.decode(packet)
                packet.stream = out
                sink.mux_one(packet)

    _in_thread(work)


class _Reports:
    """Tells the far end which frame is out now, as the pump's viewers would get it (encoding not even counted)."""

    def __init__(self, far_end: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far_end = far_end

    def frame(self, picture: Any) -> None:
        from engine.source.frame_code import read_frame_code

        # Green is luma enough: the code's two grays are neutral.
        number = read_frame_code(picture[:, :, 1])
        if number is not None:
            self._socket.sendto(struct.pack("!I", number), self._far_end)


def _cv2_thread(url: str, far_end: str, load: dict[str, Any] | None) -> None:
    """An OpenCV VideoCapture thread beside an event loop that carries the same load as ours."""
    from .load import run_loaded

    reports = _Reports(far_end)
    over = threading.Event()

    def work() -> None:
        capture = _open_cv(url)
        while not over.is_set():
            ok, picture = capture.read()
            if ok:
                reports.frame(picture)

    thread = threading.Thread(target=work)
    thread.start()
    run_loaded(load)
    over.set()
    thread.join(5)


def _coroutine(url: str, far_end: str, load: dict[str, Any] | None, awaited: bool) -> None:
    """The replaced design: the frame pump is a coroutine of the event loop that carries the AI calls.

    `awaited`: the pump itself waits for each answer (as it was), a call of 10 s with 15 s of pumping after it. Else
    the calls are tasks beside the pump, which is the kindest reading.
    """
    from .load import ask_model, run_loaded

    reports = _Reports(far_end)

    async def pump() -> None:
        capture = await asyncio.to_thread(_open_cv, url)
        next_call_s = time.monotonic() + _CALL_EVERY_S / 2
        while True:
            ok, picture = await asyncio.to_thread(capture.read)
            if not ok:
                await asyncio.sleep(0.01)
                continue
            reports.frame(picture)
            if awaited and load and time.monotonic() >= next_call_s:
                await ask_model(load["model_url"], hang=False)
                next_call_s = time.monotonic() + _CALL_EVERY_S

    run_loaded(load, pump=pump, calls_on_loop=not awaited, calls=not awaited)


def _far_end(path: str) -> None:
    """Another process: writes down when each reported frame arrived."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    arrived: list[tuple[int, float]] = []

    def work() -> None:
        while True:
            data = receiver.recv(64)
            arrived.append((struct.unpack("!I", data)[0], time.monotonic()))

    threading.Thread(target=work, daemon=True).start()

    def answer(kind: str) -> object:
        return arrived

    serve(answer)
    Path(path).unlink(missing_ok=True)


def _viewer(path: str) -> None:
    """Another process: a viewer of our relay that keeps every byte with the time it came."""
    viewer = socket.socket(socket.AF_UNIX)
    viewer.connect(path)
    data = bytearray()
    marks: list[tuple[int, float]] = []

    def work() -> None:
        while chunk := viewer.recv(1 << 16):
            data.extend(chunk)
            marks.append((len(data), time.monotonic()))

    threading.Thread(target=work, daemon=True).start()

    def answer(kind: str, file: str) -> object:
        kept = len(marks)
        Path(file).write_bytes(bytes(data[: marks[kept - 1][0]] if kept else b""))
        return marks[:kept]

    serve(answer)


def _model_server() -> None:
    """A slow model: /slow answers after 10 s, /hang never. Plain HTTP on loopback."""
    from aiohttp import web

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(10)
        return web.json_response({"safety": "safe"})

    async def hang(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(3600)
        return web.Response()

    async def amain() -> None:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/slow", slow)
        app.router.add_post("/hang", hang)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        await asyncio.to_thread(serve, lambda kind: True, {"url": f"http://127.0.0.1:{port}"})
        await runner.cleanup()

    asyncio.run(amain())


KINDS = {
    "cv2_read_all": _cv2_read_all,
    "replaced_pipeline": _replaced_pipeline,
    "remux": _remux,
    "cv2_thread": _cv2_thread,
    "coroutine": _coroutine,
    "far_end": _far_end,
    "viewer": _viewer,
    "model_server": _model_server,
}
