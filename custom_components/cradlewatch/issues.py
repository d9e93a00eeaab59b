"""What the parent has to mend, as Home Assistant's repairs. Event loop only; every call may be repeated."""

import av
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import (
    DOMAIN,
    ISSUE_DISK_FULL,
    ISSUE_INVALID_AUTH,
    ISSUE_MODEL_GONE,
    ISSUE_NO_ENCODER,
    ISSUE_NO_SOUND,
    ISSUE_SECOND_SOURCE_AUTH,
    ISSUE_SECOND_SOURCE_LOST,
)
from .engine.errors import SourceProblem
from .engine.models import Link, LinkState, StreamInfo

_ENCODERS = {"libx264", "libopenh264", "h264_v4l2m2m"}
_OF_CRIB = (
    ISSUE_DISK_FULL,
    ISSUE_INVALID_AUTH,
    ISSUE_NO_ENCODER,
    ISSUE_NO_SOUND,
    ISSUE_SECOND_SOURCE_AUTH,
    ISSUE_SECOND_SOURCE_LOST,
)


@callback
def link_changed(hass: HomeAssistant, crib_id: str, name: str, state: LinkState) -> None:
    """Raise what the reason of a lost camera tells; take back what a live one disproves."""
    if state.link is Link.LIVE:
        _drop(hass, ISSUE_INVALID_AUTH, crib_id)
        _drop(hass, ISSUE_NO_ENCODER, crib_id)
    elif state.reason == SourceProblem.INVALID_AUTH:
        _raise(hass, ISSUE_INVALID_AUTH, crib_id, name, severity=ir.IssueSeverity.ERROR, fixable=True)
    elif state.reason == SourceProblem.UNSUPPORTED_SOURCE and not _ENCODERS & av.codecs_available:
        # Such a source would have to be encoded by us (MJPEG, raw USB), and nothing here can.
        _raise(hass, ISSUE_NO_ENCODER, crib_id, name, severity=ir.IssueSeverity.ERROR, fixable=True)


@callback
def stream_opened(hass: HomeAssistant, crib_id: str, name: str, info: StreamInfo) -> None:
    """A camera without sound cannot hear crying: told once, ignored for good where the parent says so."""
    if info.audio_codec is None:
        _raise(hass, ISSUE_NO_SOUND, crib_id, name, severity=ir.IssueSeverity.WARNING, fixable=True)
    else:
        _drop(hass, ISSUE_NO_SOUND, crib_id)


@callback
def second_source_fails(hass: HomeAssistant, crib_id: str, name: str, *, refused: bool) -> None:
    """Detection has looked at the first stream for a while; `refused`: the log-in of the second is wrong."""
    wanted, other = ISSUE_SECOND_SOURCE_LOST, ISSUE_SECOND_SOURCE_AUTH
    if refused:
        wanted, other = other, wanted
    _drop(hass, other, crib_id)
    _raise(hass, wanted, crib_id, name, severity=ir.IssueSeverity.WARNING, fixable=True)


@callback
def second_source_works(hass: HomeAssistant, crib_id: str) -> None:
    """It delivers, or none is wanted any more."""
    _drop(hass, ISSUE_SECOND_SOURCE_AUTH, crib_id)
    _drop(hass, ISSUE_SECOND_SOURCE_LOST, crib_id)


@callback
def disk_full(hass: HomeAssistant, crib_id: str, name: str) -> None:
    """Clips of incidents are not recorded: there is no room."""
    _raise(hass, ISSUE_DISK_FULL, crib_id, name, severity=ir.IssueSeverity.ERROR, fixable=True)


@callback
def disk_has_room(hass: HomeAssistant, crib_id: str) -> None:
    """They are again."""
    _drop(hass, ISSUE_DISK_FULL, crib_id)


@callback
def crib_removed(hass: HomeAssistant, crib_id: str) -> None:
    """Nothing is left to mend."""
    for issue in _OF_CRIB:
        _drop(hass, issue, crib_id)


@callback
def home_removed(hass: HomeAssistant) -> None:
    """Nothing at all is left to mend."""
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def model_gone(hass: HomeAssistant, entry_id: str, model: str) -> None:
    """The chosen model is no longer there."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_MODEL_GONE,
        data={"entry_id": entry_id, "model": model},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_MODEL_GONE,
        translation_placeholders={"model": model},
    )


@callback
def model_answers(hass: HomeAssistant) -> None:
    """It is there, or another one is."""
    ir.async_delete_issue(hass, DOMAIN, ISSUE_MODEL_GONE)


def _raise(
    hass: HomeAssistant, issue: str, crib_id: str, name: str, *, severity: ir.IssueSeverity, fixable: bool
) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{crib_id}",
        data={"crib_id": crib_id, "name": name},
        is_fixable=fixable,
        severity=severity,
        translation_key=issue,
        translation_placeholders={"name": name},
    )


def _drop(hass: HomeAssistant, issue: str, crib_id: str) -> None:
    ir.async_delete_issue(hass, DOMAIN, f"{issue}_{crib_id}")
