"""CSV: what a spreadsheet reads is a text, never a formula."""

import csv
import io

import pytest

from custom_components.cradlewatch.engine.export import csv_text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", '=HYPERLINK("http://x","y")'],
)
def test_no_cell_begins_a_formula(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(("title",), [{"title": text}]), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize(
    "text", ["Mina is crying", "a=b", "2026-11-24T12:00:00+00:00", "", "울고 있어요", "a\r\nb", 'a "b", c;']
)
def test_other_texts_come_back_as_they_are(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(("title",), [{"title": text}]), newline=""))
    assert cell == text


def test_columns_numbers_and_what_is_not_known() -> None:
    text = csv_text(("a", "b", "c"), [{"a": -0.5, "c": None}, {"b": "x", "d": "left out"}])
    assert text == "a,b,c\r\n-0.5,,\r\n,x,\r\n"
