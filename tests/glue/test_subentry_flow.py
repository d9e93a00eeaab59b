"""Further cribs: added, changed, their passwords kept out of sight, the others untouched."""

from pathlib import Path
import socket
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import DOMAIN, SUBENTRY_CRIB
from custom_components.cradlewatch.sources import MASK, mask_source, unmask_source, with_escaped_password
from tests.glue.helpers import write_video

pytestmark = pytest.mark.usefixtures("setup_entry")
ZONES = [{"name": "rail", "kind": "danger", "points": [[0, 0], [1, 0], [1, 1]], "stages": []}]


def crib(name: str, source: str, **more: Any) -> ConfigSubentryData:
    data = {"name": name, "source": source, "transport": "auto", "verify_tls": True, "rotation": 0, **more}
    return ConfigSubentryData(data=data, subentry_type=SUBENTRY_CRIB, title=name, unique_id=None)


@pytest.fixture
def entry(hass: HomeAssistant, video: Path) -> MockConfigEntry:
    home = MockConfigEntry(
        domain=DOMAIN,
        data={"provider": "local"},
        subentries_data=[
            crib("Mina", str(video), zones=ZONES),
            crib("Juno", "rtsp://me:S3cr3tPass@127.0.0.1:1/live?token=abcd1234&channel=2"),
        ],
    )
    home.add_to_hass(hass)
    return home


def crib_id(entry: MockConfigEntry, title: str) -> str:
    return next(sub.subentry_id for sub in entry.subentries.values() if sub.title == title)


async def begin(hass: HomeAssistant, entry: MockConfigEntry, title: str | None = None) -> Any:
    context: dict[str, Any] = {"source": SOURCE_USER}
    if title is not None:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": crib_id(entry, title)}
    result = await hass.config_entries.subentries.async_init((entry.entry_id, SUBENTRY_CRIB), context=context)
    assert result["type"] is FlowResultType.FORM
    return result


async def answer(hass: HomeAssistant, result: Any, user_input: dict[str, Any]) -> Any:
    return await hass.config_entries.subentries.async_configure(result["flow_id"], user_input)


def suggested(result: Any) -> dict[str, Any]:
    return {
        str(marker): (marker.description or {}).get("suggested_value")
        for marker in result["data_schema"].schema
        if marker.description
    }


async def test_add(hass: HomeAssistant, entry: MockConfigEntry, media_folder: Path) -> None:
    before = {sub.subentry_id: sub for sub in entry.subentries.values()}
    film = write_video(media_folder / "third.mp4")
    result = await answer(hass, await begin(hass, entry), {"name": "Leo", "source": str(film)})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Leo")
    assert len(entry.subentries) == 3
    assert all(entry.subentries[key] == sub for key, sub in before.items())


async def test_add_with_an_error_first(hass: HomeAssistant, entry: MockConfigEntry, video: Path) -> None:
    result = await answer(hass, await begin(hass, entry), {"name": "mina", "source": str(video)})
    assert result["errors"] == {"name": "name_taken"}
    assert suggested(result)["source"] == str(video), "what was typed is still there"
    result = await answer(hass, result, {"name": "Leo", "source": "/etc/passwd"})
    assert result["errors"] == {"source": "path_not_allowed"}
    result = await answer(hass, result, {"name": "Leo", "source": str(video)})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_change_one_crib_only(hass: HomeAssistant, entry: MockConfigEntry, media_folder: Path) -> None:
    other = entry.subentries[crib_id(entry, "Juno")]
    film = write_video(media_folder / "new.mp4")
    result = await begin(hass, entry, "Mina")
    result = await answer(hass, result, {"name": "Mina Kim", "source": str(film), "advanced": {"rotation": "90"}})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    changed = entry.subentries[crib_id(entry, "Mina Kim")]
    assert (changed.data["source"], changed.data["name"], changed.data["rotation"]) == (str(film), "Mina Kim", 90)
    assert list(changed.data["zones"]) == ZONES, "zones stay"
    assert entry.subentries[other.subentry_id] == other


async def test_a_name_can_be_changed_while_the_camera_is_away(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    stored = entry.subentries[crib_id(entry, "Juno")].data["source"]
    result = await begin(hass, entry, "Juno")
    shown = suggested(result)["source"]
    assert "S3cr3tPass" not in shown
    assert "abcd1234" not in shown
    assert shown == f"rtsp://me:{MASK}@127.0.0.1:1/live?token={MASK}&channel=2"
    result = await answer(hass, result, {"name": "June", "source": shown, "birthdate": "2025-12-01"})
    assert result["reason"] == "reconfigure_successful"
    data = entry.subentries[crib_id(entry, "June")].data
    assert (data["source"], data["birthdate"]) == (stored, "2025-12-01")


async def test_another_address_is_tried_with_the_stored_password(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    result = await begin(hass, entry, "Juno")
    result = await answer(hass, result, {"name": "Juno", "source": f"rtsp://me:{MASK}@127.0.0.1:{port}/live"})
    assert (result["step_id"], result["errors"]) == ("reconfigure", {"source": "cannot_connect"})
    assert suggested(result)["source"].startswith(f"rtsp://me:{MASK}@")
    assert "S3cr3tPass" not in caplog.text


@pytest.mark.parametrize(
    "spec",
    [
        "rtsp://me:pw@cam/1",
        "rtsps://me:p%40w@cam:322/1?profile=a&password=hush",
        "http://cam/video?user=me&pwd=hush#x",
        "rtsp://cam/1",
        "/dev/video0",
        "demo:?speed=4",
        "/media/nursery.mp4",
        "rtsp://me:@cam/1",
    ],
)
def test_a_mask_left_alone_keeps_the_address(spec: str) -> None:
    shown = mask_source(spec)
    assert "hush" not in shown
    assert ":pw@" not in shown
    assert unmask_source(shown, spec) == spec


def test_a_mask_is_replaced_part_by_part() -> None:
    stored = "rtsp://me:old@cam/1?token=t0ken"
    assert unmask_source(f"rtsp://me:new@cam/1?token={MASK}", stored) == "rtsp://me:new@cam/1?token=t0ken"
    assert unmask_source(f"rtsp://you:{MASK}@other/2", stored) == "rtsp://you:old@other/2"
    assert unmask_source("/dev/video0", stored) == "/dev/video0"
    assert unmask_source(f"not an address {MASK}", stored) == f"not an address {MASK}"
    assert mask_source("rtsp://[broken") == "rtsp://[broken"


@pytest.mark.parametrize(
    ("pasted", "usable"),
    [
        ("rtsp://me:a#b@cam:554/1", "rtsp://me:a%23b@cam:554/1"),
        ("rtsp://me:a/b?c@cam/1", "rtsp://me:a%2Fb%3Fc@cam/1"),
        ("rtsp://me:plain@cam/1", "rtsp://me:plain@cam/1"),
        ("http://cam:8080/x?mail=a@b", "http://cam:8080/x?mail=a@b"),
        ("/media/a@b.mp4", "/media/a@b.mp4"),
    ],
)
def test_raw_signs_in_passwords(pasted: str, usable: str) -> None:
    assert with_escaped_password(pasted) == usable
