"""End-to-end: a real Home Assistant in a process of its own, a local Gemini, phones, and Chromium."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from scripts.homes.browser import CHROMIUM
from scripts.homes.home import Home, free_port
from scripts.homes.seed import SeedOptions

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (Debian: apt install chromium)"
)


@pytest.fixture(autouse=True)
def verify_cleanup() -> Iterator[None]:
    """The Home Assistant plugin's own check is about its in-process instance: here it runs in another process."""
    pytest_socket.enable_socket()
    return


@asynccontextmanager
async def running_home(folder: Path, env: dict[str, str] | None = None, **options: Any) -> AsyncIterator[Home]:
    """A seeded, started home; stopped whatever happens. Its log is shown where the test fails."""
    home = Home(folder, SeedOptions(port=free_port(), **options))
    await home.seed()
    await home.start(env)
    try:
        yield home
    finally:
        await home.stop()


@pytest.fixture
async def phone_stand() -> AsyncIterator[Any]:
    """Where pushes arrive."""
    from scripts.homes.phone import PhoneStand

    async with PhoneStand() as stand:
        yield stand


async def eventually(check: Any, limit_s: float = 20, what: str = "it") -> Any:
    """Wait until the awaited `check()` is truthy; returns that value."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while True:
        if value := await check():
            return value
        assert asyncio.get_running_loop().time() < deadline, f"{what} did not happen within {limit_s} s"
        await asyncio.sleep(0.1)
