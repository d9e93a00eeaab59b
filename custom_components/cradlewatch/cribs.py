"""Reads a crib's subentry into what its monitor needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.util import slugify

from .const import (
    CONF_BIRTHDATE,
    CONF_CAMERA,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_CLIP_DAYS,
    CONF_CLIP_GB,
    CONF_CLIPS,
    CONF_DECODE_ALWAYS,
    CONF_DETECTION_SOURCE,
    CONF_ROTATION,
    CONF_SOUND_OFFSET,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY_TLS,
    CONF_ZONES,
)
from .engine.settings import ClipSettings, Zone

_SOURCE_KEYS = (
    CONF_SOURCE,
    CONF_CAMERA,
    CONF_DETECTION_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY_TLS,
    CONF_ROTATION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CribConfig:
    """What a subentry says about one camera over one child. Equal values mean: nothing to restart."""

    crib_id: str
    name: str
    birthdate: date | None
    zones: tuple[Zone, ...]
    source_data: Mapping[str, Any] = field(repr=False)
    """The part of the data that names the source: may hold a password."""
    decode_always: bool = False
    """Decode every frame, also while nothing moves."""
    clips: ClipSettings = field(default_factory=ClipSettings)
    sound_offset_db: float = 0.0
    """Added to the level of sound; 0 where nobody has calibrated the microphone."""

    @property
    def slug(self) -> str:
        """Short name for threads and files."""
        return slugify(self.name)[:24] or "crib"

    @property
    def camera(self) -> str | None:
        """The camera entity whose stream is the source, None where the source is named directly."""
        return None if self.source_data.get(CONF_SOURCE) else self.source_data.get(CONF_CAMERA)

    @property
    def rotation_deg(self) -> int:
        """How far the camera's picture is turned, clockwise."""
        return int(self.source_data.get(CONF_ROTATION, 0))


def read_crib(subentry: ConfigSubentry) -> CribConfig:
    """The settings of `subentry`. Raises ValueError, KeyError for data that no flow of ours has written."""
    data = subentry.data
    return CribConfig(
        crib_id=subentry.subentry_id,
        name=subentry.title,
        birthdate=date.fromisoformat(data[CONF_BIRTHDATE]) if data.get(CONF_BIRTHDATE) else None,
        zones=tuple(_zone(zone) for zone in data.get(CONF_ZONES, ())),
        source_data=MappingProxyType({key: data[key] for key in _SOURCE_KEYS if key in data}),
        decode_always=bool(data.get(CONF_DECODE_ALWAYS, False)),
        clips=_clips(data),
        sound_offset_db=float(data.get(CONF_SOUND_OFFSET, 0)),
    )


def _clips(data: Mapping[str, Any]) -> ClipSettings:
    usual = ClipSettings()
    return ClipSettings(
        enabled=bool(data.get(CONF_CLIPS, usual.enabled)),
        pre_s=float(data.get(CONF_CLIP_BEFORE, usual.pre_s)),
        post_s=float(data.get(CONF_CLIP_AFTER, usual.post_s)),
        keep_days=float(data.get(CONF_CLIP_DAYS, usual.keep_days)),
        keep_bytes=round(float(data.get(CONF_CLIP_GB, usual.keep_bytes / 1e9)) * 1e9),
    )


def _zone(data: Mapping[str, Any]) -> Zone:
    return Zone(
        name=str(data["name"]),
        kind=str(data["kind"]),
        points_xy=tuple((float(x), float(y)) for x, y in data["points"]),
        stages=tuple(int(stage) for stage in data.get("stages", ())),
    )
