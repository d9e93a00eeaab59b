"""The action that puts our blueprints into the user's folder."""

from pathlib import Path
from typing import Any

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.cradlewatch.const import DOMAIN

SOURCES = Path(__file__).resolve().parents[2] / "blueprints" / "automation" / "cradlewatch"
NAMES = sorted(f"cradlewatch/{path.name}" for path in SOURCES.glob("*.yaml"))


@pytest.fixture
async def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A home with automations and Cradlewatch, without any entry."""
    hass.config.config_dir = str(tmp_path)
    # Automations are read again after the writing, from here.
    await hass.async_add_executor_job((tmp_path / "configuration.yaml").touch)
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(hass, DOMAIN, {})
    return tmp_path / "blueprints" / "automation" / "cradlewatch"


async def install(hass: HomeAssistant, **data: object) -> dict[str, list[str]]:
    answer: Any = await hass.services.async_call(
        DOMAIN, "install_blueprints", data, blocking=True, return_response=True
    )
    assert answer is not None
    return dict(answer)


async def test_written_and_usable_at_once(hass: HomeAssistant, folder: Path) -> None:
    before = await async_get_blueprints(hass).async_get_blueprints()
    assert not set(NAMES) & set(before)
    assert await install(hass) == {"written": NAMES, "unchanged": [], "kept": []}
    for source in SOURCES.glob("*.yaml"):
        assert (folder / source.name).read_bytes() == source.read_bytes()
    found = await async_get_blueprints(hass).async_get_blueprints()
    assert set(NAMES) <= set(found)
    assert not [name for name in NAMES if isinstance(found[name], Exception)]
    assert await install(hass) == {"written": [], "unchanged": NAMES, "kept": []}


async def test_a_changed_one_stays_unless_replaced(hass: HomeAssistant, folder: Path) -> None:
    await install(hass)
    mine = folder / "notify_phone.yaml"
    mine.write_text(mine.read_text("utf-8").replace("tell my phone", "my own words"), "utf-8")
    assert (await install(hass))["kept"] == ["cradlewatch/notify_phone.yaml"]
    assert "my own words" in mine.read_text("utf-8")
    # Read by Home Assistant in the user's version, so that a stale copy would be noticed.
    read = await async_get_blueprints(hass).async_get_blueprint("cradlewatch/notify_phone.yaml")
    assert "my own words" in read.name
    assert (await install(hass, replace=True))["written"] == ["cradlewatch/notify_phone.yaml"]
    read = await async_get_blueprints(hass).async_get_blueprint("cradlewatch/notify_phone.yaml")
    assert "tell my phone" in read.name


async def test_only_for_administrators(hass: HomeAssistant, folder: Path) -> None:
    user = MockUser(is_owner=False).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "install_blueprints", {}, blocking=True, context=Context(user_id=user.id)
        )
    assert not await hass.async_add_executor_job(folder.exists)


async def test_a_folder_that_cannot_be_written(hass: HomeAssistant, folder: Path) -> None:
    def block() -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("a file where a folder should be")

    await hass.async_add_executor_job(block)
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass)
    assert caught.value.translation_key == "blueprints_not_written"
