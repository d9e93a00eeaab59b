"""A camera that gives stills only: pictures by a real JPEG encoder, through Home Assistant's own camera entity."""

import asyncio
import io
from itertools import count

from homeassistant.components.camera import Camera
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import numpy as np
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockEntityPlatform

from custom_components.cradlewatch.const import SUBENTRY_CRIB
from custom_components.cradlewatch.engine.models import Link
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until


class StillCamera(Camera):
    """No stream. Counts how often it is asked."""

    _attr_name = "Still"
    _attr_unique_id = "still"

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self._numbers = count()
        self.asked = 0
        self.at_once = self.most_at_once = 0

    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        self.asked += 1
        if self.broken:
            raise RuntimeError("rtsp://me:secret@camera is gone")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.hass.async_add_executor_job(still, next(self._numbers))
        finally:
            self.at_once -= 1


def still(number: int) -> bytes:
    """A room with sensor noise, 321 x 181: odd sides."""
    noise = np.random.default_rng(number).normal(90, 4, (181, 321, 3)).clip(0, 255).astype(np.uint8)
    noise[40:120, 60:200] //= 2
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
async def still_camera(hass: HomeAssistant) -> StillCamera:
    assert await async_setup_component(hass, "camera", {})
    entity = StillCamera()
    await MockEntityPlatform(hass, domain="camera", platform_name="other").async_add_entities([entity])
    return entity


async def test_stills_become_a_watched_stream(
    hass: HomeAssistant, still_camera: StillCamera, caplog: pytest.LogCaptureFixture
) -> None:
    crib = crib_data("Nursery", "")
    crib["data"] = {"name": "Nursery", "camera": still_camera.entity_id}
    assert crib["subentry_type"] == SUBENTRY_CRIB
    entry = await add_home(hass, crib)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "motion").state == "off", "a reading")
    assert monitor._info is not None
    assert monitor._info.size_wh == (320, 180)
    assert crib_state(hass, monitor, "binary_sensor", "sound").state == "unavailable"
    picture = await monitor.async_picture(max_age_s=5)
    assert picture is not None
    shown = np.asarray(Image.open(io.BytesIO(picture.jpeg)).convert("L"))
    assert shown[60:110, 80:180].mean() < 0.7 * shown[140:, 220:].mean(), "another picture is shown"
    assert still_camera.most_at_once == 1

    await monitor.async_set_privacy(on=True)
    await until(lambda: not monitor.threads._stills.feed.wanted, "privacy", 5)
    asked = still_camera.asked
    await until_idle(still_camera)
    assert still_camera.asked <= asked + 1, "the camera was asked in privacy"
    await monitor.async_set_privacy(on=False)
    await live(hass, monitor)

    still_camera.broken = True
    await until(lambda: monitor.keeper.state.link is Link.LOST, "the loss", 20)
    assert crib_state(hass, monitor, "binary_sensor", "motion").state == "unavailable"
    still_camera.broken = False
    await live(hass, monitor, 40)
    assert "secret" not in caplog.text.replace("CRITICAL", "")
    await leave(hass, entry)
    asked = still_camera.asked
    await until_idle(still_camera)
    assert still_camera.asked == asked, "the camera is asked after the end"


async def until_idle(camera: StillCamera) -> None:
    """Time in which a running task would have asked twice."""
    await asyncio.sleep(1.3)
    assert camera.at_once == 0


async def test_a_still_camera_is_accepted_by_the_form(hass: HomeAssistant, still_camera: StillCamera) -> None:
    from custom_components.cradlewatch.crib_form import async_check_source

    data = {"name": "Nursery", "camera": still_camera.entity_id}
    assert await async_check_source(hass, data) is None
    still_camera.broken = True
    assert await async_check_source(hass, data) == "cannot_connect"
    assert await async_check_source(hass, {"name": "Nursery", "source": "pictures:"}) == "unsupported_source"
