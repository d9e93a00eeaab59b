"""A camera that goes away and comes back, as the page with a stock picture card sees it: never reloaded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import time
from typing import Any

from playwright.async_api import Page
import pytest

from scripts.homes.browser import browser_page, video_state, wait_for_video
from scripts.homes.dashboard import entity, write_dashboard
from scripts.homes.home import Home
from tests.e2e.conftest import eventually, needs_chromium, running_home
from tests.servers import rtsp
from tests.servers.rtsp import VIDEO, RtspServer

pytestmark = [pytest.mark.e2e, pytest.mark.rtsp, needs_chromium, pytest.mark.timeout(300)]

LARGE = VIDEO.format(gop=15).replace("width=640,height=360", "width=960,height=540")
GOES_ON_S = 3.0


class Watched:
    """A home with one camera, and a page that shows it."""

    def __init__(self, home: Home, ids: dict[str, str], page: Page) -> None:
        self.home = home
        self.ids = ids
        self.page = page

    async def camera_is(self, state: str) -> bool:
        found = await self.home.state(entity(self.ids, "camera"))
        return found is not None and found["state"] == state

    async def frames(self) -> float:
        state = await video_state(self.page)
        return state["frames"] if state else 0

    async def moves_within(self, limit_s: float, what: str) -> float:
        """Until two more frames are shown than at one moment; the seconds that took."""
        began_s = time.monotonic()
        before = await self.frames()
        while time.monotonic() - began_s < limit_s:
            now = await self.frames()
            # A new player counts from nothing.
            before = min(before, now)
            if now >= before + 2:
                return time.monotonic() - began_s
            await asyncio.sleep(0.05)
        raise AssertionError(f"no moving picture within {limit_s} s {what}")

    async def never_reloaded(self) -> bool:
        marked: bool = await self.page.evaluate("() => window.cradlewatchMark === 1")
        return marked


@asynccontextmanager
async def watched(folder: Path, server: RtspServer, **advanced: Any) -> AsyncIterator[Watched]:
    async with running_home(folder / "home") as home:
        steps: dict[str, dict[str, Any]] = {
            "user": {"name": "Nursery", "source": server.url, "advanced": advanced},
            "ai": {"provider": "local"},
        }
        await home.run_flow("cradlewatch", steps)
        ids = await home.entities()
        write_dashboard(home.config_dir, "Nursery")
        async with browser_page(home) as page:
            await page.goto(home.url + "/crib-demo/0")
            await wait_for_video(page)
            await page.evaluate("() => { window.cradlewatchMark = 1; }")
            yield Watched(home, ids, page)


@pytest.fixture(autouse=True)
def needs_server() -> None:
    rtsp.require_rtsp()


async def test_frozen_then_gone_for_forty_seconds(tmp_path: Path) -> None:
    with RtspServer() as server:
        async with watched(tmp_path, server) as seen:
            await asyncio.sleep(8)
            server.freeze()
            await asyncio.sleep(8)
            server.thaw()
            took_s = await seen.moves_within(GOES_ON_S, "after 8 s of silence")
            print(f"\nfrozen for 8 s: moves {took_s:.2f} s after it")
            await asyncio.sleep(10)
            assert await seen.moves_within(1.5, "10 s later") is not None

            server.kill()
            await eventually(lambda: seen.camera_is("unavailable"), 12, "camera_lost")
            await asyncio.sleep(32)
            server.start()
            # The longest wait between two attempts is 15 s.
            await eventually(lambda: seen.camera_is("streaming"), 20, "the camera")
            took_s = await seen.moves_within(10, "after 40 s without the camera")
            print(f"gone for 40 s: moves {took_s:.2f} s after the camera is available")
            await asyncio.sleep(10)
            assert await seen.moves_within(1.5, "10 s later") is not None
            assert await seen.never_reloaded()


async def test_another_format_and_privacy(tmp_path: Path) -> None:
    with RtspServer() as server:
        # A camera that hangs sideways: what is 640 wide comes as 360, turned by the browser.
        async with watched(tmp_path, server, rotation="90") as seen:
            await asyncio.sleep(5)
            assert (await video_state(seen.page))["width"] == 360
            server.kill()
            other = RtspServer(LARGE)
            other.port = server.port
            with other:

                async def is_larger() -> bool:
                    state = await video_state(seen.page)
                    return bool(state) and state["width"] == 540

                began_s = time.monotonic()
                await eventually(is_larger, 20, "the other format")
                print(f"\nanother format: shown {time.monotonic() - began_s:.2f} s after the server was there")
                await seen.moves_within(3, "in the other format")

                camera = entity(seen.ids, "camera")
                await seen.home.action("camera.turn_off", {"entity_id": camera})
                await asyncio.sleep(5)
                assert not await seen.camera_is("streaming")
                await seen.home.action("camera.turn_on", {"entity_id": camera})
                began_s = time.monotonic()
                await eventually(lambda: seen.camera_is("streaming"), GOES_ON_S, "the camera after privacy")
                took_s = time.monotonic() - began_s
                await seen.moves_within(10, "after privacy")
                print(f"privacy off: streaming after {took_s:.2f} s, moves after {time.monotonic() - began_s:.2f} s")
                assert await seen.never_reloaded()
