"""Debian's Chromium on the dashboard, as a person would look at it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil

from playwright.async_api import Page, async_playwright

from .home import Home

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip

# The <video> of a stock picture card sits in nested shadow roots.
_FIND_VIDEOS = """
() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.tagName === 'VIDEO') found.push(element);
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return found;
}
"""
VIDEO_STATE = f"""
() => {{
  const videos = ({_FIND_VIDEOS})();
  const video = videos.find((v) => v.readyState > 0) || videos[0];
  if (!video) return null;
  const quality = video.getVideoPlaybackQuality();
  return {{
    frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, time: video.currentTime,
    paused: video.paused, width: video.videoWidth, height: video.videoHeight, ready: video.readyState,
  }};
}}
"""


@asynccontextmanager
async def browser_page(
    home: Home, *, width: int = 1280, height: int = 900, dark: bool = False, language: str = "en"
) -> AsyncIterator[Page]:
    """A page that is logged in as the home's owner."""
    assert CHROMIUM is not None, "no chromium on this machine"
    tokens = {
        "access_token": home.token, "token_type": "Bearer", "expires_in": 315360000, "hassUrl": home.url,
        "clientId": home.url + "/", "expires": 4102444800000, "refresh_token": "",
    }  # fmt: skip
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=language,
            is_mobile=width < 600, device_scale_factor=2 if width < 600 else 1,
        )  # fmt: skip
        script = f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))});"
        script += f"localStorage.setItem('selectedLanguage', {json.dumps(json.dumps(language))});"
        await context.add_init_script(script)
        page = await context.new_page()
        try:
            yield page
        finally:
            await browser.close()


async def wait_for_video(page: Page, timeout_s: float = 40) -> dict[str, float]:
    """Until the picture moves; returns the video's state."""
    await page.wait_for_function(
        f"() => {{ const s = ({VIDEO_STATE})(); return s && s.frames > 5 && s.time > 0; }}", timeout=timeout_s * 1000
    )
    return await video_state(page)


async def video_state(page: Page) -> dict[str, float]:
    """Frames shown and dropped so far, playback time, size."""
    state: dict[str, float] = await page.evaluate(VIDEO_STATE)
    return state


async def screenshot(page: Page, path: Path, *, full_page: bool = False) -> None:
    """As PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=path, full_page=full_page)
