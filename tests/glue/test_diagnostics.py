"""Diagnostics hold what helps and nothing secret."""

import json
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, leave, live
from tests.servers.gemini import GeminiServer

SECRETS = (KEY, "hunter2", "parent", "10.9.8.7", "2026-01-02", "Nursery", "tok3n")


pytestmark = pytest.mark.usefixtures("own_folder")


async def test_nothing_secret(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("danger")
    data = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
    entry = await add_home(
        hass,
        crib_data("Nursery", str(video), birthdate="2026-01-02"),
        crib_data("Attic", "rtsp://parent:hunter2@10.9.8.7/stream?token=tok3n"),
        data=data,
    )
    await live(hass, crib_of(entry))
    found = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(found, default=str)
    for secret in SECRETS:
        assert secret not in text, secret
    assert found["cribs"][0]["state"]["link"] == "live"
    assert found["cribs"][0]["figures"]["info"]["size_wh"] == (320, 180)
    assert found["cribs"][1]["source"]["source"] == "rtsp:**REDACTED**"
    await leave(hass, entry)
