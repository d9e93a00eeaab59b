"""A day put together from the demo's script: which second of the recording is on, and which danger is there.

The script's beats (five minutes) are the pieces: a child that sleeps in infrared light, stirs, cries, sits, stands, is
out of view. Night, naps, play and hours away are made of them; twenty dangers begin with the movement of a piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
import random

from custom_components.cradlewatch.engine.models import EventKind, Severity
from scripts.demo_senses import Second, load

DAY_S = 86_400
LASTS_S = 240
"""A danger that nobody sees ends by itself, for the sake of the count."""
PARENT_S = 60
"""From the verdict until a parent stands at the crib."""

type Piece = tuple[int, int]
"""From and to, in seconds of the script."""

STILL_NIGHT: Piece = (209, 243)
STIR_NIGHT: Piece = (245, 257)
STILL_DAY: Piece = (193, 200)
STIR_DAY: Piece = (10, 18)
CRIES: Piece = (38, 62)
SITS: Piece = (64, 76)
STANDS: Piece = (78, 90)
CARER: Piece = (92, 104)
AWAY: Piece = (134, 145)


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """A staged danger: `piece` is the movement that brings it about, from its second `after_s` on it is there."""

    at_s: int
    name: str
    piece: Piece
    after_s: int = 5


@dataclass(frozen=True, slots=True)
class Span:
    """What the child does from `start_s` to `end_s` of the day."""

    start_s: int
    end_s: int
    what: str


def _at(clock: str) -> int:
    hours, minutes = (int(part) for part in clock.split(":"))
    return hours * 3600 + minutes * 60


SPANS = tuple(
    Span(_at(start), _at(end), what)
    for start, end, what in (
        ("00:00", "06:30", "night"),
        ("06:30", "07:10", "play"),
        ("07:10", "09:30", "away"),
        ("09:30", "10:30", "nap"),
        ("10:30", "10:55", "play"),
        ("10:55", "13:00", "away"),
        ("13:00", "15:00", "nap"),
        ("15:00", "15:30", "play"),
        ("15:30", "17:30", "away"),
        ("17:30", "17:55", "play"),
        ("17:55", "20:00", "away"),
        ("20:00", "24:00", "night"),
    )
)


def span_of(danger: Danger) -> str:
    """What the child was doing before it."""
    return next(span.what for span in SPANS if span.start_s <= danger.at_s < span.end_s)


_STAGED = (
    ("00:41", "a blanket over the face", STIR_NIGHT),
    ("01:52", "a blanket over the face", STIR_NIGHT),
    ("02:33", "rolled on the stomach", STIR_NIGHT),
    ("03:17", "rolled on the stomach", STIR_NIGHT),
    ("04:28", "a cord at the neck", STIR_NIGHT),
    ("05:09", "face in the side of the crib", STIR_NIGHT),
    ("06:36", "climbs over the rail", STANDS),
    ("06:48", "climbs over the rail", STANDS),
    ("07:03", "an object in the mouth", SITS),
    ("09:40", "a blanket over the face", STIR_DAY),
    ("10:12", "rolled on the stomach", STIR_DAY),
    ("10:44", "climbs over the rail", STANDS),
    ("13:26", "rolled on the stomach", STIR_DAY),
    ("14:05", "a blanket over the face", STIR_DAY),
    ("14:37", "a cord at the neck", STIR_DAY),
    ("15:08", "climbs over the rail", STANDS),
    ("15:21", "an object in the mouth", SITS),
    ("17:33", "a cord at the neck", SITS),
    ("20:54", "a blanket over the face", STIR_NIGHT),
    ("22:51", "rolled on the stomach", STIR_NIGHT),
)
DANGERS = tuple(Danger(at_s=_at(clock), name=name, piece=piece) for clock, name, piece in _STAGED)
QUIET = Danger(at_s=_at("03:50"), name="one without any movement or sound", piece=STILL_NIGHT, after_s=0)
"""Not one of the twenty: what no detector can see, waits for the clock."""


def dangers_of(seed: int) -> tuple[Danger, ...]:
    """The staged dangers, each moved by up to a minute: else one lucky or unlucky phase would decide."""
    rng = random.Random(seed)
    return tuple(replace(danger, at_s=danger.at_s + rng.randint(-60, 60)) for danger in (*DANGERS, QUIET))


class Day:
    """The seconds of one day. What is done about a danger changes what comes after."""

    def __init__(self, seed: int) -> None:
        self._recording = load()
        self._on = tuple(_conditions(self._recording))
        rng = random.Random(seed)
        self._base = [piece for span in SPANS for piece in _fill(span, rng)]
        self.dangers = dangers_of(seed)
        self._cared_s: dict[int, int] = {}

    def danger_at(self, now_s: int) -> int | None:
        """Index of the danger that is there now."""
        for index, danger in enumerate(self.dangers):
            end_s = self._cared_s.get(index, danger.at_s + LASTS_S)
            if danger.at_s <= now_s < end_s:
                return index
        return None

    def seen(self, index: int, now_s: int) -> None:
        """A verdict told a parent of this danger: in a minute it is over."""
        self._cared_s.setdefault(index, now_s + PARENT_S)

    def second(self, now_s: int) -> Second:
        """What the detectors say."""
        return self._recording[self._index(now_s)]

    def conditions(self, now_s: int) -> frozenset[tuple[EventKind, str | None, Severity]]:
        """What the detectors report as on, beside the reading."""
        return self._on[self._index(now_s)]

    def _index(self, now_s: int) -> int:
        for index, danger in enumerate(self.dangers):
            begins_s = danger.at_s - danger.after_s
            cared_s = self._cared_s.get(index)
            if cared_s is not None and cared_s <= now_s < cared_s + CARER[1] - CARER[0]:
                return CARER[0] + now_s - cared_s
            if begins_s <= now_s < (cared_s or danger.at_s + LASTS_S):
                return _staged(danger.piece, now_s - begins_s)
        return self._base[now_s]


def _staged(piece: Piece, since_s: int) -> int:
    """The movement, then what it leaves behind: stillness, or more of the same while the child is up."""
    start, end = piece
    if piece in (SITS, STANDS) or since_s < end - start:
        return start + since_s % (end - start)
    still = STILL_DAY if piece == STIR_DAY else STILL_NIGHT
    return still[0] + (since_s - (end - start)) % (still[1] - still[0])


def _fill(span: Span, rng: random.Random) -> Iterator[int]:
    """Indices into the recording for every second of a span."""
    left_s = span.end_s - span.start_s
    while left_s > 0:
        for start, end, times in _some(span.what, rng):
            for _ in range(times):
                yield from range(start, min(end, start + left_s))
                left_s -= min(end - start, left_s)


def _some(what: str, rng: random.Random) -> tuple[tuple[int, int, int], ...]:
    """A few pieces, each a number of times."""
    if what == "away":
        return ((*AWAY, 1),)
    if what == "play":
        pieces = [(*SITS, rng.randint(1, 8)), (*STIR_DAY, rng.randint(0, 3)), (*STILL_DAY, rng.randint(0, 1))]
        rng.shuffle(pieces)
        return tuple(pieces)
    still, stir = (STILL_NIGHT, STIR_NIGHT) if what == "night" else (STILL_DAY, STIR_DAY)
    calm_s = 60 + rng.expovariate(1 / 900)
    wakes = (*CRIES, 3) if rng.random() < 0.02 else (*stir, 0)
    return (*still, max(1, round(calm_s / (still[1] - still[0])))), (*stir, 1), wakes


def _conditions(recording: list[Second]) -> Iterator[frozenset[tuple[EventKind, str | None, Severity]]]:
    """What is on in each second: signals tell only when it went on and off."""
    on: set[tuple[EventKind, str | None, Severity]] = set()
    for _ in range(2):
        # Twice: what is on at the end of the script is on at its beginning.
        found = []
        for second in recording:
            for signal in second.signals:
                if signal.momentary:
                    continue
                kept = {item for item in on if item[:2] != (signal.kind, signal.zone)}
                on = kept | {(signal.kind, signal.zone, signal.severity)} if signal.active else kept
            found.append(frozenset(on))
    yield from found
