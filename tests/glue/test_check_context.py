"""Cropping to the crib: before a picture leaves, only where the parent wants it and a zone says where the crib is."""

from io import BytesIO
from pathlib import Path

from homeassistant.core import HomeAssistant
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.glue.homes import crib_data, crib_of, leave, live, until
from tests.glue.test_ai_home import GEMINI
from tests.servers.gemini import GeminiServer

ZONE = {"name": "Crib", "kind": "crib", "points": [[0.3, 0.4], [0.7, 0.4], [0.7, 0.8], [0.3, 0.8]], "stages": []}


@pytest.mark.parametrize(
    ("crop", "zones", "size"),
    [(True, [ZONE], (192, 108)), (True, [], (320, 180)), (False, [ZONE], (320, 180))],
)
async def test_only_the_crib_is_sent(
    hass: HomeAssistant,
    video: Path,
    tmp_path: Path,
    gemini: GeminiServer,
    crop: bool,
    zones: list[object],
    size: tuple[int, int],
) -> None:
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    gemini.answer_with("ok")
    entry = MockConfigEntry(
        domain="cradlewatch",
        title="Cradlewatch",
        data=GEMINI,
        options={"crop_to_crib": crop},
        subentries_data=[crib_data("Nursery", str(video), zones=zones)],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await live(hass, crib_of(entry))
    request = await until(lambda: gemini.checks and gemini.checks[0], "a check")
    with Image.open(BytesIO(request.images[-1])) as image:
        assert image.size == size
    await leave(hass, entry)
