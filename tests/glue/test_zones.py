"""Zones in the crib's flow: set on the picture, checked, kept, and used by the running crib."""

from http import HTTPStatus
import io
from pathlib import Path

from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cradlewatch.crib_form import form_values
from custom_components.cradlewatch.zone_form import zone_from
from tests.glue.homes import add_home, crib_data, crib_of, leave, live

pytestmark = pytest.mark.usefixtures("own_folder")


RECTANGLE = {"zone_name": "Stove", "kind": "danger", "left": 10, "top": 20, "right": 30, "bottom": 60}


def test_rectangle_and_corners() -> None:
    zone, errors = zone_from({**RECTANGLE, "stages": ["6-8", "9-11"]}, [])
    assert errors == {}
    assert zone["points"] == [[0.1, 0.2], [0.3, 0.2], [0.3, 0.6], [0.1, 0.6]]
    assert zone["stages"] == [2, 3]
    zone, errors = zone_from({**RECTANGLE, "points": "10,20 50,20; 30,80"}, [])
    assert errors == {}
    assert zone["points"] == [[0.1, 0.2], [0.5, 0.2], [0.3, 0.8]]


@pytest.mark.parametrize(
    ("change", "field", "error"),
    [
        ({"zone_name": " "}, "zone_name", "invalid_name"),
        ({"zone_name": "STOVE 2"}, "zone_name", "name_taken"),
        ({"left": 40}, "right", "invalid_zone"),
        ({"points": "10,20 50,20"}, "points", "invalid_zone"),
        ({"points": "10,20 50,20 200,5"}, "points", "invalid_zone"),
        ({"points": "a,b c,d e,f"}, "points", "invalid_zone"),
        ({"points": "10,10 20,20 30,30"}, "points", "invalid_zone"),
        ({"points": "1 2 3"}, "points", "invalid_zone"),
        ({"points": "nan,1 2,2 3,9"}, "points", "invalid_zone"),
    ],
)
def test_nonsense_is_told_under_its_field(change: dict[str, object], field: str, error: str) -> None:
    _, errors = zone_from({**RECTANGLE, **change}, [{"name": "Stove 2"}])
    assert errors == {field: error}


async def test_zone_by_the_flow_reaches_the_running_crib(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, video: Path
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    subentry = next(iter(entry.subentries.values()))
    await live(hass, crib_of(entry))

    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "crib"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    )
    filled = {**form_values(subentry.data), "edit_zones": True}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], filled)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["zone_add"]
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"next_step_id": "zone_add"})

    client = await hass_client()
    answer = await client.get(result["description_placeholders"]["picture_url"])
    assert answer.status == HTTPStatus.OK
    with Image.open(io.BytesIO(await answer.read())) as picture:
        assert max(picture.size) <= 800

    result = await hass.config_entries.subentries.async_configure(result["flow_id"], RECTANGLE)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    assert [zone.name for zone in crib_of(entry).config.zones] == ["Stove"]
    kept = entry.subentries[subentry.subentry_id]
    assert kept.data["zones"][0]["kind"] == "danger"

    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "crib"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    )
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], filled)
    assert result["menu_options"] == ["zone_add", "zone_remove"]
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"next_step_id": "zone_remove"})
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {"zones_gone": ["Stove"]})
    await hass.async_block_till_done()
    assert entry.subentries[subentry.subentry_id].data["zones"] == []
    await leave(hass, entry)


async def test_picture_needs_a_log_in(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, video: Path
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    client = await hass_client_no_auth()
    answer = await client.get(f"/api/cradlewatch/zones/{next(iter(entry.subentries))}")
    assert answer.status == HTTPStatus.UNAUTHORIZED
    await leave(hass, entry)
