"""The forms of a crib's zones: where they are is told in percent of the picture, which is shown with a grid."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from .engine.settings import Zone
from .engine.stages import STAGES_MONTHS

ZONE_NAME = "zone_name"
ZONE_KIND = "kind"
ZONE_POINTS = "points"
ZONE_STAGES = "stages"
ZONES_GONE = "zones_gone"
EDGES = ("left", "top", "right", "bottom")
KINDS = ("danger", "crib", "ignore")
_NAME_MAX = 40
_ZONES_MAX = 12
_POINTS_MAX = 24


def zone_schema() -> probatio.Schema:
    """A new zone: a rectangle by its edges, or any shape by its corners."""
    edge = NumberSelector(
        NumberSelectorConfig(min=0, max=100, step=1, unit_of_measurement="%", mode=NumberSelectorMode.SLIDER)
    )
    stages = [f"{low}-{high}" for low, high in STAGES_MONTHS]
    return probatio.Schema(
        {
            probatio.Required(ZONE_NAME): TextSelector(),
            probatio.Required(ZONE_KIND, default=KINDS[0]): SelectSelector(
                SelectSelectorConfig(options=list(KINDS), translation_key="zone_kind", mode=SelectSelectorMode.LIST)
            ),
            **{
                probatio.Required(name, default=default): edge
                for name, default in zip(EDGES, (25, 25, 75, 75), strict=True)
            },
            probatio.Optional(ZONE_POINTS): TextSelector(),
            probatio.Optional(ZONE_STAGES): SelectSelector(SelectSelectorConfig(options=stages, multiple=True)),
        }
    )


def gone_schema(zones: Sequence[Mapping[str, Any]]) -> probatio.Schema:
    """Which zones to remove."""
    names = [str(zone["name"]) for zone in zones]
    return probatio.Schema(
        {
            probatio.Required(ZONES_GONE): SelectSelector(
                SelectSelectorConfig(options=names, multiple=True, mode=SelectSelectorMode.LIST)
            )
        }
    )


def zone_from(
    user_input: Mapping[str, Any], zones: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The zone as it is stored, or errors by field."""
    name = str(user_input[ZONE_NAME]).strip()
    if not 0 < len(name) <= _NAME_MAX:
        return {}, {ZONE_NAME: "invalid_name"}
    if name.casefold() in {str(zone["name"]).casefold() for zone in zones}:
        return {}, {ZONE_NAME: "name_taken"}
    if len(zones) >= _ZONES_MAX:
        return {}, {"base": "too_many_zones"}
    try:
        points = _points_of(user_input)
    except ValueError:
        return {}, {ZONE_POINTS if user_input.get(ZONE_POINTS) else "right": "invalid_zone"}
    known = [f"{low}-{high}" for low, high in STAGES_MONTHS]
    stages = [known.index(stage) for stage in user_input.get(ZONE_STAGES, ()) if stage in known]
    zone = {"name": name, "kind": user_input[ZONE_KIND], "points": points, "stages": stages}
    try:
        Zone(name=name, kind=zone["kind"], points_xy=tuple((x, y) for x, y in points), stages=tuple(stages))
    except ValueError:
        return {}, {"base": "invalid_zone"}
    return zone, {}


def _points_of(user_input: Mapping[str, Any]) -> list[list[float]]:
    """Corners 0-1. Raises ValueError for what is no area."""
    text = str(user_input.get(ZONE_POINTS) or "").replace(";", " ")
    if text.strip():
        corners = [corner.split(",") for corner in text.split()]
        points = [[float(x) / 100, float(y) / 100] for x, y in corners]
        if not 3 <= len(points) <= _POINTS_MAX:
            raise ValueError("a zone has 3 to 24 corners")
    else:
        left, top, right, bottom = (float(user_input[edge]) / 100 for edge in EDGES)
        if right - left < 0.02 or bottom - top < 0.02:
            raise ValueError("the edges are the wrong way round")
        points = [[left, top], [right, top], [right, bottom], [left, bottom]]
    if any(not 0 <= value <= 1 for point in points for value in point) or _area(points) < 0.0004:
        raise ValueError("outside of the picture, or no area")
    return points


def _area(points: Sequence[Sequence[float]]) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2
