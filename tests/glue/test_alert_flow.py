"""Choosing phones: in the set-up, in the options, and when one of them is gone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch import alert_issues
from custom_components.cradlewatch.alert_settings import alert_settings_of
from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.engine.alert_rules import USUAL_KINDS
from custom_components.cradlewatch.engine.models import EventKind, Severity
from tests.glue.phones import PushService, add_phone, push_service
from tests.glue.test_repairs import answer, begin

pytestmark = pytest.mark.usefixtures("setup_entry")


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


@pytest.fixture
async def mum(hass: HomeAssistant, service: PushService) -> str:
    return await add_phone(hass, service, "mum", "Mum's iPhone")


async def to_the_phones(hass: HomeAssistant, video: Path) -> Any:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"name": "Mina", "source": str(video)})
    return await hass.config_entries.flow.async_configure(flow["flow_id"], {"provider": "local"})


async def test_the_only_phone_is_chosen_already(hass: HomeAssistant, video: Path, mum: str) -> None:
    flow = await to_the_phones(hass, video)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "notify")
    done = await hass.config_entries.flow.async_configure(flow["flow_id"], flow["data_schema"]({}))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["options"] == {"alert_phones": [mum]}
    assert done["data"] == {"provider": "local"}


async def test_of_two_phones_none_is_chosen_by_itself(
    hass: HomeAssistant, video: Path, mum: str, service: PushService
) -> None:
    dad = await add_phone(hass, service, "dad", "Dad's Pixel", apple=False)
    flow = await to_the_phones(hass, video)
    assert flow["data_schema"]({}) == {"alert_phones": []}
    (selector,) = flow["data_schema"].schema.values()
    assert [(row["label"], row["value"]) for row in selector.config["options"]] == [
        ("Dad's Pixel", dad), ("Mum's iPhone", mum),
    ]  # fmt: skip
    done = await hass.config_entries.flow.async_configure(flow["flow_id"], {"alert_phones": [dad]})
    assert done["options"] == {"alert_phones": [dad]}


async def test_without_phones_nobody_is_asked(hass: HomeAssistant, video: Path) -> None:
    done = await to_the_phones(hass, video)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["options"] == {}


async def options_menu(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def choose(hass: HomeAssistant, flow: Any, step: str) -> Any:
    return await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": step})


async def test_changed_later(hass: HomeAssistant, mum: str) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, data={"provider": "local"}, options={"alert_phones": ["gone"], "calls_per_day": 7}
    )
    entry.add_to_hass(hass)
    menu = await options_menu(hass, entry)
    assert menu["menu_options"] == ["alerts", "alert_phone", "budget", "context"]
    form = await choose(hass, menu, "alerts")
    phones = next(marker for marker in form["data_schema"].schema if marker == "alert_phones")
    assert phones.description["suggested_value"] == [], "a phone that is gone cannot be ticked"
    answered = {
        "alert_phones": [mum], "alert_kinds": ["crying"], "alert_severity": "danger", "alert_cooldown": 1,
        "alert_follow_up": 0, "alert_quiet_entities": ["person.dad"], "alert_quiet_room": "Nursery",
    }  # fmt: skip
    done = await hass.config_entries.options.async_configure(form["flow_id"], answered)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**answered, "calls_per_day": 7}
    settings = alert_settings_of(entry.options)
    rules = settings.phones[mum]
    assert (rules.kinds, rules.least, rules.cooldown_s) == ({EventKind.CRYING}, Severity.DANGER, 60)
    assert (settings.follow_up_s, settings.quiet_room) == (0, "nursery")


async def test_one_phone_differs(hass: HomeAssistant, mum: str) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"provider": "local"}, options={"alert_phones": [mum]})
    entry.add_to_hass(hass)
    form = await choose(hass, await options_menu(hass, entry), "alert_phone")
    form = await hass.config_entries.options.async_configure(form["flow_id"], {"phone": mum})
    assert form["description_placeholders"] == {"phone": "Mum's iPhone"}
    own = {"alert_kinds": ["motion"], "alert_severity": "danger"}
    await hass.config_entries.options.async_configure(form["flow_id"], own)
    assert alert_settings_of(entry.options).phones[mum].kinds == {EventKind.MOTION}

    form = await choose(hass, await options_menu(hass, entry), "alert_phone")
    form = await hass.config_entries.options.async_configure(form["flow_id"], {"phone": mum})
    kinds = next(marker for marker in form["data_schema"].schema if marker == "alert_kinds")
    assert kinds.description["suggested_value"] == ["motion"]
    await hass.config_entries.options.async_configure(form["flow_id"], {**own, "like_all": True})
    assert alert_settings_of(entry.options).phones[mum].kinds == USUAL_KINDS


async def test_none_of_the_chosen_phones_is_there(hass: HomeAssistant, mum: str) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"provider": "local"}, options={"alert_phones": ["gone"]})
    entry.add_to_hass(hass)
    done = await choose(hass, await options_menu(hass, entry), "alert_phone")
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "no_phone")


async def test_a_phone_that_is_gone_is_left_out(hass: HomeAssistant, hass_client: Any, mum: str) -> None:
    own = {"gone": {"alert_kinds": []}, mum: {"alert_kinds": ["motion"]}}
    entry = MockConfigEntry(
        domain=DOMAIN, data={"provider": "local"}, options={"alert_phones": ["gone", mum], "alert_own": own}
    )
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    assert alert_issues.phone_fails(hass, "gone", "Old phone", gone=True)
    assert not alert_issues.phone_fails(hass, "gone", "Old phone", gone=True), "told once"
    flow = await begin(client, "alert_phone_gone_gone")
    assert flow["description_placeholders"] == {"name": "Old phone"}
    assert (await answer(client, flow, {}))["type"] == "create_entry"
    assert entry.options == {"alert_phones": [mum], "alert_own": {mum: own[mum]}}

    alert_issues.phone_fails(hass, "gone", "Old phone", gone=True)
    assert (await begin(client, "alert_phone_gone_gone"))["reason"] == "not_chosen"
