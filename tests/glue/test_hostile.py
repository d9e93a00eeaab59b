"""A hostile model against the whole home: states, attributes, bus events, responses, logbook and diagnostics."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest

from custom_components.cradlewatch import logbook
from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from custom_components.cradlewatch.incidents import EVENT_LINE
from tests.engine.hostile import FORBIDDEN, LIES, TEXTS, filled
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
STATE_MAX = 255
ATTRIBUTE_MAX = 600


pytestmark = pytest.mark.usefixtures("own_folder")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a structure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _texts(item)


def _assert_plain(value: Any, where: str) -> None:
    for text in _texts(value):
        assert not [mark for mark in FORBIDDEN if mark in text], (where, text)
        assert len(text) <= ATTRIBUTE_MAX, where


async def _check(hass: HomeAssistant) -> dict[str, Any]:
    answer = await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
    assert answer is not None
    result: dict[str, Any] = next(iter(answer["cribs"].values()))
    return result


def _describer(hass: HomeAssistant) -> Callable[[Event], dict[str, Any]]:
    found: list[Callable[[Event], dict[str, Any]]] = []
    logbook.async_describe_events(hass, lambda _domain, _name, describe: found.append(describe))
    return found[0]


async def test_nothing_hostile_gets_through(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Event] = []
    lines: list[Event] = []
    hass.bus.async_listen("cradlewatch_event", events.append)
    hass.bus.async_listen(EVENT_LINE, lines.append)
    gemini.answer_with("ok")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a first verdict")

    for name, text in TEXTS.items():
        gemini.answer_with(filled("Child. " + text[:100], danger=True))
        result = await _check(hass)
        await hass.async_block_till_done()
        assert result["verdict"]["safety"] == "danger", name
        _assert_plain(result, f"response to {name}")
        for state in hass.states.async_all():
            if state.entity_id.split(".")[0] in ("sensor", "event", "image", "binary_sensor", "switch", "button"):
                assert len(state.state) <= STATE_MAX
                _assert_plain(state.state, state.entity_id)
                _assert_plain({k: v for k, v in state.attributes.items() if k != "entity_picture"}, state.entity_id)

    assert events
    assert lines
    for event in events:
        _assert_plain(event.data, "bus event")
    describe = _describer(hass)
    for line in lines:
        _assert_plain(describe(line), "logbook")
    assert str(await async_get_config_entry_diagnostics(hass, entry)).count(KEY) == 0
    assert KEY not in caplog.text
    assert "Traceback" not in caplog.text.replace("libturbojpeg", "")
    await leave(hass, entry)


@pytest.mark.parametrize("name", LIES)
async def test_lies_are_unknown(hass: HomeAssistant, video: Path, gemini: GeminiServer, name: str) -> None:
    gemini.answer_with("danger")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "attention").state == "on", "the danger")
    gemini.answer_with(LIES[name])
    await _check(hass)
    state = crib_state(hass, monitor, "sensor", "safety")
    assert state.state == "unknown"
    assert state.attributes["reason"] == "unsure"
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == "on", "a lie clears no danger"
    await leave(hass, entry)
