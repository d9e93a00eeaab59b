"""The picture of 24 hours: every mark is where it belongs and can be told from its ground at phone size."""

from datetime import datetime, timedelta
import io
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image
import pytest

from custom_components.cradlewatch.engine.models import Severity
from custom_components.cradlewatch.engine.plot import DARK, LIGHT, SIZE_WH, PlotData, PlotWindow, Theme, draw_plot

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 18, 0, tzinfo=BERLIN)
LEFT, RIGHT = 108, SIZE_WH[0] - 24
PHONE_WH = (360, 270)


def window(hours_ago: float, **more: object) -> PlotWindow:
    start_at = NOW - timedelta(hours=hours_ago)
    return PlotWindow(start_at=start_at, end_at=start_at + timedelta(minutes=10), known=True, **more)  # type: ignore[arg-type]


def whole_day(**more: object) -> tuple[PlotWindow, ...]:
    return tuple(window(24 - number / 6, **more) for number in range(144))


def drawn(data: PlotData, *, dark: bool = False, size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    with Image.open(io.BytesIO(draw_plot(data, dark=dark))) as image:
        assert image.format == "PNG"
        assert image.size == SIZE_WH
        return np.asarray(image.convert("RGB").resize(size_wh, Image.Resampling.LANCZOS)).astype(int)


def x_of(hours_ago: float) -> int:
    return round(LEFT + (RIGHT - LEFT) * (24 - hours_ago) / 24)


def like(pixels: np.ndarray, colour: tuple[int, int, int], slack: int = 60) -> np.ndarray:
    return np.abs(pixels - np.array(colour)).sum(axis=-1) < slack


def test_marks_are_at_their_time_and_height() -> None:
    data = PlotData(
        end_at=NOW,
        windows=(*whole_day(), window(6, score=50), window(3, score=100, activity=90.0)),
        sleep=((NOW - timedelta(hours=20), NOW - timedelta(hours=12)),),
        incidents=((NOW - timedelta(hours=9), Severity.DANGER), (NOW - timedelta(hours=8), Severity.INFO)),
    )
    pixels = drawn(data)
    assert like(pixels[200, x_of(6) + 3], LIGHT.bad), "a bad score hangs far down"
    assert not like(pixels[200, x_of(3) + 3], LIGHT.good)
    assert like(pixels[38, x_of(3) + 3], LIGHT.good), "a full score is a line at the top"
    assert like(pixels[482, x_of(16)], LIGHT.sleep)
    assert not like(pixels[482, x_of(11)], LIGHT.sleep)
    assert like(pixels[650, x_of(3) + 3], LIGHT.activity)
    assert like(pixels[286 + 28, x_of(9)], LIGHT.bad)
    assert like(pixels[286 + 96, x_of(8)], LIGHT.info)


def test_what_was_not_watched_is_hatched_not_quiet() -> None:
    day = tuple(item for item in whole_day(activity=0.0) if not 5 < (NOW - item.start_at) / timedelta(hours=1) < 7)
    pixels = drawn(PlotData(end_at=NOW, windows=day))
    unknown = pixels[600:700, x_of(6.5) : x_of(5.6)]
    known = pixels[600:700, x_of(12) : x_of(11)]
    assert like(unknown, LIGHT.hatch, 30).mean() > 0.1
    assert like(known, LIGHT.hatch, 30).mean() < 0.1
    # A known still window has a line on the floor, an unknown one has none.
    assert like(pixels[726, x_of(11) + 3], LIGHT.activity)
    assert not like(pixels[726, x_of(6)], LIGHT.activity)
    nothing = drawn(PlotData(end_at=NOW))
    assert like(nothing[600:700, LEFT + 5 : RIGHT - 5], LIGHT.hatch, 30).mean() > 0.1


def luminance(colour: tuple[int, int, int]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_mark_stands_out_from_its_ground(theme: Theme) -> None:
    def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for name in ("good", "fair", "bad", "sleep", "activity", "info"):
        assert contrast(getattr(theme, name), theme.panel) >= 3, name
    assert contrast(theme.text, theme.ground) >= 7


@pytest.mark.parametrize("dark", [False, True])
def test_one_danger_and_one_window_are_seen_on_a_phone(dark: bool) -> None:
    theme = DARK if dark else LIGHT
    data = PlotData(
        end_at=NOW,
        windows=(*whole_day(), window(6, score=50)),
        incidents=((NOW - timedelta(hours=9), Severity.DANGER),),
    )
    pixels = drawn(data, dark=dark, size_wh=PHONE_WH)
    marks = like(pixels[:, LEFT // 3 + 2 :], theme.bad, 120)
    assert marks[95:136].sum() >= 40, "the danger: at least 40 pixels"
    assert marks[10:80].sum() >= 80, "the bad window"
    assert like(pixels[240:], theme.text, 200).sum() >= 60, "the hours"


@pytest.mark.parametrize(
    "end_at",
    [
        datetime(2026, 3, 29, 12, 0, tzinfo=BERLIN),
        datetime(2026, 10, 25, 12, 0, tzinfo=BERLIN),
        datetime(2028, 2, 29, 0, 5, tzinfo=ZoneInfo("Asia/Seoul")),
        datetime(2026, 11, 24, 18, 0, tzinfo=ZoneInfo("Asia/Kolkata")),
    ],
)
def test_hours_of_any_day(end_at: datetime) -> None:
    """The mark of an hour ago is an hour from the right edge, whatever the clock on the wall did since then."""
    at = datetime.fromtimestamp(end_at.timestamp() - 11.5 * 3600, end_at.tzinfo)
    pixels = drawn(PlotData(end_at=end_at, incidents=((at, Severity.DANGER),)))
    columns = np.flatnonzero(like(pixels[286:406, LEFT:RIGHT], LIGHT.bad).any(axis=0)) + LEFT
    assert abs(float(columns.mean()) - x_of(11.5)) <= 2
