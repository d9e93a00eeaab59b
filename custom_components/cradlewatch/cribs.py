"""Reads a crib's subentry into the settings of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import slugify

from .const import (
    CONF_BIRTHDATE,
    CONF_CAMERA,
    CONF_ROTATION,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY_TLS,
    CONF_ZONES,
)
from .engine.settings import SourceSettings, Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class CribConfig:
    """What a subentry says about one camera over one child. Equal values mean: nothing to restart."""

    crib_id: str
    name: str
    camera: str | None
    """An existing camera entity whose stream is the source, or None."""
    source: SourceSettings | None
    """The source, None where it has to be asked of `camera`."""
    birthdate: date | None
    zones: tuple[Zone, ...]

    @property
    def slug(self) -> str:
        """Short name for threads and files."""
        return slugify(self.name)[:24] or "crib"


def read_crib(hass: HomeAssistant, subentry: ConfigSubentry) -> CribConfig:
    """The settings of `subentry`. Raises ValueError for data that no flow of ours has written."""
    data = subentry.data
    spec = data.get(CONF_SOURCE)
    return CribConfig(
        crib_id=subentry.subentry_id,
        name=subentry.title,
        camera=data.get(CONF_CAMERA),
        source=source_settings(hass, data, spec) if spec else None,
        birthdate=date.fromisoformat(data[CONF_BIRTHDATE]) if data.get(CONF_BIRTHDATE) else None,
        zones=tuple(_zone(zone) for zone in data.get(CONF_ZONES, ())),
    )


def source_settings(hass: HomeAssistant, data: Mapping[str, Any], spec: str) -> SourceSettings:
    """`spec` with the options of the crib and the folders that Home Assistant lets integrations read."""
    return SourceSettings(
        spec=spec,
        rtsp_transport=data.get(CONF_TRANSPORT, "auto"),
        verify_tls=data.get(CONF_VERIFY_TLS, True),
        rotation_deg=int(data.get(CONF_ROTATION, 0)),
        allowed_folders=tuple(sorted(hass.config.allowlist_external_dirs)),
    )


def _zone(data: Mapping[str, Any]) -> Zone:
    return Zone(
        name=str(data["name"]),
        kind=str(data["kind"]),
        points_xy=tuple((float(x), float(y)) for x, y in data["points"]),
        stages=tuple(int(stage) for stage in data.get("stages", ())),
    )
