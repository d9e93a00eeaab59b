"""The empty crib is learned by itself: a real camera thread, a real wire to the model, long stillness."""

from fractions import Fraction
from pathlib import Path
import time

import av
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np
import pytest

from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.monitor import CribMonitor
from tests.corpus import rooms
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.glue.warp import Warp
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
CRIB = {"name": "Crib", "kind": "crib", "points": [[0.2, 0.4], [0.8, 0.4], [0.8, 0.95], [0.2, 0.95]], "stages": []}
STEP_S = 4.0


pytestmark = pytest.mark.usefixtures("own_folder")


def write_still_room(path: Path) -> None:
    """A nursery in which nothing moves, with a sensor's noise, 20 s."""
    rng = np.random.default_rng(2)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(5), options={"crf": "18", "g": "5", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = rooms.WIDTH_PX, rooms.HEIGHT_PX, "yuv420p"
        for _, gray in rooms.film(rng, rooms.room(rng), [], rooms.Camera(rng), 20):
            rgb = np.repeat(gray[:, :, None], 3, axis=2)
            for packet in stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)


def senses_of(monitor: CribMonitor) -> NurserySenses:
    senses = monitor.threads._senses
    assert isinstance(senses, NurserySenses)
    return senses


async def passes(warp: Warp, monitor: CribMonitor, seconds: float) -> None:
    """So much time, in steps; after each the camera's frames have come through."""
    for _ in range(int(seconds / STEP_S)):
        warp.put_forward(STEP_S)
        after_s = time.monotonic() - 1.0

        def fresh(limit_s: float = after_s) -> bool:
            return senses_of(monitor)._last_s >= limit_s

        await until(fresh, "a frame that was looked at")


async def test_an_empty_crib_is_learned_from_stillness_and_the_models_word(
    hass: HomeAssistant, media_folder: Path, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media_folder / "still.mp4"
    await hass.async_add_executor_job(write_still_room, path)
    gemini.answer_with("nobody")
    warp = Warp(monkeypatch, dt_util.utcnow())
    entry = await add_home(hass, crib_data("Nursery", str(path), zones=[CRIB]), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert crib_state(hass, monitor, "binary_sensor", "occupancy").state == "unknown", "stillness says nothing"
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "occupancy").state == "off", "the model's word")
    assert not senses_of(monitor).knows_empty, "learned before it was long still"
    await passes(warp, monitor, 80)
    assert senses_of(monitor).knows_empty
    assert crib_state(hass, monitor, "binary_sensor", "occupancy").state == "off"
    assert crib_state(hass, monitor, "binary_sensor", "motion").state == "off"

    # The model sees a child after all, where nothing has moved: it was wrong before, and so was the lesson.
    gemini.answer_with("ok")
    await hass.services.async_call("cradlewatch", "check", blocking=True, return_response=True)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "occupancy").state == "on", "the child")
    assert not senses_of(monitor).knows_empty
    await leave(hass, entry)


async def test_stillness_without_a_model_teaches_nothing(
    hass: HomeAssistant, media_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media_folder / "still.mp4"
    await hass.async_add_executor_job(write_still_room, path)
    warp = Warp(monkeypatch, dt_util.utcnow())
    entry = await add_home(hass, crib_data("Nursery", str(path), zones=[CRIB]))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await passes(warp, monitor, 80)
    assert not senses_of(monitor).knows_empty
    assert crib_state(hass, monitor, "binary_sensor", "occupancy").state == "unknown"
    await leave(hass, entry)
