"""How sensors are described: the reading of one value from a state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.helpers.typing import StateType

from .coordinator import CribState, HomeState

type Value = StateType | datetime

# Home Assistant's logbook leaves out sensors that name a unit, and a parent's page of incidents must not drown in
# "Activity changed to calm". The unit is none, so nothing else takes these for numbers.
NOT_IN_LOGBOOK = {"unit_of_measurement": None}


@dataclass(frozen=True, kw_only=True)
class CribSensorDescription(SensorEntityDescription):
    """How to read it from the state."""

    value: Callable[[CribState], Value]
    detector: bool = False
    attributes: Callable[[CribState], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class HomeSensorDescription(SensorEntityDescription):
    """How to read it from the state of the home."""

    value: Callable[[HomeState], Value]
    daily: bool = False
    attributes: Callable[[HomeState], dict[str, Any]] | None = None
