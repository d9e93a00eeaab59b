"""A new user's first minutes in a browser: from nothing to the moving picture, in Korean, on a desk and on a phone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import re

from playwright.async_api import Locator, Page
import pytest

from scripts.homes.browser import browser_page, wait_for_video
from scripts.homes.dashboard import entity, write_dashboard
from scripts.homes.home import Home
from scripts.homes.phone import PhoneStand
from tests.e2e.conftest import eventually, needs_chromium, running_home

pytestmark = [pytest.mark.e2e, needs_chromium, pytest.mark.timeout(240)]

MOST_CLICKS = 12
FLOW = "dialog-data-entry-flow"
NEXT = f"{FLOW} ha-dialog-footer ha-button:visible"
# A text that its box cuts off, or that stands outside of the window. Input fields scroll by themselves.
CUT_OFF = """
() => {
  const cut = [];
  const check = (element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || ['STYLE', 'SCRIPT', 'INPUT'].includes(element.tagName)) return;
    const style = getComputedStyle(element);
    const hides = style.overflowX !== 'visible' && style.display !== 'inline';
    if (box.left < 0 || box.right > innerWidth + 1 || (hides && element.scrollWidth > element.clientWidth + 1))
      cut.push(element.textContent.trim().slice(0, 80));
  };
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      check(element);
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  const find = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.localName === 'dialog-data-entry-flow') walk(element.shadowRoot);
      else if (element.shadowRoot) find(element.shadowRoot);
    }
  };
  find(document);
  return cut;
}
"""


class Finger:
    """Counts what is clicked. Typing is no click."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    async def click(self, what: Locator) -> None:
        await what.click()
        self.clicks += 1


async def _reads_korean(page: Page, *words: str) -> None:
    """The shown page of the flow has these words, and nothing of it is cut off."""
    for word in words:
        await page.locator(FLOW).get_by_text(word).first.wait_for()
    assert await page.evaluate(CUT_OFF) == []


async def _add_integration(finger: Finger, home: Home, phone: str | None = None) -> None:
    """From the page that opens first to the end of the config flow; `phone` is one of several that is to ring."""
    page = finger.page
    await page.goto(home.url + "/config")
    await finger.click(page.locator('a[href="/config/integrations"]').last)
    await finger.click(page.locator("ha-config-integrations-dashboard ha-button[slot=fab]"))
    await page.locator("ha-integration-list-item").first.wait_for()
    # On a phone the field has no focus by itself: the keyboard would cover half of the page.
    await page.locator("dialog-add-integration input:visible").first.fill("cradlewatch")
    await finger.click(page.locator("ha-integration-list-item", has_text="Cradlewatch").first)
    await page.locator("step-flow-form").wait_for()
    await _reads_korean(page, "첫 아기 침대", "이름", "카메라 주소", "생년월일")
    fields = page.locator("step-flow-form input:visible")
    await fields.nth(0).fill("미나")
    await fields.nth(1).fill("demo:")
    await finger.click(page.locator(NEXT))
    # Trying the camera takes a moment.
    await page.locator(FLOW).get_by_text("누가 사진을 볼까요?").first.wait_for(timeout=30000)
    await _reads_korean(page, "집 안 감지만 사용")
    await finger.click(page.locator(NEXT))
    if phone is not None:
        await _reads_korean(page, "누구의 휴대폰에 알릴까요?", "의료 기기가 아니며", phone)
        await finger.click(page.locator("step-flow-form ha-selector").get_by_text(phone).first)
        await finger.click(page.locator(NEXT))
    await page.locator("step-flow-create-entry").wait_for()
    assert await page.evaluate(CUT_OFF) == []
    await finger.click(page.locator(NEXT))
    # The frontend goes to the crib's device where it is the first one made, else to the integration.
    await page.wait_for_url(re.compile("/config/(integrations/integration/cradlewatch|devices/device/)"))


async def _live(home: Home) -> dict[str, str]:
    ids = await home.entities()

    async def is_live() -> bool:
        state = await home.state(entity(ids, "connectivity"))
        return state is not None and state["state"] == "on"

    await eventually(is_live, what="the camera")
    return ids


