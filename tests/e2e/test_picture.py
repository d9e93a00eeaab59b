"""The picture goes on while the AI works, hangs or fails: counted by the page and at the far end of HLS."""

import asyncio
from pathlib import Path

import pytest

from scripts.homes.browser import browser_page, video_state, wait_for_video
from scripts.homes.dashboard import entity, write_dashboard
from scripts.homes.hls import HlsReader, missing_numbers
from scripts.homes.home import Home
from tests.e2e.conftest import eventually, needs_chromium, running_home
from tests.servers.gemini import GeminiServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

WATCHED_S = 20.0


async def _furnished(home: Home, *, gemini: bool) -> dict[str, str]:
    steps: dict[str, dict[str, object]] = {
        "user": {"name": "Nursery", "source": "demo:"},
        "ai": {"provider": "gemini" if gemini else "local"},
        "gemini": {"api_key": "test-key-0123456789"},
    }
    await home.run_flow("cradlewatch", steps)
    ids = await home.entities()
    write_dashboard(home.config_dir, "Nursery")

    async def live() -> bool:
        state = await home.state(entity(ids, "connectivity"))
        return state is not None and state["state"] == "on"

    await eventually(live, what="the camera")
    return ids


async def _frames_shown(home: Home) -> float:
    async with browser_page(home) as page:
        await page.goto(home.url + "/crib-demo/0")
        await wait_for_video(page)
        # The first seconds of a page are loading, in any case.
        await asyncio.sleep(3)
        before = await video_state(page)
        await asyncio.sleep(WATCHED_S)
        after = await video_state(page)
    return (after["frames"] - after["dropped"]) - (before["frames"] - before["dropped"])


@needs_chromium
async def test_picture_never_waits_for_the_ai(tmp_path: Path) -> None:
    with GeminiServer() as gemini:
        async with running_home(tmp_path / "home", {"GOOGLE_GEMINI_BASE_URL": gemini.url}) as home:
            ids = await _furnished(home, gemini=True)
            await home.action("switch.turn_off", {"entity_id": entity(ids, "ai")})
            calm = await _frames_shown(home)

            await home.action("switch.turn_on", {"entity_id": entity(ids, "ai")})
            gemini.answer_next("slow:10", "hang")
            gemini.answer_with("hang")
            await home.action("button.press", {"entity_id": entity(ids, "check_now")})

            async def asked() -> bool:
                return gemini.checks_received > 0

            await eventually(asked, what="the frame check")
            busy, numbers = await asyncio.gather(_frames_shown(home), _far_end(home, entity(ids, "camera")))

    assert calm > 0.8 * WATCHED_S * 30, f"the page shows only {calm} frames in {WATCHED_S} s without any AI"
    assert busy >= 0.95 * calm, f"{busy} frames with the AI hanging, {calm} without"
    assert None not in numbers, "a frame whose number cannot be read"
    assert len(numbers) > WATCHED_S * 30 * 0.7
    assert missing_numbers(numbers) == []
    assert len(numbers) == len(set(numbers)), "a frame that was shown twice"


async def _far_end(home: Home, camera: str) -> list[int | None]:
    reader = HlsReader(home, camera)
    await reader.follow(WATCHED_S + 3)
    return await asyncio.to_thread(reader.frame_numbers)
