"""Rows from a whole home: the integration in a real Home Assistant, a hanging model, Chromium."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
import json
from pathlib import Path
import shutil
import tempfile
import time
from typing import Any

from scripts.homes.browser import CHROMIUM, VIDEO_STATE, browser_page
from scripts.homes.dashboard import entity, write_dashboard
from scripts.homes.hls import HlsReader
from scripts.homes.home import Home, HomeError, free_port
from scripts.homes.seed import SeedOptions
from tests.servers.gemini import GeminiServer

from .camera import ReplayCamera
from .table import Report, Spans

HOME = "The whole home (Home Assistant with the integration, source 1080p30 GOP 2 s)"
_TICKER = Path(__file__).parent / "loop_ticker"
_KEY = "bench-key-0123456789"


def bench_home(report: Report, spans: Spans) -> None:
    """Event loop, HLS over HTTP and the page while one call is answered late, one never, one with 5 MB."""
    with ReplayCamera("1080p30-gop2") as camera, tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        try:
            asyncio.run(_home(report, spans, camera.url("1080p30-gop2"), Path(folder)))
        except (HomeError, TimeoutError) as error:
            raise RuntimeError(str(error)) from error
        report.camera_core_percent.append(("home", camera.core_percent()))


async def _home(report: Report, spans: Spans, url: str, folder: Path) -> None:
    with GeminiServer() as gemini:
        home = Home(folder / "home", SeedOptions(port=free_port()))
        await home.seed()
        shutil.copytree(_TICKER, home.config_dir / "custom_components" / "loop_ticker")
        with (home.config_dir / "configuration.yaml").open("a") as configuration:
            configuration.write("loop_ticker:\n")
        await home.start({"GOOGLE_GEMINI_BASE_URL": gemini.url})
        try:
            await _measure(report, spans, home, gemini, url)
        finally:
            await home.stop()


async def _measure(report: Report, spans: Spans, home: Home, gemini: GeminiServer, url: str) -> None:
    steps: dict[str, dict[str, Any]] = {
        "user": {"name": "Nursery", "source": url}, "ai": {"provider": "gemini"}, "gemini": {"api_key": _KEY},
    }  # fmt: skip
    await home.run_flow("cradlewatch", steps)
    ids = await home.entities()
    write_dashboard(home.config_dir, "Nursery")
    await _eventually(lambda: _is_on(home, entity(ids, "connectivity")), "the camera's connection")
    await asyncio.sleep(12)  # the ring fills, start-up ends

    await _ticks(home)
    await asyncio.sleep(10)
    calm = await _ticks(home)
    gemini.answer_next("slow:10", "hang")
    gemini.answer_with("huge")  # 5 MB
    reader = HlsReader(home, entity(ids, "camera"))
    await asyncio.gather(reader.follow(spans.lag_s + 10), _press(home, entity(ids, "check_now"), spans.lag_s + 8))
    busy = await _ticks(home)
    report.note(f"home: {gemini.checks_received} frame checks reached the model during the run")
    _event_loop_rows(report, calm, busy)
    numbers = await asyncio.to_thread(reader.frame_numbers)
    readable = [number for number in numbers if number is not None]
    lost = sum((after - before - 1) % 1200 for before, after in pairwise(readable))
    report.add(
        HOME, "frames lost in HLS fetched over HTTP, calls in flight", lost, "frames", goal=0,
        note=f"of {len(numbers)} decoded, {len(numbers) - len(readable)} unreadable",
    )  # fmt: skip
    report.add(HOME, "HLS over HTTP: master playlist", reader.master_after_s, "s", goal=0.5)
    if CHROMIUM is None:
        report.note("no chromium on this machine: page-open to first frame was not measured")
        return
    await _page_rows(report, spans, home)


async def _press(home: Home, button: str, span_s: float) -> None:
    until_s = time.monotonic() + span_s
    while time.monotonic() < until_s:
        await home.action("button.press", {"entity_id": button})
        await asyncio.sleep(3)


def _event_loop_rows(report: Report, calm: dict[str, Any], busy: dict[str, Any]) -> None:
    for name, ticks in (("no AI call", calm), ("calls in flight, one answer of 5 MB", busy)):
        mine = ticks["longest_by_us"]
        report.add(
            HOME, f"longest hold of the event loop by us, {name}", mine["ms"], "ms", goal=50,
            note=f"{mine['where']}; of {ticks['callbacks']} callbacks in {ticks['span_s']:.0f} s",
        )  # fmt: skip
        other = ticks["longest_by_others"]
        report.add(HOME, f"longest hold by anything else, {name}", other["ms"], "ms", beside=True, note=other["where"])
        report.add(
            HOME, f"event loop late (waiting for a core included): p99, {name}", ticks["late_p99_ms"], "ms", beside=True
        )


async def _page_rows(report: Report, spans: Spans, home: Home) -> None:
    times = []
    for _ in range(spans.phases):
        async with browser_page(home) as page:
            began_s = time.monotonic()
            await page.goto(home.url + "/crib-demo/0", wait_until="commit")
            await page.wait_for_function(f"() => (({VIDEO_STATE})() ?? {{frames: 0}}).frames >= 1", timeout=90_000)
            times.append(time.monotonic() - began_s)
    report.add(
        HOME, "page-open to first frame in Chromium", sorted(times)[len(times) // 2], "s",
        note=f"{min(times):.1f}-{max(times):.1f}, {len(times)} openings with an empty cache, software decoding,"
        " the frontend's own loading included",
    )  # fmt: skip


async def _ticks(home: Home) -> dict[str, Any]:
    answer = await home.action("loop_ticker.take", response=True)
    taken: dict[str, Any] = json.loads(answer["service_response"]["json"])
    return taken


async def _is_on(home: Home, entity_id: str) -> bool:
    state = await home.state(entity_id)
    return state is not None and state["state"] == "on"


async def _eventually(check: Callable[[], Awaitable[bool]], what: str, limit_s: float = 40) -> None:
    deadline_s = time.monotonic() + limit_s
    while not await check():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} did not come within {limit_s} s")
        await asyncio.sleep(0.2)