@asynccontextmanager
async def korean_home(folder: Path) -> AsyncIterator[Home]:
    async with running_home(folder / "home", language="ko") as home:
        yield home


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 780)])
async def test_from_nothing_to_the_picture(tmp_path: Path, width: int, height: int) -> None:
    async with (
        korean_home(tmp_path) as home,
        browser_page(home, width=width, height=height, language="ko", dark=width < 600) as page,
    ):
        finger = Finger(page)
        await _add_integration(finger, home)
        print(f"\n{width}x{height}: {finger.clicks} clicks from the settings to the end of the set-up")
        ids = await _live(home)
        write_dashboard(home.config_dir, "미나")
        await page.goto(home.url + "/crib-demo/0")
        await wait_for_video(page)
        state = await home.state(entity(ids, "camera"))
        assert state is not None
        assert state["state"] == "streaming"
        assert finger.clicks <= 6


async def _press_test_alert(finger: Finger) -> None:
    """From where the set-up ended to the button on the crib's device page."""
    page = finger.page
    row = page.locator("hui-button-entity-row", has_text="테스트 알림")
    device = page.locator("ha-config-entry-device-row", has_text="미나")
    await row.or_(device).first.wait_for()
    if not await row.count():
        await finger.click(device.first)
    await finger.click(row.get_by_text("누르기").first)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 780)])
async def test_from_nothing_to_the_first_notification(
    tmp_path: Path, phone_stand: PhoneStand, width: int, height: int
) -> None:
    """All in the browser, nothing typed but the name, the camera and the search: no YAML, no automation."""
    async with (
        korean_home(tmp_path) as home,
        browser_page(home, width=width, height=height, language="ko") as page,
    ):
        await phone_stand.register(home, "Mum phone", apple=True)
        await phone_stand.register(home, "Guest phone", apple=False)
        page.set_default_timeout(20000)
        finger = Finger(page)
        await _add_integration(finger, home, "Mum phone")
        await _press_test_alert(finger)

        async def told() -> bool:
            return any(push.data["cradlewatch"]["kind"] == "test" for push in phone_stand.pushes)

        await eventually(told, what="the notification")
        print(f"\n{width}x{height}: {finger.clicks} clicks from a fresh home to the first notification")
        assert finger.clicks <= MOST_CLICKS
        assert {push.phone for push in phone_stand.pushes} == {"mum_phone"}
        assert [push.data["push"]["interruption-level"] for push in phone_stand.pushes] == ["time-sensitive"]


def _traces(home: Home, crib_id: str) -> dict[str, list[str]]:
    """What of ours the running Home Assistant has: threads by their name, files, open file descriptors."""
    assert home.process is not None
    process = Path("/proc") / str(home.process.pid)
    threads = [path.read_text().strip() for path in process.glob("task/*/comm")]
    files = [path for path in home.config_dir.rglob("*") if "cradlewatch" in str(path.relative_to(home.config_dir))]
    targets = []
    for descriptor in (process / "fd").iterdir():
        with suppress(OSError):
            targets.append(str(descriptor.readlink()))
    own = (home.config_dir / "custom_components", home.config_dir / "blueprints")
    return {
        "threads": sorted(name for name in threads if "cradle" in name),
        "files": sorted(str(path) for path in files if path.is_file() and not any(path.is_relative_to(o) for o in own)),
        "open": sorted(target for target in targets if "cradlewatch" in target and "custom_components" not in target),
        "sockets": sorted(
            line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if f"{crib_id[-10:]}-" in line
        ),
    }


async def test_removal_leaves_nothing(tmp_path: Path) -> None:
    """No row, file, socket or thread; no entity and no device."""
    async with korean_home(tmp_path) as home:
        steps: dict[str, dict[str, str]] = {
            "user": {"name": "미나", "source": "demo:"},
            "ai": {"provider": "local"},
        }
        entry = await home.run_flow("cradlewatch", steps)
        ids = await _live(home)
        await home.action("button.press", {"entity_id": entity(ids, "test_alert")})
        # Unique ids begin with the crib's; the relay's socket has its end in its name.
        crib_id = next(key.partition("_")[0] for key in ids if key.endswith("_camera"))
        before = _traces(home, crib_id)
        assert all(before.values()), before
        await home.remove_entry(entry["entry_id"])

        async def nothing_left() -> bool:
            return not any(found for kind, found in _traces(home, crib_id).items() if kind != "threads")

        await eventually(nothing_left, 15, "the end of files and sockets")
        assert await home.entities() == {}
        devices = await home.command("config/device_registry/list")
        assert not [device for device in devices if any(name == "cradlewatch" for name, _ in device["identifiers"])]
        assert _traces(home, crib_id)["threads"] == []
