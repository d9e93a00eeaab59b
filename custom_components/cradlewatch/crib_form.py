"""The form of a crib: shared by the first set-up, by a further crib and by changing one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
import logging
from types import MappingProxyType
from typing import Any

from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

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
    CONF_NAME,
    CONF_ROTATION,
    CONF_SOUND_OFFSET,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY_TLS,
    DOMAIN,
    SUBENTRY_CRIB,
)
from .engine.errors import SourceError
from .engine.redact import redact, secrets_of_url
from .engine.settings import ClipSettings
from .sources import async_probe, async_probe_detection, mask_source, unmask_source, with_escaped_password

_LOGGER = logging.getLogger(__name__)

SECTION_ADVANCED = "advanced"
SECTION_CLIPS = "clips"
_TRANSPORTS = ["auto", "tcp", "udp"]
_ROTATIONS = ["0", "90", "180", "270"]
_NAME_MAX = 60
_SOURCE_MAX = 2048
_CLIPS = ClipSettings()
_CLIP_DEFAULTS: Mapping[str, bool | float] = MappingProxyType(
    {
        CONF_CLIPS: _CLIPS.enabled,
        CONF_CLIP_BEFORE: _CLIPS.pre_s,
        CONF_CLIP_AFTER: _CLIPS.post_s,
        CONF_CLIP_DAYS: _CLIPS.keep_days,
        CONF_CLIP_GB: _CLIPS.keep_bytes / 1e9,
    }
)
_FORM_KEYS = frozenset(
    {
        *(CONF_NAME, CONF_SOURCE, CONF_CAMERA, CONF_DETECTION_SOURCE, CONF_BIRTHDATE),
        *(CONF_TRANSPORT, CONF_VERIFY_TLS, CONF_ROTATION, CONF_DECODE_ALWAYS, CONF_SOUND_OFFSET),
        *_CLIP_DEFAULTS,
    }
)


_ADDRESSES = (CONF_SOURCE, CONF_DETECTION_SOURCE)
"""What may hold a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCrib:
    """What came of a filled form: `data` for the subentry, or errors by field."""

    data: dict[str, Any] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)


def crib_schema(hass: HomeAssistant) -> probatio.Schema:
    """The fields. Our own cameras are not offered: a monitor of a monitor would show itself."""
    own = [entry.entity_id for entry in er.async_get(hass).entities.values() if entry.platform == DOMAIN]
    return probatio.Schema(
        {
            probatio.Required(CONF_NAME): TextSelector(),
            probatio.Optional(CONF_SOURCE): TextSelector(),
            probatio.Optional(CONF_CAMERA): EntitySelector(
                EntitySelectorConfig(
                    domain=CAMERA_DOMAIN, exclude_entities=[entity for entity in own if entity.startswith("camera.")]
                )
            ),
            # Not in a section: Home Assistant's frontend shows no errors of fields within one.
            probatio.Optional(CONF_DETECTION_SOURCE): TextSelector(),
            probatio.Optional(CONF_BIRTHDATE): DateSelector(),
            probatio.Optional(SECTION_ADVANCED): section(
                probatio.Schema(
                    {
                        probatio.Optional(CONF_TRANSPORT, default="auto"): _choice(_TRANSPORTS, CONF_TRANSPORT),
                        probatio.Optional(CONF_VERIFY_TLS, default=True): BooleanSelector(),
                        probatio.Optional(CONF_ROTATION, default="0"): _choice(_ROTATIONS, CONF_ROTATION),
                        probatio.Optional(CONF_DECODE_ALWAYS, default=False): BooleanSelector(),
                        probatio.Optional(CONF_SOUND_OFFSET, default=0): _number(0, 150, "dB"),
                    }
                ),
                {"collapsed": True},
            ),
            probatio.Optional(SECTION_CLIPS): section(_clip_schema(), {"collapsed": True}),
        }
    )


def clip_room_schema() -> probatio.Schema:
    """The part of the clips' fields that decides how much room they take."""
    wanted = (CONF_CLIPS, CONF_CLIP_DAYS, CONF_CLIP_GB)
    return probatio.Schema({marker: field for marker, field in _clip_schema().schema.items() if str(marker) in wanted})


def _clip_schema() -> probatio.Schema:
    fields = {
        CONF_CLIPS: BooleanSelector(),
        CONF_CLIP_BEFORE: _number(0, 20, "s"),
        CONF_CLIP_AFTER: _number(0, 120, "s"),
        CONF_CLIP_DAYS: _number(1, 365, "d"),
        CONF_CLIP_GB: _number(0.1, 1000, "GB", step=0.1),
    }
    return probatio.Schema(
        {probatio.Optional(key, default=_CLIP_DEFAULTS[key]): selector for key, selector in fields.items()}
    )


def _number(low: float, high: float, unit: str, step: float = 1) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=low, max=high, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


def _choice(options: list[str], translation_key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )


def form_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """Stored `data` as the form shows it: passwords masked, the rare fields in their section."""
    values = {key: data[key] for key in (CONF_NAME, CONF_CAMERA, CONF_BIRTHDATE) if key in data}
    values |= {key: mask_source(data[key]) for key in _ADDRESSES if data.get(key)}
    values[SECTION_ADVANCED] = {
        CONF_TRANSPORT: data.get(CONF_TRANSPORT, "auto"),
        CONF_VERIFY_TLS: data.get(CONF_VERIFY_TLS, True),
        CONF_ROTATION: str(data.get(CONF_ROTATION, 0)),
        CONF_DECODE_ALWAYS: data.get(CONF_DECODE_ALWAYS, False),
        CONF_SOUND_OFFSET: data.get(CONF_SOUND_OFFSET, 0),
    }
    values[SECTION_CLIPS] = {key: data.get(key, default) for key, default in _CLIP_DEFAULTS.items()}
    return values


