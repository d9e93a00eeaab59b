"""The last 24 hours as one picture: safety score, incidents, sleep, activity. Pure drawing with Pillow, no words.

Read at phone size: at 360 pixels of width every mark is still two pixels wide. It speaks in signs and numbers only, so
that it needs no font of any language: a shield for the score, a triangle for incidents, a moon for sleep, a wave for
activity. What is not known is left empty and hatched, never drawn as quiet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
import io

from PIL import Image, ImageDraw, ImageFont

from .models import Severity

SIZE_WH = (1080, 810)
SPAN = timedelta(hours=24)

type Colour = tuple[int, int, int]
type Box = tuple[float, float, float, float]

_LEFT, _RIGHT, _TOP = 108, 24, 20
_HOURS_EVERY = 4
_SCORE, _INCIDENTS, _SLEEP, _ACTIVITY = (20, 250), (286, 406), (442, 522), (558, 728)
_AXIS_Y = 740
_TEXT_PX = 36
_LEVELS = (50, 100)
_STILL_LEVEL = 4.0
"""A level below this is no bar at all on the scale: a line on the floor says that it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours. Each pair of mark and ground differs in lightness, too: no colour is needed to tell them apart."""

    ground: Colour
    panel: Colour
    grid: Colour
    text: Colour
    hatch: Colour
    good: Colour
    fair: Colour
    bad: Colour
    sleep: Colour
    activity: Colour
    info: Colour


LIGHT = Theme(
    ground=(255, 255, 255),
    panel=(241, 243, 245),
    grid=(206, 212, 218),
    text=(33, 37, 41),
    hatch=(206, 212, 218),
    good=(47, 133, 90),
    fair=(201, 122, 8),
    bad=(200, 30, 40),
    sleep=(66, 82, 175),
    activity=(14, 124, 134),
    info=(120, 128, 136),
)
DARK = Theme(
    ground=(17, 20, 24),
    panel=(30, 35, 41),
    grid=(66, 74, 83),
    text=(233, 236, 239),
    hatch=(58, 66, 75),
    good=(104, 211, 145),
    fair=(246, 190, 90),
    bad=(255, 107, 107),
    sleep=(140, 158, 255),
    activity=(77, 208, 225),
    info=(160, 168, 176),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotWindow:
    """One window. `known` False: it was not watched. `activity` 0 to 100."""

    start_at: datetime
    end_at: datetime
    known: bool
    score: int | None = None
    activity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotData:
    """What is drawn, up to `end_at` (aware, in the home's time zone)."""

    end_at: datetime
    windows: tuple[PlotWindow, ...] = ()
    sleep: tuple[tuple[datetime, datetime], ...] = ()
    incidents: tuple[tuple[datetime, Severity], ...] = ()


def draw_plot(data: PlotData, *, dark: bool) -> bytes:
    """A PNG of `SIZE_WH`."""
    sheet = _Sheet(data, DARK if dark else LIGHT)
    sheet.panels()
    sheet.scores()
    sheet.incidents()
    sheet.sleep()
    sheet.activity()
    return sheet.png()


class _Sheet:
    """One drawing. Coordinates are pixels."""

    def __init__(self, data: PlotData, theme: Theme) -> None:
        self._data = data
        self._theme = theme
        self._image = Image.new("RGB", SIZE_WH, theme.ground)
        self._draw = ImageDraw.Draw(self._image)
        self._font = _font()
        # In UTC: a day on which the clock changes has its 24 hours, too. Labels are of the clock on the wall.
        self._start_at = data.end_at.astimezone(UTC) - SPAN

    def png(self) -> bytes:
        out = io.BytesIO()
        # Few colours: a palette makes it a third of the size and of the work.
        self._image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()

    def panels(self) -> None:
        """Grounds, hours, the signs at the left, and what was not watched."""
        theme, draw = self._theme, self._draw
        signs: tuple[tuple[tuple[int, int], Callable[[float, float], None]], ...] = (
            (_SCORE, self._shield),
            (_INCIDENTS, self._triangle),
            (_SLEEP, self._moon),
            (_ACTIVITY, self._wave),
        )
        for (top, bottom), sign in signs:
            draw.rectangle((_LEFT, top, SIZE_WH[0] - _RIGHT, bottom), fill=theme.panel)
            sign(40, (top + bottom) / 2)
        for start, end in self._unknown():
            for top, bottom in (_SCORE, _INCIDENTS, _SLEEP, _ACTIVITY):
                self._hatch((start, top, end, bottom))
        self._hours()
        for level in _LEVELS:
            y = self._score_y(level)
            draw.line((_LEFT, y, SIZE_WH[0] - _RIGHT, y), fill=theme.grid, width=2)
            draw.text((_LEFT - 10, y), str(level), fill=theme.text, font=self._font, anchor="rm")

    def scores(self) -> None:
        """What each judged window lost hangs from the top: a line for nothing lost, the longer the worse."""
        theme = self._theme
        top = self._score_y(100)
        for window in self._data.windows:
            if window.score is None:
                continue
            colour = theme.good if window.score >= 90 else theme.fair if window.score >= 65 else theme.bad
            self._bar(window, top - 8, max(top + 8, self._score_y(window.score)), colour)

    def incidents(self) -> None:
        """A mark for each: the more serious, the larger and higher."""
        theme = self._theme
        marks = {
            Severity.INFO: (theme.info, 0.80, 9),
            Severity.WARNING: (theme.fair, 0.50, 14),
            Severity.DANGER: (theme.bad, 0.22, 19),
        }
        for at, severity in sorted(self._data.incidents, key=lambda item: item[1].rank):
            if severity not in marks or not self._start_at <= at <= self._data.end_at:
                continue
            colour, height, radius = marks[severity]
            x, y = self._x(at), _INCIDENTS[0] + (_INCIDENTS[1] - _INCIDENTS[0]) * height
            if severity is Severity.INFO:
                self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
            elif severity is Severity.WARNING:
                self._draw.polygon(((x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)), fill=colour)
            else:
                self._draw.polygon(
                    ((x, y - radius), (x + radius, y + radius * 0.8), (x - radius, y + radius * 0.8)), fill=colour
                )

    def sleep(self) -> None:
        """Stretches of sleep."""
        for start, end in self._data.sleep:
            if end <= self._start_at or start >= self._data.end_at:
                continue
            left, right = self._x(max(start, self._start_at)), self._x(min(end, self._data.end_at))
            self._draw.rectangle((left, _SLEEP[0] + 8, max(right, left + 4), _SLEEP[1] - 8), fill=self._theme.sleep)

    def activity(self) -> None:
        """The mean level of each window, on a scale that lets small movement be seen."""
        height = _ACTIVITY[1] - _ACTIVITY[0]
        for window in self._data.windows:
            if window.activity is None:
                continue
            share = (min(100.0, max(0.0, window.activity)) / 100) ** 0.5 if window.activity >= _STILL_LEVEL else 0.0
            self._bar(window, _ACTIVITY[1] - max(6.0, share * height), _ACTIVITY[1], self._theme.activity)

    def _bar(self, window: PlotWindow, top: float, bottom: float, colour: Colour) -> None:
        if window.end_at <= self._start_at or window.start_at >= self._data.end_at:
            return
        left, right = self._x(max(window.start_at, self._start_at)), self._x(min(window.end_at, self._data.end_at))
        self._draw.rectangle((left, top, max(left + 2, right - 1), bottom), fill=colour)

    def _hours(self) -> None:
        """Full hours of the wall clock, labelled every fourth: in local time, a change of the clock included."""
        at = self._start_at.astimezone(self._data.end_at.tzinfo).replace(minute=0, second=0, microsecond=0)
        while at <= self._data.end_at:
            if at >= self._start_at and at.hour % _HOURS_EVERY == 0:
                x = self._x(at)
                self._draw.line((x, _TOP, x, _ACTIVITY[1]), fill=self._theme.grid, width=2)
                if _LEFT + 20 < x < SIZE_WH[0] - 20:
                    label = f"{at.hour:02}"
                    self._draw.text((x, _AXIS_Y), label, fill=self._theme.text, font=self._font, anchor="mt")
            at = _an_hour_later(at)

    def _unknown(self) -> list[tuple[float, float]]:
        """Where nothing is known: no window, or one that was not watched."""
        known = sorted(
            (max(w.start_at, self._start_at), min(w.end_at, self._data.end_at)) for w in self._data.windows if w.known
        )
        found, at = [], self._start_at
        for start, end in known:
            if end <= self._start_at:
                continue
            if start > at:
                found.append((self._x(at), self._x(start)))
            at = max(at, end)
        if at < self._data.end_at - timedelta(minutes=15):
            found.append((self._x(at), self._x(self._data.end_at)))
        return found

    def _hatch(self, box: Box) -> None:
        left, top, right, bottom = box
        if right - left < 2:
            return
        # Drawn on a tile of its own, so that no line leaves the box.
        tile = Image.new("RGB", (max(1, round(right - left)), round(bottom - top)), self._theme.panel)
        pen = ImageDraw.Draw(tile)
        shift = round(left) % 16
        for x in range(-tile.height - 16, tile.width + 16, 16):
            pen.line((x - shift, tile.height, x - shift + tile.height, 0), fill=self._theme.hatch, width=3)
        self._image.paste(tile, (round(left), round(top)))

    def _score_y(self, score: float) -> float:
        """50 (the lowest there is) to 100."""
        top, bottom = _SCORE[0] + 18, _SCORE[1] - 18
        return bottom - (bottom - top) * (score - 50) / 50

    def _x(self, at: datetime) -> float:
        share = (at - self._start_at).total_seconds() / SPAN.total_seconds()
        return _LEFT + (SIZE_WH[0] - _RIGHT - _LEFT) * share

    # Signs, about 48 pixels, around (x, y)

    def _shield(self, x: float, y: float) -> None:
        outline = ((x - 22, y - 22), (x, y - 30), (x + 22, y - 22), (x + 19, y + 8), (x, y + 28), (x - 19, y + 8))
        self._draw.polygon(outline, fill=self._theme.good)
        self._draw.line(((x - 10, y), (x - 2, y + 9), (x + 11, y - 9)), fill=self._theme.ground, width=6, joint="curve")

    def _triangle(self, x: float, y: float) -> None:
        self._draw.polygon(((x, y - 28), (x + 28, y + 22), (x - 28, y + 22)), fill=self._theme.bad)
        self._draw.line(((x, y - 10), (x, y + 6)), fill=self._theme.ground, width=6)
        self._draw.ellipse((x - 3, y + 11, x + 3, y + 17), fill=self._theme.ground)

    def _moon(self, x: float, y: float) -> None:
        self._draw.ellipse((x - 26, y - 26, x + 26, y + 26), fill=self._theme.sleep)
        self._draw.ellipse((x - 10, y - 30, x + 36, y + 16), fill=self._theme.ground)

    def _wave(self, x: float, y: float) -> None:
        points = ((x - 30, y), (x - 16, y), (x - 8, y - 26), (x + 6, y + 26), (x + 14, y), (x + 30, y))
        self._draw.line(points, fill=self._theme.activity, width=7, joint="curve")


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own: digits are all that is written."""
    return ImageFont.load_default(_TEXT_PX)


def _an_hour_later(at: datetime) -> datetime:
    """The next full hour as the clock on the wall shows it."""
    later: datetime = datetime.fromtimestamp(at.timestamp() + 3600, at.tzinfo)
    return later


def plot_windows(
    rows: Sequence[tuple[datetime, datetime, float | None, int | None, float | None]],
) -> tuple[PlotWindow, ...]:
    """(start, end, coverage, score, activity) of windows that are over."""
    return tuple(
        PlotWindow(start_at=start, end_at=end, known=bool(coverage), score=score, activity=activity)
        for start, end, coverage, score, activity in rows
    )
