"""What a parent can ask for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_CHECK_NOW, KEY_REPORT_NOW, KEY_TEST_ALERT
from .data import CradlewatchConfigEntry
from .entity import CribEntity
from .monitor import CribMonitor
from .report import async_make_report

PARALLEL_UPDATES = 1

KEY_ATTENTION_SEEN = "attention_seen"
KEY_LEARN_EMPTY = "learn_empty"


@dataclass(frozen=True, kw_only=True)
class CribButtonDescription(ButtonEntityDescription):
    """What happens."""

    press: Callable[[CribMonitor], Awaitable[object]]


async def _check(monitor: CribMonitor) -> None:
    # Not waited for: an answer may take its time, and the entities show it when it is there.
    monitor.checks.ask()


async def _report(monitor: CribMonitor) -> None:
    # Not waited for, as with a check: a model takes its time.
    monitor.entry.async_create_background_task(
        monitor.hass, async_make_report(monitor), f"cradlewatch report {monitor.config.slug}"
    )


async def _test(monitor: CribMonitor) -> None:
    monitor.test_alert()


async def _seen(monitor: CribMonitor) -> None:
    monitor.acknowledge()


async def _learn_empty(monitor: CribMonitor) -> None:
    monitor.learn_empty()


DESCRIPTIONS = (
    CribButtonDescription(key=KEY_CHECK_NOW, press=_check),
    CribButtonDescription(key=KEY_REPORT_NOW, press=_report),
    CribButtonDescription(key=KEY_TEST_ALERT, entity_category=EntityCategory.CONFIG, press=_test),
    CribButtonDescription(key=KEY_ATTENTION_SEEN, press=_seen),
    CribButtonDescription(key=KEY_LEARN_EMPTY, entity_category=EntityCategory.CONFIG, press=_learn_empty),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """The buttons of each crib."""
    entry.runtime_data.add_platform(
        async_add_entities, lambda monitor: [CribButton(monitor, description) for description in DESCRIPTIONS]
    )


class CribButton(CribEntity, ButtonEntity):
    """One of them."""

    entity_description: CribButtonDescription

    @override
    async def async_press(self) -> None:
        await self.entity_description.press(self.monitor)