async def async_check_crib(
    hass: HomeAssistant,
    user_input: Mapping[str, Any],
    *,
    entry: ConfigEntry | None = None,
    subentry_id: str | None = None,
) -> CheckedCrib:
    """Check a filled form, the source by opening it. `subentry_id` names the crib that is being changed."""
    old: Mapping[str, Any] = entry.subentries[subentry_id].data if entry and subentry_id else {}
    data = _to_data(user_input, old)
    if errors := _plain_errors(hass, data, _taken_names(entry, subentry_id)):
        return CheckedCrib(errors=errors)
    # Only a name or a birthday changed: that must be possible while the camera is away.
    if not _opens_the_same(data, old, CONF_SOURCE, CONF_CAMERA) and (problem := await async_check_source(hass, data)):
        return CheckedCrib(errors={CONF_SOURCE if CONF_SOURCE in data else CONF_CAMERA: problem})
    if not _opens_the_same(data, old, CONF_DETECTION_SOURCE) and (problem := await async_check_detection(hass, data)):
        return CheckedCrib(errors={CONF_DETECTION_SOURCE: problem})
    return CheckedCrib(data=data)


async def async_check_source(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Open the source of `data` and decode a picture; the error key where that fails."""
    try:
        await async_probe(hass, data)
    except SourceError as err:
        return _refused(err, data, CONF_SOURCE)
    return None


async def async_check_detection(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """The same for the second source; None also where `data` names none."""
    if problem := _detection_problem(data):
        return problem
    try:
        await async_probe_detection(hass, data)
    except SourceError as err:
        return _refused(err, data, CONF_DETECTION_SOURCE)
    return None


def _refused(error: SourceError, data: Mapping[str, Any], key: str) -> str:
    detail = redact(str(error), secrets_of_url(data.get(key, "")))
    _LOGGER.info("The %s of %s was not accepted: %s", key, data[CONF_NAME], detail)
    return error.problem.value


def _to_data(user_input: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    # What other forms keep in the same data (zones) stays.
    data = {key: value for key, value in old.items() if key not in _FORM_KEYS}
    data[CONF_NAME] = user_input[CONF_NAME].strip()
    for key in _ADDRESSES:
        if address := user_input.get(key, "").strip():
            data[key] = with_escaped_password(unmask_source(address, old.get(key)))
    data |= {key: user_input[key] for key in (CONF_CAMERA, CONF_BIRTHDATE) if user_input.get(key)}
    advanced = user_input.get(SECTION_ADVANCED, {})
    data[CONF_TRANSPORT] = advanced.get(CONF_TRANSPORT, old.get(CONF_TRANSPORT, "auto"))
    data[CONF_VERIFY_TLS] = advanced.get(CONF_VERIFY_TLS, old.get(CONF_VERIFY_TLS, True))
    data[CONF_ROTATION] = int(advanced.get(CONF_ROTATION, old.get(CONF_ROTATION, 0)))
    data[CONF_DECODE_ALWAYS] = advanced.get(CONF_DECODE_ALWAYS, old.get(CONF_DECODE_ALWAYS, False))
    data[CONF_SOUND_OFFSET] = advanced.get(CONF_SOUND_OFFSET, old.get(CONF_SOUND_OFFSET, 0))
    clips = user_input.get(SECTION_CLIPS, {})
    return data | {key: clips.get(key, old.get(key, default)) for key, default in _CLIP_DEFAULTS.items()}


def _opens_the_same(data: Mapping[str, Any], old: Mapping[str, Any], *addresses: str) -> bool:
    keys = (*addresses, CONF_TRANSPORT, CONF_VERIFY_TLS)
    return bool(old) and all(data.get(key) == old.get(key) for key in keys)


def _taken_names(entry: ConfigEntry | None, but_id: str | None) -> set[str]:
    if entry is None:
        return set()
    cribs = [
        sub for sub in entry.subentries.values() if sub.subentry_type == SUBENTRY_CRIB and sub.subentry_id != but_id
    ]
    return {crib.title.casefold() for crib in cribs}


def _plain_errors(hass: HomeAssistant, data: Mapping[str, Any], taken: set[str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not 0 < len(data[CONF_NAME]) <= _NAME_MAX:
        errors[CONF_NAME] = "invalid_name"
    elif data[CONF_NAME].casefold() in taken:
        errors[CONF_NAME] = "name_taken"
    if problem := _source_problem(hass, data):
        errors[problem[0]] = problem[1]
    if problem_key := _detection_problem(data):
        errors[CONF_DETECTION_SOURCE] = problem_key
    if (birthdate := data.get(CONF_BIRTHDATE)) and date.fromisoformat(birthdate) > dt_util.now().date():
        errors[CONF_BIRTHDATE] = "birthdate_in_future"
    return errors


def _source_problem(hass: HomeAssistant, data: Mapping[str, Any]) -> tuple[str, str] | None:
    source, camera = data.get(CONF_SOURCE), data.get(CONF_CAMERA)
    if source and camera:
        return CONF_CAMERA, "one_source_only"
    if source:
        return (CONF_SOURCE, "unsupported_source") if len(source) > _SOURCE_MAX else None
    if not camera:
        return CONF_SOURCE, "source_required"
    row = er.async_get(hass).async_get(camera)
    return (CONF_CAMERA, "own_camera") if row is not None and row.platform == DOMAIN else None


def _detection_problem(data: Mapping[str, Any]) -> str | None:
    address = data.get(CONF_DETECTION_SOURCE)
    if not address:
        return None
    if len(address) > _SOURCE_MAX:
        return "unsupported_source"
    # Twice the same would cost a second connection and spare nothing.
    return "second_source_same" if address == data.get(CONF_SOURCE) else None
