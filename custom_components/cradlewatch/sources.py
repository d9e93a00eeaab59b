"""From what a parent entered to what the engine opens: addresses, camera entities, masked passwords."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
import re
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from homeassistant.components.camera import async_get_stream_source
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .const import (
    CONF_CAMERA,
    CONF_DETECTION_SOURCE,
    CONF_ROTATION,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY_TLS,
)
from .engine.errors import SourceError, SourceProblem
from .engine.picture_feed import PICTURES, PictureFeed
from .engine.settings import SourceSettings
from .engine.source.types import AbortToken, ProbeResult
from .stills import async_feed_stills, async_first_still

MASK = "********"
"""Stands in a form where a stored password is; left there, the stored one stays."""

PROBE_LIMIT_S = 35.0

_SECRET_NAME = re.compile(
    r"api_?key|key|auth|token|access_token|password|passwd|pwd|pass|secret|sig(nature)?", re.IGNORECASE
)


async def async_source_settings(
    hass: HomeAssistant, data: Mapping[str, Any], feed: PictureFeed | None = None
) -> SourceSettings:
    """Settings of the source that `data` of a crib names.

    A camera entity without a stream is read still by still: the caller fills `feed` (see `stills`).

    Raises:
        SourceError: the camera entity cannot say where its stream is.
    """
    spec = data.get(CONF_SOURCE)
    if spec is None:
        spec = await _async_stream_of_camera(hass, data[CONF_CAMERA], stills=feed is not None)
    named = _settings(hass, data, spec)
    return replace(named, feed=feed) if spec == PICTURES and CONF_SOURCE not in data else named


def detection_settings(hass: HomeAssistant, data: Mapping[str, Any]) -> SourceSettings | None:
    """Settings of the second source that `data` of a crib names for detection, None where it names none."""
    spec = data.get(CONF_DETECTION_SOURCE)
    return replace(_settings(hass, data, spec), pictures_only=True) if spec else None


def _settings(hass: HomeAssistant, data: Mapping[str, Any], spec: str) -> SourceSettings:
    return SourceSettings(
        spec=spec,
        rtsp_transport=data.get(CONF_TRANSPORT, "auto"),
        verify_tls=data.get(CONF_VERIFY_TLS, True),
        rotation_deg=int(data.get(CONF_ROTATION, 0)),
        # What Home Assistant itself lets integrations read: media, www, the user's list.
        allowed_folders=tuple(sorted(hass.config.allowlist_external_dirs)),
    )


async def _async_stream_of_camera(hass: HomeAssistant, entity_id: str, *, stills: bool) -> str:
    try:
        spec = await async_get_stream_source(hass, entity_id)
    except HomeAssistantError as err:
        # Not found, switched off, or its own integration failed: its text may hold an address.
        raise SourceError(SourceProblem.CANNOT_CONNECT, "the camera entity does not answer") from err
    if spec:
        return spec
    if not stills:
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "the camera entity offers no stream")
    await async_first_still(hass, entity_id)
    return PICTURES


async def async_probe(hass: HomeAssistant, data: Mapping[str, Any]) -> ProbeResult:
    """Open the source once and decode one picture.

    Raises:
        SourceError: with the problem that the form shows.
    """
    feed = PictureFeed()
    return await _async_probe(hass, data, await async_source_settings(hass, data, feed), feed)


async def async_probe_detection(hass: HomeAssistant, data: Mapping[str, Any]) -> ProbeResult | None:
    """The same for the second source; None where `data` names none."""
    settings = detection_settings(hass, data)
    return None if settings is None else await _async_probe(hass, data, settings, PictureFeed())


async def _async_probe(
    hass: HomeAssistant, data: Mapping[str, Any], settings: SourceSettings, feed: PictureFeed
) -> ProbeResult:
    abort = AbortToken()
    stills = None
    if settings.feed is not None:
        stills = hass.async_create_background_task(
            async_feed_stills(hass, data[CONF_CAMERA], feed), "cradlewatch stills of a camera that is tried"
        )
    try:
        async with asyncio.timeout(PROBE_LIMIT_S):
            return await hass.async_add_executor_job(partial(_probe, settings, abort))
    except TimeoutError as err:
        raise SourceError(SourceProblem.TIMEOUT, f"no picture within {PROBE_LIMIT_S:.0f} s") from err
    finally:
        # Also where the parent closed the dialog: the thread must not stay behind. Not from here: ending a connection
        # looks through this process's open files.
        hass.async_add_executor_job(abort.abort)
        if stills is not None:
            stills.cancel()


def _probe(settings: SourceSettings, abort: AbortToken) -> ProbeResult:
    # Imported in the executor: PyAV takes its time on a small machine.
    from .engine.source.probe import probe_source  # noqa: PLC0415

    return probe_source(settings, abort)


def mask_source(spec: str) -> str:
    """`spec` for a form: the password and secret-looking query values replaced by `MASK`."""
    parts = _split(spec)
    if parts is None:
        return spec
    netloc = parts.netloc
    if parts.password:
        netloc = _with_password(parts, MASK)
    query = "&".join(_map_query(pair, MASK) for pair in parts.query.split("&"))
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def unmask_source(spec: str, stored: str | None) -> str:
    """`spec` from a form, with what is still masked taken from `stored`."""
    if MASK not in spec or stored is None:
        return spec
    parts, known = _split(spec), _split(stored)
    if parts is None or known is None:
        return spec
    netloc = parts.netloc
    if parts.password == MASK and known.password:
        netloc = _with_password(parts, known.password)
    old = dict(pair.partition("=")[::2] for pair in known.query.split("&"))
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    query = "&".join(f"{name}{sep}{old.get(name, value) if value == MASK else value}" for name, sep, value in pairs)
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def _split(spec: str) -> SplitResult | None:
    if "://" not in spec:
        return None
    try:
        parts = urlsplit(spec)
        _ = parts.password
    except ValueError:
        return None
    return parts


def _with_password(parts: SplitResult, password: str) -> str:
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    host = parts.netloc.rpartition("@")[2]
    return f"{user}:{password}@{host}"


def _map_query(pair: str, mask: str) -> str:
    name, sep, value = pair.partition("=")
    return f"{name}{sep}{mask}" if value and _SECRET_NAME.fullmatch(name) else pair


def with_escaped_password(spec: str) -> str:
    """`spec` with those signs of its password escaped that cut the address short (#, /, ?).

    Parents paste raw passwords: `rtsp://me:a#b@camera/1` would otherwise be read as host `me`, port `a`.
    """
    scheme, sep, rest = spec.partition("://")
    head, at, host = rest.rpartition("@")
    user, colon, password = head.partition(":")
    if not sep or not at or not colon or _port_is_readable(spec):
        return spec
    return f"{scheme}{sep}{user}{colon}{quote(password, safe='%:@')}@{host}"


def _port_is_readable(spec: str) -> bool:
    try:
        _ = urlsplit(spec).port
    except ValueError:
        return False
    return True
