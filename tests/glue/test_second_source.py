"""The second source for detection in the forms, in diagnostics and in a running home."""

import json
import logging
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch import second_source_watch
from custom_components.cradlewatch.const import DOMAIN, SUBENTRY_CRIB
from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from custom_components.cradlewatch.second_source_watch import SecondSourceWatch
from custom_components.cradlewatch.sources import MASK
from tests.engine.loops import own_threads
from tests.glue.helpers import write_sound, write_video
from tests.glue.homes import LOCAL, add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.glue.test_repairs import answer, begin
from tests.servers.http_media import HttpMedia

AWAY = "rtsp://me:S3cr3tPass@127.0.0.1:1/sub?token=abcd1234"


@pytest.fixture
def light(media_folder: Path) -> Path:
    return write_video(media_folder / "light.mp4")


async def first_form(hass: HomeAssistant, **user_input: Any) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"name": "Mina", **user_input})


def home_of(hass: HomeAssistant, source: str, second: str) -> MockConfigEntry:
    home = MockConfigEntry(
        domain=DOMAIN,
        data=LOCAL,
        subentries_data=[
            crib_data("Mina", source, detection_source=second, transport="auto", verify_tls=True, rotation=0)
        ],
    )
    home.add_to_hass(hass)
    return home


async def change(hass: HomeAssistant, home: MockConfigEntry, user_input: dict[str, Any] | None) -> Any:
    (crib_id,) = home.subentries
    context: dict[str, Any] = {"source": SOURCE_RECONFIGURE, "subentry_id": crib_id}
    result = await hass.config_entries.subentries.async_init((home.entry_id, SUBENTRY_CRIB), context=context)
    if user_input is None:
        return result
    return await hass.config_entries.subentries.async_configure(result["flow_id"], user_input)


async def test_it_is_tried_before_the_form_goes_on(
    hass: HomeAssistant, video: Path, light: Path, media_folder: Path, setup_entry: AsyncMock
) -> None:
    sound = write_sound(media_folder / "sound.mp4")
    for second, error in (
        ("rtsp://127.0.0.1:1/live", "cannot_connect"),
        ("/etc/passwd", "path_not_allowed"),
        (str(sound), "no_video"),
        ("ftp://127.0.0.1/x", "unsupported_source"),
        ("/dev/" + "v" * 3000, "unsupported_source"),
        (str(video), "second_source_same"),
    ):
        result = await first_form(hass, source=str(video), detection_source=second)
        assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"detection_source": error}), second
    result = await first_form(hass, source=str(video), detection_source=f" {light} ")
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"provider": "local"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (crib,) = hass.config_entries.async_entries(DOMAIN)[0].subentries.values()
    assert crib.data["detection_source"] == str(light)
    await hass.async_block_till_done()


async def test_an_error_of_the_first_source_is_told_first(hass: HomeAssistant, light: Path) -> None:
    result = await first_form(hass, source="/etc/passwd", detection_source=str(light))
    assert result["errors"] == {"source": "path_not_allowed"}


