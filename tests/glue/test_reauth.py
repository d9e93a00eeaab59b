"""A key that is not accepted any more: asked for anew, and nothing else is touched."""

from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import DOMAIN
from tests.glue.helpers import KEY
from tests.servers.gemini import GeminiServer
from tests.servers.openai import OpenAiServer

pytestmark = pytest.mark.usefixtures("setup_entry")
NEW = "test-key-9876543210"


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    home = MockConfigEntry(
        domain=DOMAIN, data={"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}, title="Cradlewatch"
    )
    home.add_to_hass(hass)
    return home


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["step_id"]) == (SOURCE_REAUTH, "reauth_confirm")
    return flow


async def test_new_key(hass: HomeAssistant, entry: MockConfigEntry, gemini: GeminiServer) -> None:
    flow = await begin(hass, entry)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": f"{NEW}\n"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert dict(entry.data) == {"provider": "gemini", "api_key": NEW, "model": "gemini-2.5-flash"}
    assert {request.key for request in gemini.requests} == {NEW}


@pytest.mark.parametrize(
    ("scenario", "errors"),
    [
        ("invalid_key", {"api_key": "invalid_auth"}),
        ("429", {"base": "quota_exceeded"}),
        ("500", {"base": "cannot_connect"}),
    ],
)
async def test_a_wrong_key_keeps_the_old_one_until_a_good_one_comes(
    hass: HomeAssistant, entry: MockConfigEntry, gemini: GeminiServer, scenario: str, errors: dict[str, str]
) -> None:
    flow = await begin(hass, entry)
    gemini.answer_with(scenario)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": NEW})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)
    assert entry.data["api_key"] == KEY
    gemini.answer_with("ok")
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": NEW})
    assert result["reason"] == "reauth_successful"


async def test_a_key_without_the_chosen_model(
    hass: HomeAssistant, entry: MockConfigEntry, gemini: GeminiServer
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "model": "gemini-0"})
    flow = await begin(hass, entry)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": NEW})
    assert result["errors"] == {"base": "model_not_found"}


async def test_a_new_key_of_a_server_of_ones_own(hass: HomeAssistant) -> None:
    with OpenAiServer() as server:
        settings = {"base_url": f"{server.url}/v1", "model": "local-vision", "api_key": "sk-old"}
        home = MockConfigEntry(domain=DOMAIN, data={"provider": "openai_compatible", "openai_compatible": settings})
        home.add_to_hass(hass)
        home.async_start_reauth(hass, data={"reauth_provider": "openai_compatible"})
        await hass.async_block_till_done()
        (flow,) = hass.config_entries.flow.async_progress()
        for scenario, errors in (("invalid_key", {"api_key": "invalid_auth"}), ("500", {"base": "cannot_connect"})):
            server.answer_with(scenario)
            result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": "sk-bad"})
            assert result["errors"] == errors
            assert home.data["openai_compatible"] == settings
        server.answer_with("ok")
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"api_key": "sk-new"})
        assert result["reason"] == "reauth_successful"
        assert home.data["openai_compatible"] == {**settings, "api_key": "sk-new"}
