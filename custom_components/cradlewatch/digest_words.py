"""Writes a digest by code: plain sentences in the language of the home, each with the ids that it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .engine.models import MonitorEvent, Phase, Severity, Status
from .engine.windows.digest import DigestDraft, DigestMaterial, DigestSource, DigestSpan, SourceKind
from .engine.windows.report import Statement
from .engine.windows.states import StoredWindow, WindowState
from .wording import Texts, duration, words

_TIMES_MAX = 6
_UNSEEN = ("privacy", "camera_lost", "no_picture", "storage", "not_running")
_NOT_UNDERSTOOD = "overload"


@dataclass(frozen=True, slots=True)
class DigestWords:
    """The words of one crib. Times are told in the home's time zone."""

    texts: Texts
    name: str

    def event(self, event: MonitorEvent) -> str:
        """What happened, not that it is over."""
        return words(replace(event, phase=Phase.OPENED), self.name, self.texts)[0]

    def window(self, item: StoredWindow) -> str:
        """Whether it was watched."""
        said = self.texts.digest
        if item.reason in _UNSEEN:
            return said["window_unseen"].replace("{reason}", said[item.reason])
        return said["window_seen"]

    def draft(self, material: DigestMaterial, sources: Sequence[DigestSource]) -> DigestDraft:
        """The digest's sentences: the serious first, then sleep, what else was noted, and what was not seen."""
        ids = {(source.kind, source.ref): source.source_id for source in sources}
        told = [event for event in material.events if event.status is not Status.DISMISSED]
        sentences = [
            *self._incidents([event for event in told if _serious(event)], ids),
            *self._score(material, ids),
            *self._asleep(material, ids),
            *self._reports(material, sources),
            *self._incidents([event for event in told if not _serious(event)], ids),
            *self._windows(material, ids, quiet=not told and not material.reports),
        ]
        return DigestDraft(sentences=tuple(sentences))

    def _incidents(self, events: Sequence[MonitorEvent], ids: dict[tuple[SourceKind, str], str]) -> list[Statement]:
        by_words: dict[tuple[str, Severity], list[MonitorEvent]] = {}
        for event in events:
            by_words.setdefault((self.event(event), event.severity), []).append(event)
        found = []
        for (what, severity), same in by_words.items():
            form = "serious" if _serious(same[0]) else "once" if len(same) == 1 else "often"
            text = self._filled(
                form,
                what=what,
                severity=self.texts.severities[severity],
                count=str(len(same)),
                times=self._times([event.started_at for event in same]),
            )
            evidence = tuple(ids[SourceKind.INCIDENT, event.event_id] for event in same)
            found.append(Statement(text=text, evidence=evidence))
        return found

    def _score(self, material: DigestMaterial, ids: dict[tuple[SourceKind, str], str]) -> list[Statement]:
        lowest = material.lowest
        if lowest is None or lowest.score is None:
            return []
        text = self._filled("score", score=str(lowest.score), times=self._times([lowest.window.start_at]))
        return [Statement(text=text, evidence=(ids[SourceKind.WINDOW, lowest.window.name],))]

    def _asleep(self, material: DigestMaterial, ids: dict[tuple[SourceKind, str], str]) -> list[Statement]:
        if not material.sleep:
            return []
        longest = max(end - start for start, end in material.sleep)
        text = self._filled(
            "asleep", asleep=duration(material.asleep, self.texts), longest=duration(longest, self.texts)
        )
        return [Statement(text=text, evidence=tuple(ids[SourceKind.SLEEP, s.isoformat()] for s, _ in material.sleep))]

    def _reports(self, material: DigestMaterial, sources: Sequence[DigestSource]) -> list[Statement]:
        """What the video model saw, a sentence of each window of an hour; a day has too many of them."""
        if material.span is DigestSpan.DAY:
            return []
        return [
            Statement(text=f"{self._time(source.at)} {source.what}", evidence=(source.source_id,))
            for source in sources
            if source.kind is SourceKind.REPORT
        ]

    def _windows(
        self, material: DigestMaterial, ids: dict[tuple[SourceKind, str], str], *, quiet: bool
    ) -> list[Statement]:
        seen = [item for item in material.windows if item.coverage]
        whole = material.end_at - material.start_at
        found: list[tuple[str, list[StoredWindow]]] = []
        if quiet and seen:
            found.append((self.texts.digest["quiet"], seen))
        for reason in _UNSEEN:
            unseen = [item for item in material.windows if item.reason == reason]
            time = sum((timedelta(seconds=item.window.length_s) for item in unseen), timedelta())
            form = self._filled("not_watched", time=duration(time, self.texts), reason=self.texts.digest[reason])
            found.append((form, unseen))
        unread = [i for i in material.windows if i.state is WindowState.FAILED or i.reason == _NOT_UNDERSTOOD]
        found.append((self._filled("not_understood", count=str(len(unread))), unread))
        watched = duration(material.watched, self.texts)
        found.append((self._filled("watched", watched=watched, all=duration(whole, self.texts)), seen))
        return [
            Statement(text=text, evidence=tuple(ids[SourceKind.WINDOW, item.window.name] for item in items))
            for text, items in found
            if items
        ]

    def _times(self, moments: Sequence[datetime]) -> str:
        said = ", ".join(self._time(at) for at in moments[:_TIMES_MAX])
        if len(moments) <= _TIMES_MAX:
            return said
        return self._filled("more", times=said, count=str(len(moments) - _TIMES_MAX))

    def _time(self, at: datetime) -> str:
        return dt_util.as_local(at).strftime("%H:%M")

    def _filled(self, form: str, **values: str) -> str:
        # Not str.format: a name or a model's words with braces in them are words.
        text = self.texts.digest[form]
        for key, value in sorted(values.items(), key=lambda item: item[0] == "what"):
            text = text.replace(f"{{{key}}}", value)
        return text


def _serious(event: MonitorEvent) -> bool:
    return event.severity.rank >= Severity.WARNING.rank
