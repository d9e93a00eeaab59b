"""A danger that the model sees reaches everything that a parent looks at, in one pass through a running home."""

from pathlib import Path
from typing import Any

import pytest

from scripts.homes.dashboard import entity, write_automation
from scripts.homes.home import Home
from scripts.homes.phone import PhoneStand
from tests.e2e.conftest import eventually, running_home
from tests.servers.gemini import GeminiServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

KEY = "test-key-0123456789"


async def _add(home: Home, phones: PhoneStand) -> dict[str, str]:
    steps: dict[str, dict[str, Any]] = {
        "user": {"name": "Nursery", "source": "demo:"},
        "ai": {"provider": "gemini"},
        "gemini": {"api_key": KEY},
    }
    await home.run_flow("cradlewatch", steps)
    ids = await home.entities()
    devices = [
        await phones.register(home, "Mum phone", apple=True),
        await phones.register(home, "Dad phone", apple=False),
    ]
    write_automation(home.config_dir, entity(ids, "event"), devices)
    await home.action("automation.reload")
    return ids


async def test_danger_in_one_pass(tmp_path: Path, phone_stand: PhoneStand) -> None:
    with GeminiServer() as gemini:
        gemini.answer_with("ok")
        async with running_home(tmp_path / "home", {"GOOGLE_GEMINI_BASE_URL": gemini.url}) as home:
            ids = await _add(home, phone_stand)

            async def state_is(key: str, value: str) -> bool:
                state = await home.state(entity(ids, key))
                return state is not None and state["state"] == value

            await eventually(lambda: state_is("safety", "safe"), 60, "a first verdict")
            assert await state_is("attention", "off")

            gemini.answer_with("danger")
            await home.action("button.press", {"entity_id": entity(ids, "check_now")})
            await eventually(lambda: state_is("safety", "danger"), 30, "the danger verdict")
            await eventually(lambda: state_is("attention", "on"), 5, "attention")

            event = await home.state(entity(ids, "event"))
            assert event is not None
            assert event["attributes"]["severity"] == "danger"
            assert event["attributes"]["status"] == "confirmed"
            assert event["attributes"]["provider"] == "gemini"

            async def both_told() -> bool:
                told = [push for push in phone_stand.pushes if push.data["cradlewatch"]["severity"] == "danger"]
                return {push.phone for push in told} == {"mum_phone", "dad_phone"}

            await eventually(both_told, 10, "the notification")

            async def one_line() -> bool:
                # The recorder writes once a second.
                lines = await _logbook(home, entity(ids, "event"))
                mine = [line["message"] for line in lines if line.get("domain") == "cradlewatch"]
                return len([message for message in mine if "danger" in message.lower()]) == 1

            await eventually(one_line, 10, "one line in the logbook")
            assert KEY not in home.log_path.read_text()


async def _logbook(home: Home, entity_id: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = await home.get(f"/api/logbook?entity={entity_id}")
    return lines
