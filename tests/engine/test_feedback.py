"""A parent's word moves a threshold a little, at that hour, can be taken back, and never quiets a danger."""

from datetime import datetime, timedelta
import json
from zoneinfo import ZoneInfo

import pytest

from custom_components.cradlewatch.engine.analysis.feedback import OFFSET_MAX, FeedbackBook, FeedbackEntry, Label
from custom_components.cradlewatch.engine.models import EventKind, Severity

NOW = datetime(2026, 11, 24, 22, 30, tzinfo=ZoneInfo("Asia/Seoul"))


def _book(
    *labels: Label, kind: EventKind = EventKind.MOTION, confirmed: bool = False, at: datetime = NOW
) -> FeedbackBook:
    book = FeedbackBook()
    for number, label in enumerate(labels):
        book.give(FeedbackEntry(event_id=f"e{number}", kind=kind, label=label, at=at, confirmed_danger=confirmed))
    return book


FALSE, REAL = Label.FALSE_ALARM, Label.REAL


def test_false_alarms_raise_and_real_ones_lower_the_bar() -> None:
    assert _book(FALSE, FALSE).offset(EventKind.MOTION, NOW) == pytest.approx(0.06)
    assert _book(REAL).offset(EventKind.MOTION, NOW) == pytest.approx(-0.03)
    assert _book(FALSE, REAL).offset(EventKind.MOTION, NOW) == 0


@pytest.mark.parametrize(("label", "bound"), [(FALSE, OFFSET_MAX), (REAL, -OFFSET_MAX)])
def test_within_bounds(label: Label, bound: float) -> None:
    assert _book(*[label] * 100).offset(EventKind.MOTION, NOW) == bound


def test_only_around_that_hour_and_that_kind() -> None:
    book = _book(FALSE, FALSE)
    assert book.offset(EventKind.MOTION, NOW + timedelta(hours=1)) == pytest.approx(0.03)
    assert book.offset(EventKind.MOTION, NOW + timedelta(hours=2)) == 0
    assert book.offset(EventKind.CRYING, NOW) == 0
    late = _book(FALSE, at=NOW.replace(hour=23))
    assert late.offset(EventKind.MOTION, NOW.replace(hour=0) + timedelta(days=1)) == pytest.approx(0.015)


def test_confirmed_danger_raises_no_bar() -> None:
    book = _book(FALSE, FALSE, kind=EventKind.FACE_COVERED, confirmed=True)
    assert book.offset(EventKind.FACE_COVERED, NOW) == 0
    assert book.precision(EventKind.FACE_COVERED, NOW) == 0, "but it is counted"


def test_undo_and_change_of_mind() -> None:
    book = _book(FALSE)
    replaced = book.give(FeedbackEntry(event_id="e0", kind=EventKind.MOTION, label=REAL, at=NOW))
    assert replaced is not None
    assert replaced.label is FALSE
    assert book.offset(EventKind.MOTION, NOW) == pytest.approx(-0.03)
    assert book.undo("e0")
    assert book.offset(EventKind.MOTION, NOW) == 0
    assert not book.undo("e0")


def test_precision() -> None:
    assert _book(REAL, FALSE, FALSE, FALSE, Label.IGNORE_HOUR).precision(EventKind.MOTION, NOW) == 0.25
    assert _book().precision(EventKind.MOTION, NOW) is None


def test_ignored_for_an_hour_but_never_danger() -> None:
    book = _book(Label.IGNORE_HOUR)
    assert book.muted(EventKind.MOTION, Severity.WARNING, NOW + timedelta(minutes=59))
    assert not book.muted(EventKind.MOTION, Severity.DANGER, NOW)
    assert not book.muted(EventKind.MOTION, Severity.INFO, NOW + timedelta(minutes=60))
    assert not book.muted(EventKind.CRYING, Severity.INFO, NOW)


def test_old_words_fade() -> None:
    assert _book(FALSE).offset(EventKind.MOTION, NOW + timedelta(days=31)) == 0


def test_told_to_the_next_prompts() -> None:
    assert _book(FALSE, FALSE).prompt_lines(NOW) == ()
    assert _book(FALSE, FALSE, REAL).prompt_lines(NOW) == ("2 of the last 3 findings of motion were false alarms",)


def test_bounded_and_kept_over_a_restart() -> None:
    book = _book(*[FALSE] * 700)
    stored = json.loads(json.dumps(book.to_json()))
    assert len(stored) == 500
    again = FeedbackBook.from_json(stored)
    assert again.to_json() == book.to_json()
    assert again.offset(EventKind.MOTION, NOW) == book.offset(EventKind.MOTION, NOW)
    assert FeedbackBook.from_json(None).to_json() == []


def test_a_word_taken_back_leaves_a_confirmed_danger_what_it_was() -> None:
    """After the first word the incident is a person's: the second no longer says that a model had confirmed it."""
    book = _book(FALSE, confirmed=True)
    assert book.undo("e0")
    book.give(FeedbackEntry(event_id="e0", kind=EventKind.MOTION, label=FALSE, at=NOW))
    assert book.offset(EventKind.MOTION, NOW) == 0
