"""A ten-minute window in real time, in a real Home Assistant, with a model that takes 60 s for its report.

What a viewer gets is read at the far end, from Home Assistant's own HLS, while the window is recorded, closed, sent and
understood; every frame carries its number. The camera is the RTSP server of the frame loop's bench, which costs next
to nothing: the drawn demo leaves pictures out where the machine is busy.
`scripts/bench windows --live` (12 to 22 minutes).
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
import os
from pathlib import Path
import tempfile
import time
from typing import Any

import aiohttp

from scripts.homes.dashboard import entity
from scripts.homes.hls import HlsReader
from scripts.homes.home import Home, free_port
from scripts.homes.seed import SeedOptions
from tests.servers.gemini import GeminiServer

from .camera import ReplayCamera

WINDOW_S = 600
MODEL_S = 60
_AFTER_S = 25 + MODEL_S + 20
_READ_IN_PIECES_S = 30.0
_LAG_GOAL_MS = 50
_CLIP = "1080p30-gop2"
_NUMBERS = 1200
ANSWER: dict[str, Any] = {
    "child_visibility": "clear",
    "timeline": [{"id": "t1", "start_s": 0, "end_s": 20, "what": "Lies and stirs."}],
    "incidents": [], "sleep": [], "position_changes_s": [], "carer_present": [], "skills": [], "hazards": [],
    "summary": [{"text": "Lay in the crib.", "evidence": ["t1"]}],
    "recommendations": [],
}  # fmt: skip


class _SlowGemini(GeminiServer):
    """Frame checks at once, reports after a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.reports_with = f"slow:{MODEL_S}"
        self.report_answer = ANSWER


def live() -> int:
    """Print the figures; 1 where a frame is missing, comes too late, or no report came."""
    print(f"live: load average {os.getloadavg()[0]:.1f} before", flush=True)
    with ReplayCamera(_CLIP) as camera, tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        return asyncio.run(_run(Path(folder), camera.url(_CLIP)))


async def _run(folder: Path, url: str) -> int:
    with _SlowGemini() as gemini:
        home = Home(folder / "home", SeedOptions(port=free_port()))
        await home.seed()
        await home.start({"GOOGLE_GEMINI_BASE_URL": gemini.url})
        try:
            return await _measure(home, gemini, url)
        finally:
            await home.stop()


async def _measure(home: Home, gemini: GeminiServer, url: str) -> int:
    steps: dict[str, dict[str, Any]] = {
        "user": {"name": "Nursery", "source": url}, "ai": {"provider": "gemini"},
        "gemini": {"api_key": "bench-key-0123456789"},
    }  # fmt: skip
    await home.run_flow("cradlewatch", steps)
    ids = await home.entities()
    await asyncio.sleep(15)  # the ring fills, start-up ends
    # A whole window: from the next full ten minutes on, until its report must be there.
    span_s = WINDOW_S - time.time() % WINDOW_S + WINDOW_S + _AFTER_S
    print(f"live: {span_s:.0f} s from {datetime.now(UTC):%H:%M:%S} UTC", flush=True)
    far_end = _FarEnd(home, entity(ids, "camera"))
    lags: list[float] = []
    stages: list[tuple[str, str, str | None]] = []
    watching = asyncio.ensure_future(_stages(home, stages))
    try:
        await asyncio.gather(far_end.follow(span_s), _lags(home, entity(ids, "frame_lag"), span_s, lags))
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    report = await home.state(entity(ids, "report"))
    return _print(far_end, lags, stages, gemini, (report or {}).get("attributes", {}))


class _FarEnd:
    """Reads HLS for long, decoding as it goes: kept segments of twenty minutes would fill the memory."""

    def __init__(self, home: Home, camera: str) -> None:
        self._reader = HlsReader(home, camera)
        self.numbers: list[int | None] = []

    async def follow(self, span_s: float) -> None:
        following = asyncio.ensure_future(self._reader.follow(span_s))
        while not following.done():
            await asyncio.wait((following,), timeout=_READ_IN_PIECES_S)
            await self._decode()
        await following
        await self._decode()

    async def _decode(self) -> None:
        taken, self._reader.segments = self._reader.segments, []
        piece = HlsReader(self._reader.home, self._reader.camera, segments=taken)
        self.numbers += await asyncio.to_thread(piece.frame_numbers)

    @property
    def discontinuities(self) -> int:
        return self._reader.discontinuities


async def _lags(home: Home, sensor: str, span_s: float, found: list[float]) -> None:
    """The p99 of each last minute, as the frame loop itself measures it."""
    until_s = time.monotonic() + span_s
    while time.monotonic() < until_s:
        await asyncio.sleep(20)
        state = await home.state(sensor)
        with suppress(TypeError, ValueError):
            found.append(float((state or {})["state"]))


async def _stages(home: Home, found: list[tuple[str, str, str | None]]) -> None:
    async with home.websocket() as ws:
        await ws.send_json({"id": 1, "type": "subscribe_events", "event_type": "cradlewatch_report"})
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT and (event := message.json().get("event")):
                data = event["data"]
                at = datetime.fromisoformat(event["time_fired"]).strftime("%H:%M:%S.%f")[:-3]
                found.append((at, f"{data['start'][11:16]} {data['stage']}", data["state"]))


def _print(
    far_end: _FarEnd,
    lags: list[float],
    stages: list[tuple[str, str, str | None]],
    gemini: GeminiServer,
    report: dict[str, Any],
) -> int:
    numbers = far_end.numbers
    readable = [number for number in numbers if number is not None]
    # The clip's numbers begin anew after its last frame.
    steps = [(after - before) % _NUMBERS for before, after in pairwise(readable)]
    missing, twice = sum(step - 1 for step in steps if step), steps.count(0)
    lag_ms = max(lags, default=float("inf"))
    print("\n".join(f"  {at} {stage}{f' ({state})' if state else ''}" for at, stage, state in stages))
    print(f"frames at the far end: {len(numbers)}, unreadable {len(numbers) - len(readable)}")
    print(f"  missing {missing}, shown twice {twice}, discontinuities {far_end.discontinuities}")
    print(f"lag, p99 of the worst minute: {lag_ms:.0f} ms of {len(lags)} readings (goal {_LAG_GOAL_MS})")
    print(f"model: {len(gemini.reports)} reports of {MODEL_S} s, {gemini.checks_received} calls in all")
    who, state, took_s = (report.get(key) for key in ("provider", "window_state", "latency_s"))
    print(f"report: provider {who}, {state}, latency {took_s} s")
    print(f"load average {os.getloadavg()[0]:.1f} after")
    good = not missing and not twice and lag_ms <= _LAG_GOAL_MS and report.get("provider") == "gemini"
    print("met" if good else "MISSED")
    return int(not good)
