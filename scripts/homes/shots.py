"""The README's and the docs' pictures, taken from the running demo: so that they stay true."""

import asyncio
from pathlib import Path
import tempfile

from .browser import browser_page, screenshot, wait_for_video
from .dashboard import entity, write_dashboard
from .home import ROOT, Home, free_port
from .seed import SeedOptions

DASHBOARD = "/crib-demo/0"
FOLDER = ROOT / "docs" / "images"


async def _crying(home: Home, ids: dict[str, str], limit_s: float = 90) -> None:
    """Until the drawn child has cried: the page then shows what a parent would see."""
    for _ in range(round(limit_s)):
        state = await home.state(entity(ids, "crying"))
        if state and state["state"] == "on":
            await asyncio.sleep(3)
            return
        await asyncio.sleep(1)


async def _page(home: Home, name: str, *, width: int, height: int, dark: bool, path: str, language: str = "en") -> None:
    async with browser_page(home, width=width, height=height, dark=dark, language=language) as page:
        await page.goto(home.url + path)
        if path == DASHBOARD:
            await wait_for_video(page)
        await asyncio.sleep(3)
        await screenshot(page, FOLDER / f"{name}.png")
        print(f"screenshots: {name}.png")


async def take(folder: Path) -> None:
    """Start a home, wait for something to happen, take all pictures."""
    home = Home(folder / "home", SeedOptions(port=free_port()))
    await home.seed()
    await home.start()
    try:
        await home.run_flow("cradlewatch", {"user": {"name": "Mina", "source": "demo:"}, "ai": {"provider": "local"}})
        ids = await home.entities()
        write_dashboard(home.config_dir, "Mina")
        await _crying(home, ids)
        await _page(home, "dashboard", width=1400, height=820, dark=False, path=DASHBOARD)
        await _page(home, "phone", width=390, height=844, dark=True, path=DASHBOARD)
        await _page(home, "logbook", width=900, height=700, dark=False, path="/logbook")
    finally:
        await home.stop()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cradlewatch-shots-") as folder:
        asyncio.run(take(Path(folder)))


if __name__ == "__main__":
    main()
