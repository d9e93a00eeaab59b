"""Fall-back order, a server of one's own, budget and context: their forms."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.cradlewatch.engine.analysis.budget import Price
from custom_components.cradlewatch.home_settings import budget_of, context_of, prices_of
from custom_components.cradlewatch.provider_form import leaves_house
from tests.glue.helpers import KEY
from tests.glue.test_config_flow import answer, home, only_entry, reconfigure, to_ai
from tests.servers.gemini import GeminiServer
from tests.servers.openai import OpenAiServer

pytestmark = pytest.mark.usefixtures("setup_entry")

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}


async def test_providers_in_order_one_form_each(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    with OpenAiServer() as server:
        result = await to_ai(hass, video)
        result = await answer(hass, result, {"provider": "openai_compatible", "fallback": ["gemini"]})
        assert result["step_id"] == "openai_compatible"
        form = {"base_url": f"{server.url}/v1", "model": "local-vision", "consent": False}
        # On the home's own machine no consent is needed; at the next provider it is.
        result = await answer(hass, result, form)
        assert result["step_id"] == "gemini"
        result = await answer(hass, result, {"api_key": KEY, "model": "gemini-2.5-flash", "consent": False})
        assert result["errors"] == {"consent": "consent_required"}
        result = await answer(hass, result, {"api_key": KEY, "model": "gemini-2.5-flash", "consent": True})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert dict(only_entry(hass).data) == {
            "provider": "openai_compatible",
            "openai_compatible": {"base_url": f"{server.url}/v1", "model": "local-vision", "api_key": ""},
            "api_key": KEY,
            "model": "gemini-2.5-flash",
            "fallback": ["gemini"],
        }


async def test_what_falls_out_of_the_order_is_forgotten(hass: HomeAssistant, gemini: GeminiServer) -> None:
    server = {"base_url": "http://gpu.local/v1", "model": "m", "api_key": "sk-1"}
    entry = home(hass, GEMINI | {"fallback": ["openai_compatible"], "openai_compatible": server})
    result = await answer(hass, await reconfigure(hass, entry), {"provider": "gemini"})
    result = await answer(hass, result, {"model": "gemini-2.5-flash", "consent": True})
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == GEMINI


@pytest.mark.parametrize(
    ("scenario", "form", "errors"),
    [
        ("ok", {"base_url": "gpu:8000"}, {"base_url": "cannot_connect"}),
        ("ok", {"base_url": "file:///etc/passwd"}, {"base_url": "cannot_connect"}),
        ("ok", {"base_url": "http://127.0.0.1:9/v1"}, {"base": "cannot_connect"}),
        ("ok", {"model": "other"}, {"model": "model_not_found"}),
        ("ok", {"model": " "}, {"model": "model_not_found"}),
        ("invalid_key", {}, {"api_key": "invalid_auth"}),
        ("500", {}, {"base": "cannot_connect"}),
        ("200_html", {}, {"base": "cannot_connect"}),
        ("ok", {"base_url": "https://api.example.com/v1", "consent": False}, {"consent": "consent_required"}),
    ],
)
async def test_a_server_that_cannot_be_used(
    hass: HomeAssistant, video: Path, scenario: str, form: dict[str, Any], errors: dict[str, str]
) -> None:
    with OpenAiServer() as server:
        server.answer_with(scenario)
        result = await answer(hass, await to_ai(hass, video), {"provider": "openai_compatible"})
        good = {"base_url": f"{server.url}/v1", "model": "local-vision", "api_key": "sk-1", "consent": True}
        result = await answer(hass, result, good | form)
        assert result["errors"] == errors
        server.answer_with("ok")
        result = await answer(hass, result, good)
        assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_stored_key_goes_to_no_other_address(hass: HomeAssistant) -> None:
    with OpenAiServer() as server:
        stored = {"base_url": "http://gpu.local/v1", "model": "m", "api_key": "sk-1"}
        entry = home(hass, {"provider": "openai_compatible", "openai_compatible": stored})
        result = await answer(hass, await reconfigure(hass, entry), {"provider": "openai_compatible"})
        assert "sk-1" not in str([(str(m), m.description) for m in result["data_schema"].schema])
        result = await answer(hass, result, {"base_url": f"{server.url}/v1", "model": "local-vision"})
        assert result["reason"] == "reconfigure_successful"
        assert entry.data["openai_compatible"]["api_key"] == ""
        assert not [request for request in server.requests if "sk-1" in str(request.headers)]


def test_where_pictures_stay_at_home() -> None:
    for address in ("http://192.168.1.9:8000/v1", "http://gpu/v1", "http://gpu.local/v1", "http://127.0.0.1/v1"):
        assert not leaves_house(address), address
    for address in ("https://api.openai.com/v1", "http://8.8.8.8/v1", "https://evil.example/192.168.1.1"):
        assert leaves_house(address), address


async def options(hass: HomeAssistant, entry: Any, step: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert (result["type"], result["menu_options"]) == (FlowResultType.MENU, ["alerts", "budget", "context"])
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})


async def test_budget_and_context_are_kept_side_by_side(hass: HomeAssistant) -> None:
    entry = home(hass, GEMINI)
    save = hass.config_entries.options.async_configure
    result = await options(hass, entry, "budget")
    form = {"calls_per_day": 400, "tokens_per_day": 0, "money_per_day": 0.5, "urgent_share": 30}
    for line in ("model", "model 1", "model 1 x", "model -1 2", "model nan 1", "a 1 2 3"):
        bad = await save(result["flow_id"], form | {"prices": [line]})
        assert bad["errors"] == {"prices": "invalid_price"}, line
    result = await save(result["flow_id"], form | {"prices": ["gemini-2.5-flash 0,3 2.5"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY

    result = await options(hass, entry, "context")
    for bad_form, errors in (
        ({"rules": ["x" * 201]}, {"rules": "too_long"}),
        ({"rules": ["x"] * 13}, {"rules": "too_many"}),
        ({"room_entities": [f"sensor.s{i}" for i in range(13)]}, {"room_entities": "too_many"}),
    ):
        assert (await save(result["flow_id"], bad_form))["errors"] == errors
    result = await save(result["flow_id"], {"rules": ["he may sleep on his side"], "crop_to_crib": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY

    budget = budget_of(entry.options, 1)
    assert (budget.calls_per_day, budget.tokens_per_day, budget.money_per_day) == (400, None, 0.5)
    assert budget.urgent_share == pytest.approx(0.3)
    assert budget.prices == {"gemini-2.5-flash": Price(input_per_million=0.3, output_per_million=2.5)}
    context = context_of(entry.options)
    assert (context.rules, context.crop) == (("he may sleep on his side",), True)

    # What was emptied goes.
    result = await options(hass, entry, "context")
    await save(result["flow_id"], {"crop_to_crib": False})
    assert context_of(entry.options).rules == ()
    assert budget_of(entry.options, 1).calls_per_day == 400


def test_without_options_a_day_is_bounded() -> None:
    assert budget_of({}, 3).calls_per_day == 6000
    assert budget_of({"calls_per_day": 0}, 3).calls_per_day is None
    assert prices_of(()) == {}


async def test_an_empty_key_keeps_the_one_of_that_address(hass: HomeAssistant) -> None:
    with OpenAiServer() as server:
        stored = {"base_url": f"{server.url}/v1", "model": "local-vision", "api_key": "sk-1"}
        entry = home(hass, {"provider": "openai_compatible", "openai_compatible": stored})
        result = await answer(hass, await reconfigure(hass, entry), {"provider": "openai_compatible"})
        result = await answer(hass, result, {"base_url": stored["base_url"], "model": "local-vision"})
        assert result["reason"] == "reconfigure_successful"
        assert entry.data["openai_compatible"] == stored
        assert server.requests
