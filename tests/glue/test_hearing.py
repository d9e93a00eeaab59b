"""What listens: a camera without sound says so, one with sound tells its level."""

from dataclasses import replace
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.media import Clip, clip

pytestmark = pytest.mark.usefixtures("own_folder")


async def test_a_camera_without_sound_is_not_quiet(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "motion").state in ("on", "off"), "a reading")
    for key in ("sound", "crying"):
        state = crib_state(hass, monitor, "binary_sensor", key)
        assert state.state == "unavailable", key
        assert state.attributes["unavailable_reason"] == "no_sound_in_stream"
    assert "unavailable_reason" not in crib_state(hass, monitor, "binary_sensor", "motion").attributes
    await leave(hass, entry)


async def test_a_camera_with_sound_is_heard(hass: HomeAssistant, media_folder: Path) -> None:
    spec = Clip(seconds=4, audio="aac", size_wh=(320, 180))
    path = await hass.async_add_executor_job(clip, media_folder, ".mp4", spec)
    entry = await add_home(hass, crib_data("Nursery", str(path)))
    monitor = crib_of(entry)
    registry = er.async_get(hass)
    level = entity_id(hass, monitor.config.crib_id, "sensor", "sound_level")
    row = registry.async_get(level)
    assert row is not None
    assert row.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(level, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    monitor = crib_of(entry)
    await live(hass, monitor)
    shown = await until(
        lambda: (state := hass.states.get(level)) and state.state not in ("unknown", "unavailable") and state, "a level"
    )
    assert -100 < float(shown.state) < 0
    assert shown.attributes["unit_of_measurement"] == "dBFS"
    assert shown.attributes["state_class"] == "measurement"
    for key in ("sound", "crying"):
        state = crib_state(hass, monitor, "binary_sensor", key)
        assert state.state in ("on", "off"), key
        assert "unavailable_reason" not in state.attributes

    # A tone of -8.7 dBFS before it was coded, with the loop's seams in it.
    assert float(shown.state) == pytest.approx(-11.7, abs=4)
    thread = monitor.threads.thread
    await monitor.async_change(replace(monitor.config, sound_offset_db=94.0))
    shown = hass.states.get(level)
    assert shown is not None
    assert shown.attributes["unit_of_measurement"] == "dB"
    assert shown.attributes["device_class"] == "sound_pressure"
    measured = monitor.keeper.state.sound_level_db
    assert measured is not None
    assert float(shown.state) == measured + 94, "the calibration is added"
    assert monitor.threads.thread is thread, "the camera was opened anew for a calibration"
    await leave(hass, entry)


async def test_sound_that_stops_in_mid_stream_is_not_quiet_and_comes_back(
    hass: HomeAssistant, media_folder: Path
) -> None:
    """The picture goes on: only what listens becomes unavailable, with the reason, until the sound is there again."""
    spec = Clip(seconds=16, audio="aac", audio_seconds=3, size_wh=(320, 180))
    path = await hass.async_add_executor_job(clip, media_folder, ".mp4", spec)
    entry = await add_home(hass, crib_data("Nursery", str(path)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "crying").state == "off", "something heard")
    for key in ("sound", "crying"):
        state = await until(
            lambda key=key: (state := crib_state(hass, monitor, "binary_sensor", key)).state == "unavailable" and state,
            "the loss of the sound",
        )
        assert state.attributes["unavailable_reason"] == "sound_stopped"
    assert crib_state(hass, monitor, "binary_sensor", "motion").state in ("on", "off")
    assert crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on"
    # The file begins again, with its sound.
    for key in ("sound", "crying"):
        state = await until(
            lambda key=key: (state := crib_state(hass, monitor, "binary_sensor", key)).state in ("on", "off") and state,
            "the sound again",
        )
        assert "unavailable_reason" not in state.attributes
    await leave(hass, entry)
