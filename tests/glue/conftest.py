"""Home Assistant in process; real files and real local servers as the other side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from blockbuster import BlockBuster
from homeassistant.core import Event, HomeAssistant, callback
import pytest
import pytest_socket

from custom_components.cradlewatch.const import EVENT_BUS
from tests.glue.helpers import write_video
from tests.servers.gemini import GeminiServer


@pytest.fixture(autouse=True)
def loopback_sockets() -> Iterator[None]:
    """Real servers on loopback; nothing beyond."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def no_blocking_call_of_ours() -> Iterator[None]:
    """Whatever of the integration would hold Home Assistant's event loop up fails the test it happens in."""
    guard = BlockBuster("custom_components.cradlewatch")
    for function in guard.functions.values():
        # A running Home Assistant logs through a queue; here the lines, with their tracebacks, go to pytest at once.
        function.can_block_in("logging/__init__.py", {"handle", "callHandlers", "format"})
        # A job of the AI has an executor thread and a loop of its own, which nobody else waits for.
        function.can_block_in("engine/analysis/runner.py", {"run_job"})
    guard.activate()
    yield
    guard.deactivate()


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Home Assistant finds our integration."""


@pytest.fixture
def own_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    """A configuration folder, and with it a database and footage, of the test's own."""
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)


@pytest.fixture
def told(hass: HomeAssistant) -> list[dict[str, Any]]:
    """What the bus event said, in order."""
    found: list[dict[str, Any]] = []

    @callback
    def note(event: Event) -> None:
        found.append(dict(event.data))

    hass.bus.async_listen(EVENT_BUS, note)
    return found


@pytest.fixture
def setup_entry() -> Iterator[AsyncMock]:
    """The flow alone: what the entry does afterwards has tests of its own."""
    with patch("custom_components.cradlewatch.async_setup_entry", return_value=True, create=True) as mock:
        yield mock


@pytest.fixture
def media_folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder that Home Assistant allows."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.allowlist_external_dirs.add(str(folder))
    return folder


@pytest.fixture
def video(media_folder: Path) -> Path:
    """A file that can be a camera."""
    return write_video(media_folder / "nursery.mp4")


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    """A Gemini on loopback, found through the SDK's own environment variable."""
    with GeminiServer() as server:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
        yield server


@pytest.fixture
async def camera_entity(hass: HomeAssistant, video: Path) -> str:
    """Another integration's camera whose stream is a real file."""
    from homeassistant.components.camera import Camera
    from homeassistant.setup import async_setup_component
    from pytest_homeassistant_custom_component.common import MockEntityPlatform

    class OtherCamera(Camera):
        _attr_name = "Other"
        _attr_unique_id = "other"

        async def stream_source(self) -> str | None:
            return str(video)

    assert await async_setup_component(hass, "camera", {})
    platform = MockEntityPlatform(hass, domain="camera", platform_name="other")
    entity = OtherCamera()
    await platform.async_add_entities([entity])
    return entity.entity_id
