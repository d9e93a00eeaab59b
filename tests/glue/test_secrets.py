"""Keys, passwords and addresses that hold one: in no log line, state, event, issue, answer or diagnostics."""

import json
import logging
from pathlib import Path
import traceback

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.cradlewatch import checks
from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from custom_components.cradlewatch.engine.settings import CheckSettings
from tests.engine.test_gemini_outcomes import FAILURES
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, leave, live, until
from tests.servers.gemini import GeminiServer
from tests.servers.gemini_answers import ERRORS, error_body
from tests.servers.openai import OpenAiServer

OTHER_KEY = "sk-another-secret-0123456789"
USER, PASSWORD, TOKEN = "lady-of-the-house", "pa55-w0rd-of-the-server", "t0ken-in-the-query"
SECRETS = (KEY, OTHER_KEY, PASSWORD, TOKEN)
SLOW = {"hang", "drip", "slow:9"}
OTHERS = ("invalid_key", "429", "503", "reset", "200_html", "404_model", "not_json")


@pytest.fixture(autouse=True)
def own_folder(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    monkeypatch.setattr(checks, "CheckSettings", lambda: CheckSettings(timeout_s=2.0))


def _told(records: list[logging.LogRecord]) -> str:
    """All that the records say, tracebacks and arguments included."""
    lines = []
    for record in records:
        lines.append(f"{record.name}: {record.getMessage()} {record.args!r}")
        if record.exc_info and record.exc_info[1] is not None:
            lines.append("".join(traceback.format_exception(record.exc_info[1])))
    return "\n".join(lines)


def _assert_clean(text: str, where: str) -> None:
    for secret in SECRETS:
        at = text.find(secret)
        assert at < 0, (where, text[max(0, at - 200) : at])


async def test_no_fault_tells_a_secret(
    hass: HomeAssistant,
    video: Path,
    gemini: GeminiServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    hass.bus.async_listen("*", events.append)
    with OpenAiServer() as other:
        address = other.url.replace("http://", f"http://{USER}:{PASSWORD}@")
        server = {"base_url": f"{address}/v1?token={TOKEN}", "model": "local-vision", "api_key": OTHER_KEY}
        data = {
            "provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash", "fallback": ["openai_compatible"],
            "openai_compatible": server,
        }  # fmt: skip
        gemini.answer_with("ok")
        entry = await add_home(hass, crib_data("Nursery", str(video)), data=data)
        await live(hass, crib_of(entry))
        await until(lambda: gemini.checks_received > 0, "a check")
        analyst = entry.runtime_data.analyst
        # Some servers quote what they were sent.
        quoted = f"key {KEY} or {OTHER_KEY} at {address}/v1?token={TOKEN} is odd"
        monkeypatch.setitem(ERRORS, "echo", (400, error_body(400, "INVALID_ARGUMENT", quoted)))
        scenarios = [("echo", "echo")] + [(name, OTHERS[index % len(OTHERS)]) for index, name in enumerate(FAILURES)]
        for first, second in scenarios:
            gemini.answer_with("hang" if first in SLOW else first)
            other.answer_with(second)
            analyst._refused.clear()
            for link in analyst._chain.links:
                link.breaker.reset()
            answer = await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
            assert answer is not None
            assert all(result["failure"] for result in answer["cribs"].values()), first
            _assert_clean(json.dumps(answer, default=str), f"answer to {first}")
        gemini.answer_with({"title": f"{KEY} {OTHER_KEY} http://x:{PASSWORD}@host/?token={TOKEN}"})
        for link in analyst._chain.links:
            link.breaker.reset()
        await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
        await hass.async_block_till_done()

        _assert_clean(json.dumps([state.as_dict() for state in hass.states.async_all()], default=str), "states")
        for event in events:
            _assert_clean(json.dumps(event.data, default=repr), f"event {event.event_type}")
        issues = ir.async_get(hass).issues.values()
        _assert_clean(repr(list(issues)), "issues")
        found = await async_get_config_entry_diagnostics(hass, entry)
        _assert_clean(json.dumps(found, default=str), "diagnostics")
        _assert_clean(repr(entry.runtime_data) + repr(analyst.__dict__), "repr")
        _assert_clean(repr([link.provider for link in analyst._chain.links]), "repr of providers")
        await leave(hass, entry)
    ours = [row for row in caplog.records if row.name.startswith(("custom_components.cradlewatch", "google_genai"))]
    assert ours
    _assert_clean(_told(ours), "our log")
    _assert_clean(_told([row for row in caplog.records if row.levelno >= logging.WARNING]), "warnings of all")
