"""What a model is told and shown beside the newest picture: data only, bounded, without names of people."""

from dataclasses import replace
from io import BytesIO
import logging
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from PIL import Image

from .const import DOMAIN
from .engine.analysis.jobs import MAX_PICTURES, CheckContext, EarlierVerdict, LocalFindings
from .engine.models import Picture, Verdict
from .engine.settings import CheckSettings, Zone
from .engine.stages import age_months
from .home_settings import context_of

if TYPE_CHECKING:
    from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
_UNKNOWN = ("unknown", "unavailable", "")
# States in which nothing that a parent picked as dangerous is so.
_HARMLESS = frozenset({"off", "closed", "locked", "idle", "docked", "standby", "not_home", "false", *_UNKNOWN})
_MARGIN = 0.1
_SPAN_S = 12.0


def check_context(monitor: CribMonitor, picture: Picture, earlier: tuple[Verdict, ...]) -> CheckContext:
    """The context of a check of `picture`."""
    hass, state = monitor.hass, monitor.keeper.state
    chosen = context_of(monitor.entry.options)
    birthdate = monitor.config.birthdate
    now_at = dt_util.utcnow()
    home = [found for entity_id in chosen.persons if (found := hass.states.get(entity_id))]
    return CheckContext(
        language=hass.config.language,
        age_months=age_months(birthdate, dt_util.now().date()) if birthdate else None,
        local_time=dt_util.as_local(picture.taken_at),
        findings=LocalFindings(
            activity=state.activity,
            motion=state.motion,
            occupancy=state.occupancy,
            sound=state.sound,
            crying=state.crying,
            sleep=state.sleep,
        ),
        room=tuple(_reading(found) for found in _known(monitor, chosen.room)),
        persons_home=sum(found.state == "home" for found in home) if home else None,
        dangerous_states=tuple(
            f"{_nameless(monitor, found)}: {found.state}"
            for found in _known(monitor, chosen.dangers)
            if found.state.lower() not in _HARMLESS
        ),
        rules=tuple(_without(monitor, rule) for rule in chosen.rules),
        earlier=tuple(
            EarlierVerdict(
                minutes_ago=round((now_at - verdict.taken_at).total_seconds() / 60),
                safety=verdict.safety,
                title=verdict.title or "",
            )
            for verdict in earlier
        ),
        feedback=monitor.feedback.book.prompt_lines(dt_util.now()),
    )


async def async_pictures(
    monitor: CribMonitor, newest: Picture, settings: CheckSettings, *, several: bool
) -> tuple[Picture, ...]:
    """The newest picture; for a suspicion up to two before it: at its beginning and just before that.

    Cropped to the crib where the parent wants that and a zone says where it is.
    """
    pictures: tuple[Picture, ...] = (newest,)
    if several and (began_s := monitor.suspected_since_s) is not None and newest.at_s - began_s < _SPAN_S:
        found = await monitor.async_pictures_around(began_s, long_edge_px=settings.long_edge_px)
        before = [picture for picture in found if picture.at_s < newest.at_s][: MAX_PICTURES - 1]
        pictures = (*before, newest)
    zones = [zone for zone in monitor.config.zones if zone.kind == "crib"]
    if not zones or not context_of(monitor.entry.options).crop:
        return pictures
    return await monitor.hass.async_add_executor_job(lambda: tuple(_cropped(picture, zones) for picture in pictures))


def _cropped(picture: Picture, zones: list[Zone]) -> Picture:
    """The part of the picture that holds the crib, with a margin: a head over its edge must be seen. Executor."""
    xs = [x for zone in zones for x, _ in zone.points_xy]
    ys = [y for zone in zones for _, y in zone.points_xy]
    width, height = picture.size_wh
    box = (
        round(max(0.0, min(xs) - _MARGIN) * width),
        round(max(0.0, min(ys) - _MARGIN) * height),
        round(min(1.0, max(xs) + _MARGIN) * width),
        round(min(1.0, max(ys) + _MARGIN) * height),
    )
    out = BytesIO()
    with Image.open(BytesIO(picture.jpeg)) as image:
        part = image.crop(box)
        part.save(out, "JPEG", quality=85)
    return replace(picture, jpeg=out.getvalue(), size_wh=part.size)


def _known(monitor: CribMonitor, entity_ids: tuple[str, ...]) -> list[State]:
    """States that are known, of this crib's area where both have one: another room's air says nothing here."""
    hass = monitor.hass
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, monitor.config.crib_id), monitor.entry.entry_id)
    mine = device.area_id if device else None
    states = [hass.states.get(entity_id) for entity_id in entity_ids]
    return [
        state
        for state in states
        if state is not None
        and state.state not in _UNKNOWN
        and (mine is None or _area_of(hass, state.entity_id) in (None, mine))
    ]


def _area_of(hass: HomeAssistant, entity_id: str) -> str | None:
    row = er.async_get(hass).async_get(entity_id)
    if row is None or row.area_id or row.device_id is None:
        return row.area_id if row else None
    device = dr.async_get(hass).async_get(row.device_id)
    return device.area_id if device else None


def _reading(state: State) -> tuple[str, str]:
    """Its kind rather than its name: "Mina's room temperature" names a child."""
    kind = state.attributes.get("device_class") or state.entity_id.partition(".")[0]
    unit = state.attributes.get("unit_of_measurement") or ""
    return str(kind).replace("_", " "), f"{state.state} {unit}".strip()


def _nameless(monitor: CribMonitor, state: State) -> str:
    return _without(monitor, str(state.attributes.get("friendly_name") or state.entity_id.partition(".")[2]))


def _without(monitor: CribMonitor, text: str) -> str:
    """`text` with "the child" in the place of the names of cribs: they often are those of children."""
    for subentry in monitor.entry.subentries.values():
        if len(subentry.title) > 1:
            text = text.replace(subentry.title, "the child")
    return text
