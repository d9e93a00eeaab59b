"""Digests of a home: one for each hour and each day, made once, kept, shown, and on request."""

from collections.abc import Coroutine, Mapping
from datetime import date, datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.util import dt as dt_util

from .const import ProviderName
from .digest_view import digest_details, digest_view
from .digest_words import DigestWords
from .engine.analysis.digest_schema import DigestLine, DigestRequest
from .engine.errors import AnalysisError, StoreError
from .engine.models import EventKind, MonitorEvent, Severity
from .engine.stages import age_months
from .engine.store import Store
from .engine.windows.digest import (
    Digest,
    DigestMaterial,
    DigestSource,
    DigestSpan,
    Stretch,
    digest_of,
    sources_of,
    told_sources,
)
from .phrases import texts_of
from .storage import AsyncStore

if TYPE_CHECKING:
    from .monitor import CribMonitor
    from .report_office import ReportOffice

_LOGGER = logging.getLogger(__name__)
EVENT_DIGEST = "cradlewatch_digest"
_MINUTE, _SECOND = 4, 30
"""After the full hour: the report of its last window is due after 25 s and takes up to two and a half minutes."""
_CATCH_UP_S = 300.0
"""After a start, what waits is understood first."""
_ROWS_MAX = 2000


class DigestDesk:
    """One for the home. Event loop only; what is read comes from the store, what is asked goes through the lane."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        store: AsyncStore,
        office: ReportOffice,
        cribs: Mapping[str, CribMonitor],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._office = office
        self._cribs = cribs

    @callback
    def start(self) -> None:
        """Digest each hour and day that ends, and what ended while nothing ran."""
        self._entry.async_on_unload(
            async_track_time_change(self._hass, self._hour_ended, minute=_MINUTE, second=_SECOND)
        )
        self._entry.async_on_unload(async_call_later(self._hass, _CATCH_UP_S, self._catch_up))

    async def async_restore(self, monitor: CribMonitor) -> None:
        """Show the newest digests of before the restart."""
        for span in DigestSpan:
            try:
                digest = await self._office.book.last_digest(monitor.config.crib_id, span)
            except (StoreError, ValueError) as error:
                _LOGGER.debug("A digest of %s cannot be read: %s", monitor.config.name, type(error).__name__)
                continue
            if digest is not None:
                self._show(monitor, digest)

    async def async_digest(self, monitor: CribMonitor, span: DigestSpan, at: datetime | None = None) -> Digest | None:
        """The digest of the hour or day of `at` (the last one that is over, without). None where nothing was kept.

        One that is kept is given out; of a time that is not over one is made and not kept.

        Raises:
            StoreError: the store cannot be read or written.
        """
        now = dt_util.utcnow()
        start_at, end_at = _last(span, now) if at is None else _around(span, at)
        crib_id = monitor.config.crib_id
        kept = await self._office.book.digest_at(crib_id, span, start_at)
        if kept is not None:
            return kept
        digest = await self._make(monitor, span, start_at, min(end_at, now))
        if digest is not None and end_at <= now:
            await self._office.book.save_digest(crib_id, digest)
        return digest

    @callback
    def _hour_ended(self, now: datetime) -> None:
        spans = [DigestSpan.HOUR]
        if dt_util.as_local(now).hour == 0:
            spans.append(DigestSpan.DAY)
        self._begin(self._make_all(spans))

    @callback
    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._entry.async_create_background_task(self._hass, work, "cradlewatch digests")

    @callback
    def _catch_up(self, _now: datetime) -> None:
        self._begin(self._make_all(list(DigestSpan)))

    async def _make_all(self, spans: list[DigestSpan]) -> None:
        for monitor in tuple(self._cribs.values()):
            for span in spans:
                try:
                    await self._make_once(monitor, span)
                except (StoreError, ValueError) as error:
                    _LOGGER.warning("No digest of %s: %s", monitor.config.name, type(error).__name__)

    async def _make_once(self, monitor: CribMonitor, span: DigestSpan) -> None:
        """The digest of the last hour or day, unless it is there already."""
        start_at, _ = _last(span, dt_util.utcnow())
        if await self._office.book.digest_at(monitor.config.crib_id, span, start_at) is not None:
            return
        digest = await self.async_digest(monitor, span)
        if digest is None:
            return
        self._show(monitor, digest)
        self._hass.bus.async_fire(EVENT_DIGEST, {"crib": monitor.config.name, **digest_details(digest)})

    @callback
    def _show(self, monitor: CribMonitor, digest: Digest) -> None:
        monitor.keeper.set_digest(digest_view(digest), of_day=digest.span is DigestSpan.DAY)

    async def _make(
        self, monitor: CribMonitor, span: DigestSpan, start_at: datetime, end_at: datetime
    ) -> Digest | None:
        material = await self._material(monitor, span, start_at, end_at)
        words = DigestWords(texts_of(self._hass), monitor.config.name)
        sources = sources_of(material, words.event, words.window)
        if not sources:
            return None
        failure: str | None = None
        if span is DigestSpan.DAY and self._office.may_send(monitor) and self._office.caller.sums_up:
            try:
                draft = await self._office.caller.async_digest(self._request(monitor, material, sources))
            except AnalysisError as error:
                failure = error.failure.value
            else:
                digest = digest_of(
                    material, sources, draft, provider=ProviderName.GEMINI.value, made_at=dt_util.utcnow()
                )
                if digest.statements:
                    return digest
                failure = "unreadable"
        draft = words.draft(material, sources)
        return digest_of(material, sources, draft, provider="local", made_at=dt_util.utcnow(), failure=failure)

    async def _material(
        self, monitor: CribMonitor, span: DigestSpan, start_at: datetime, end_at: datetime
    ) -> DigestMaterial:
        crib_id, book = monitor.config.crib_id, self._office.book
        rows = await book.windows(crib_id, start=start_at, end=end_at, limit=_ROWS_MAX)
        by_window = {row.window: row for row in rows}
        reports = await book.reports_between(crib_id, start_at, end_at)
        stored = await self._store.async_read(
            Store.events, crib_id=crib_id, start=start_at, end=end_at, limit=_ROWS_MAX
        )
        return DigestMaterial(
            span=span,
            start_at=start_at,
            end_at=end_at,
            # What still waits or runs says nothing yet.
            windows=tuple(row for row in reversed(rows) if row.coverage is not None),
            # A local report repeats the incidents: those are told from the store.
            reports=tuple((by_window[w], r) for w, r in reports if w in by_window and r.model is not None),
            events=tuple(item.event for item in reversed(stored) if item.event.kind is not EventKind.TEST),
            sleep=_inside(monitor, start_at, end_at),
        )

    def _request(
        self, monitor: CribMonitor, material: DigestMaterial, sources: tuple[DigestSource, ...]
    ) -> DigestRequest:
        birthdate = monitor.config.birthdate
        serious = frozenset(event.event_id for event in material.events if _serious(event))
        return DigestRequest(
            crib=monitor.config.crib_id,
            lines=tuple(_line(source) for source in told_sources(sources, serious)),
            language=self._hass.config.language,
            age_months=age_months(birthdate, dt_util.now().date()) if birthdate else None,
        )


def _serious(event: MonitorEvent) -> bool:
    return event.severity.rank >= Severity.WARNING.rank


def _line(source: DigestSource) -> DigestLine:
    start, end = (dt_util.as_local(at).strftime("%H:%M") for at in (source.at, source.until))
    when = start if start == end else f"{start}-{end}"
    return DigestLine(source_id=source.source_id, kind=source.kind, when=when, what=source.what or "asleep")


def _inside(monitor: CribMonitor, start_at: datetime, end_at: datetime) -> tuple[Stretch, ...]:
    spans = (span for session in monitor.insight.sessions for span in session.spans(dt_util.utcnow()))
    return tuple((max(start, start_at), min(end, end_at)) for start, end in spans if start < end_at and end > start_at)


def _around(span: DigestSpan, at: datetime) -> Stretch:
    """The local hour or day of `at`, in UTC. A day of a change of the clock has 23 or 25 hours."""
    local = dt_util.as_local(at)
    if span is DigestSpan.HOUR:
        start_at = dt_util.as_utc(local.replace(minute=0, second=0, microsecond=0))
        return start_at, start_at + timedelta(hours=1)
    return _midnight(local.date()), _midnight(local.date() + timedelta(days=1))


def _last(span: DigestSpan, now: datetime) -> Stretch:
    """The last one that is over."""
    start_at, _ = _around(span, now)
    return _around(span, start_at - timedelta(minutes=1))


def _midnight(day: date) -> datetime:
    return dt_util.as_utc(dt_util.start_of_local_day(day))
