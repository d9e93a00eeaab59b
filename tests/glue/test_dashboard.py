"""The script of the dashboard: served to everybody, loaded by the frontend, complete in both languages."""

from http import HTTPStatus
from pathlib import Path
import re

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import cradlewatch
from custom_components.cradlewatch.const import CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS, VERSION
from tests.glue.homes import add_home, leave

SCRIPT = Path(cradlewatch.__file__).parent / "frontend" / "cradlewatch-dashboard.js"
ADDRESS = f"/cradlewatch_static/cradlewatch-dashboard.js?v={VERSION}"


pytestmark = pytest.mark.usefixtures("own_folder")


async def test_the_frontend_loads_it(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> None:
    assert await async_setup_component(hass, "frontend", {})
    entry = await add_home(hass)
    assert ADDRESS in hass.data[DATA_EXTRA_MODULE_URL].urls
    answer = await (await hass_client_no_auth()).get(ADDRESS)
    assert answer.status == HTTPStatus.OK
    assert await answer.text() == SCRIPT.read_text("utf-8")
    await leave(hass, entry)


async def test_without_a_frontend_the_rest_works(hass: HomeAssistant) -> None:
    entry = await add_home(hass)
    await leave(hass, entry)


def test_it_names_entities_that_there_are() -> None:
    listed = [pair for keys in (CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS) for pair in keys.items()]
    there = {f"{platform}.{key}" for platform, names in listed for key in names}
    there.add("button.attention_seen")
    named = set(
        re.findall(r'"((?:sensor|binary_sensor|button|camera|event|image|switch)\.\w+)"', SCRIPT.read_text("utf-8"))
    )
    assert len(named) > 15
    assert named <= there


def test_both_languages_say_all() -> None:
    source = SCRIPT.read_text("utf-8")
    words = {}
    for language in ("en", "ko"):
        block = source.partition(f"  {language}: {{")[2].partition("\n  },")[0]
        words[language] = re.findall(r"^    (\w+): \"", block, re.MULTILINE)
    assert words["en"] == words["ko"]
    assert len(words["en"]) == len(re.findall(r"texts\.(\w+)", source)) + 1, "and all of them are used"
