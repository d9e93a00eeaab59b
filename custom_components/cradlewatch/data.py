"""What a set-up home holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alerts import AlertDesk
from .analyst import Analyst
from .monitor import CribMonitor
from .report_office import ReportOffice
from .storage import AsyncStore, SwitchMemory

type CradlewatchConfigEntry = ConfigEntry[CradlewatchData]
type AddCrib = Callable[[CribMonitor], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CradlewatchData:
    """Runtime data of the entry. The mappings change as cribs come and go; the fields never do."""

    store: AsyncStore
    switches: SwitchMemory
    analyst: Analyst
    socket_folder: Path
    reports: ReportOffice
    alerts: AlertDesk
    cribs: dict[str, CribMonitor] = field(default_factory=dict)
    adders: list[AddCrib] = field(default_factory=list)
    """One per platform: makes the entities of a crib."""

    @callback
    def add_platform(
        self, async_add_entities: AddConfigEntryEntitiesCallback, entities_of: Callable[[CribMonitor], Sequence[Entity]]
    ) -> None:
        """Make entities for the cribs there are, and for each that comes."""

        @callback
        def add(monitor: CribMonitor) -> None:
            async_add_entities(entities_of(monitor), config_subentry_id=monitor.config.crib_id)

        self.adders.append(add)
        for monitor in self.cribs.values():
            add(monitor)

    @callback
    def add_entities(self, monitor: CribMonitor) -> None:
        """Make all entities of a crib that came later."""
        for add in self.adders:
            add(monitor)
