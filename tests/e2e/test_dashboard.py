"""The dashboard that comes with the integration, as a parent adds it: no YAML, no entity to look for."""

from pathlib import Path

from playwright.async_api import Page
import pytest

from scripts.homes.browser import browser_page, wait_for_video
from scripts.homes.dashboard import entity, write_dashboard
from scripts.homes.home import Home
from tests.e2e.conftest import eventually, needs_chromium, running_home

pytestmark = [pytest.mark.e2e, needs_chromium, pytest.mark.timeout(240)]

VIEW = "hui-sections-view"


async def _add_crib(home: Home) -> dict[str, str]:
    await home.run_flow("cradlewatch", {"user": {"name": "Mina", "source": "demo:"}, "ai": {"provider": "local"}})
    return await home.entities()


async def _turn_off_and_on(page: Page, home: Home, ids: dict[str, str]) -> None:
    """Privacy asks before it leaves a child unwatched."""

    async def connectivity(*states: str) -> bool:
        state = await home.state(entity(ids, "connectivity"))
        return state is not None and state["state"] in states

    await page.locator("hui-tile-card").filter(has_text="카메라 끄기").click()
    await page.get_by_role("button", name="확인").last.click()
    await eventually(lambda: connectivity("off", "unavailable", "unknown"), 15, "privacy")
    safety = await home.state(entity(ids, "safety"))
    assert safety is not None
    assert (safety["state"], safety["attributes"]["reason"]) == ("unknown", "privacy")
    await page.locator(VIEW).get_by_text("사생활 보호").first.wait_for()
    await page.locator("hui-tile-card").filter(has_text="카메라 켜기").click()
    await eventually(lambda: connectivity("on"), 20, "the picture again")


async def test_picture_state_and_reasons_in_the_reader_s_language(tmp_path: Path) -> None:
    async with running_home(tmp_path / "home", language="ko") as home:
        ids = await _add_crib(home)
        write_dashboard(home.config_dir, "Mina")
        async with browser_page(home, width=360, height=780, dark=True, language="ko") as page:
            await page.goto(home.url + "/crib-demo/0")
            await wait_for_video(page)
            for words in ("있었던 일", "얼마나 잘 살피고 있나", "의료기기가 아닙니다"):
                await page.locator(VIEW).get_by_text(words).first.wait_for()
            # Unknown is said with its reason, in words.
            for key, words in (("안전", "알 수 없음 · 설정된 AI 모델 없음"), ("감시 신뢰도", "AI가 사진을 보지 않음")):
                tile = page.locator("hui-tile-card").filter(has_text=key).filter(has_text=words)
                await tile.first.wait_for()
            await _turn_off_and_on(page, home, ids)


async def test_it_is_offered_where_dashboards_are_added(tmp_path: Path) -> None:
    async with running_home(tmp_path / "home") as home:
        await _add_crib(home)
        async with browser_page(home, width=1280, height=900) as page:
            await page.goto(home.url + "/config/lovelace/dashboards")
            await page.get_by_role("button", name="Add dashboard").click()
            card = page.locator("ha-dialog-new-dashboard dashboard-card").filter(has_text="Cradlewatch")
            await card.filter(has_text="each crib").wait_for()