async def test_its_password_is_shown_masked_and_kept_where_left_so(
    hass: HomeAssistant, video: Path, setup_entry: AsyncMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    home = home_of(hass, str(video), AWAY)
    result = await change(hass, home, None)
    shown = {
        str(marker): (marker.description or {}).get("suggested_value")
        for marker in result["data_schema"].schema
        if marker.description
    }
    assert shown["detection_source"] == f"rtsp://me:{MASK}@127.0.0.1:1/sub?token={MASK}"
    # Neither camera is asked where neither address was changed.
    renamed = {"name": "Mina Kim", "source": str(video), "detection_source": shown["detection_source"]}
    result = await change(hass, home, renamed)
    assert result["reason"] == "reconfigure_successful"
    (crib,) = home.subentries.values()
    assert crib.data["detection_source"] == AWAY
    assert "S3cr3tPass" not in caplog.text
    assert "abcd1234" not in caplog.text


async def test_another_address_is_tried_without_giving_the_password_away(
    hass: HomeAssistant, video: Path, setup_entry: AsyncMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    home = home_of(hass, str(video), AWAY)
    moved = f"rtsp://me:{MASK}@127.0.0.1:1/other?token={MASK}"
    result = await change(hass, home, {"name": "Mina", "source": str(video), "detection_source": moved})
    assert result["errors"] == {"detection_source": "cannot_connect"}
    assert "S3cr3tPass" not in caplog.text
    assert "abcd1234" not in caplog.text


async def test_left_empty_it_is_gone(hass: HomeAssistant, video: Path, setup_entry: AsyncMock) -> None:
    home = home_of(hass, str(video), AWAY)
    result = await change(hass, home, {"name": "Mina", "source": str(video)})
    assert result["reason"] == "reconfigure_successful"
    (crib,) = home.subentries.values()
    assert "detection_source" not in crib.data


async def test_a_running_home_uses_it_and_tells_when_it_cannot(
    hass: HomeAssistant, tmp_path: Path, video: Path, light: Path
) -> None:
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    entry = await add_home(hass, crib_data("Nursery", str(video), detection_source=str(light)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: _loop(monitor)["second_source_in_use"], "the second source")
    assert await monitor.async_picture(max_age_s=3.0) is not None
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["cribs"][0]["figures"]["loop"]["second_source"] == "live"
    assert str(light.parent) not in json.dumps(found, default=str)

    # Its file goes: the next turn of the loop over it fails, and the first stream is looked at.
    shutil.move(light, light.with_suffix(".gone"))
    await until(lambda: not _loop(monitor)["second_source_in_use"], "the fall-back", 20)
    await until(lambda: _told(hass, monitor) == "cannot_connect", "the reason", 10)
    assert crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on"
    assert crib_state(hass, monitor, "binary_sensor", "motion").state in ("on", "off")

    shutil.move(light.with_suffix(".gone"), light)
    await until(lambda: _loop(monitor)["second_source_in_use"], "the second source again", 30)
    await until(lambda: _told(hass, monitor) == "live", "that it is well", 10)
    await leave(hass, entry)
    assert own_threads("cradlewatch-nursery") == []


async def test_a_password_that_it_refuses_is_told_and_mended_in_the_repair(
    hass: HomeAssistant,
    tmp_path: Path,
    video: Path,
    light: Path,
    hass_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_source_watch, "_REFUSED_FOR_S", 1.0)
    monkeypatch.setattr(second_source_watch, "_AWAY_FOR_S", 1.0)
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    assert await async_setup_component(hass, "repairs", {})
    registry = ir.async_get(hass)
    with HttpMedia(light.parent) as server:
        spec = server.url(f"login/{light.name}", ("baby", "S3cr3tPass"))
        entry = await add_home(hass, crib_data("Nursery", str(video), detection_source=spec))
        client = await hass_client()
        monitor = crib_of(entry)
        refused, lost = (
            f"{key}_{monitor.config.crib_id}" for key in ("second_source_invalid_auth", "second_source_lost")
        )
        await live(hass, monitor)
        assert monitor._thread is not None
        loop = monitor._thread.loop
        issue = await until(lambda: registry.async_get_issue(DOMAIN, refused), "the repair")
        assert issue.translation_placeholders == {"name": "Nursery"}
        # Picture and detection go on, by the first stream, and say so.
        frames = loop.figures()
        await until(lambda: loop.figures().frames_total > frames.frames_total + 15, "the picture")
        await until(lambda: loop.figures().frames_detected > frames.frames_detected + 2, "the detection")
        assert crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on"
        assert crib_state(hass, monitor, "binary_sensor", "motion").state in ("on", "off")
        assert _told(hass, monitor) == "invalid_auth"

        flow = await begin(client, refused)
        (field,) = flow["data_schema"]
        assert field["description"]["suggested_value"] == spec.replace("S3cr3tPass", MASK)
        assert "S3cr3tPass" not in str(flow)
        for wrong, error in (
            (spec.replace("S3cr3tPass", MASK), "invalid_auth"),
            (server.url("404"), "cannot_connect"),
            (str(video), "second_source_same"),
        ):
            flow = await answer(client, flow, {"detection_source": wrong})
            assert flow["errors"] == {"detection_source": error}
        flow = await answer(client, flow, {"detection_source": str(light)})
        assert flow["type"] == "create_entry"
        assert registry.async_get_issue(DOMAIN, refused) is None
        await until(lambda: _told(hass, monitor) == "live", "the second source", 20)

        # An address from which nothing comes any more is told, too; left empty there is none to tell of.
        (crib,) = entry.subentries.values()
        gone = {**crib.data, "detection_source": server.url("404")}
        hass.config_entries.async_update_subentry(entry, crib, data=gone)
        await until(lambda: registry.async_get_issue(DOMAIN, lost), "the other repair", 20)
        assert crib_state(hass, monitor, "binary_sensor", "motion").state in ("on", "off")
        flow = await answer(client, await begin(client, lost), {})
        assert flow["type"] == "create_entry"
        (crib,) = entry.subentries.values()
        assert "detection_source" not in crib.data
        await until(lambda: _told(hass, monitor) is None, "that none is set", 20)
        assert not [key for key in registry.issues if "second_source" in key[1]]
        await leave(hass, entry)


async def test_a_second_source_that_is_away_for_minutes_only_is_no_repair(hass: HomeAssistant) -> None:
    watch, registry = SecondSourceWatch(hass, "crib"), ir.async_get(hass)
    for at_s, reason in (
        (0, "connecting"), (20, "live"), (100, "cannot_connect"), (200, "timeout"), (390, "no_picture"), (399, "live"),
        (500, "invalid_auth"), (503, "live"), (600, None),
    ):  # fmt: skip
        watch.told("Mina", reason, at_s)
        assert not registry.issues, at_s
    watch.told("Mina", "cannot_connect", 700)
    watch.told("Mina", "timeout", 1000)
    assert [key for _, key in registry.issues] == ["second_source_lost_crib"]
    watch.told("Mina", "invalid_auth", 1010)
    watch.told("Mina", "invalid_auth", 1020)
    assert [key for _, key in registry.issues] == ["second_source_invalid_auth_crib"]
    watch.told("Mina", "live", 1021)
    assert not registry.issues


def _told(hass: HomeAssistant, monitor: Any) -> object:
    return crib_state(hass, monitor, "sensor", "monitoring_confidence").attributes.get("second_source")


def _loop(monitor: Any) -> dict[str, Any]:
    details: dict[str, Any] = monitor.figures()["loop"]
    return details
