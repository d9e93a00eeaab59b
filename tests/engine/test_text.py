"""Whatever a model writes, what comes out is one short line that nothing renders."""

import time
import unicodedata

import pytest

from custom_components.cradlewatch.engine.analysis.text import plain, plain_or_none

HOSTILE = [
    "<script>alert(1)</script>Sleeping",
    "<script>never closed",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ states('lock.front_door') }}",
    "{% for s in states %}{{ s }}{% endfor %}",
    "{{{{ nested }} }}",
    "[click](javascript:alert(1)) ![x](http://evil/x.png)",
    "visit https://evil.example/?key=1 now",
    "\u202egnipeels si ybab\u202c",
    "\u2066isolated\u2069 \u200fRTL \u061c mark",
    "zero\u200bwidth\ufeff",
    "null\x00 bell\x07 escape\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "line\nbreak\r\ntab\tform\x0cfeed\x85next\u2028sep\u2029para",
    "lone surrogate \ud800 here",
    "private \ue000 use",
    "# Heading **bold** `code` ~~strike~~ > quote | table",
    "a" * 5_000_000,
    "<" * 100_000,
    "{{" * 50_000 + "}}" * 50_000,
    "[" * 50_000 + "](" * 50_000,
    "&amp;" * 2000 + "lt;script&gt;",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text(text: str) -> None:
    started_s = time.perf_counter()
    out = plain(text, 120)
    assert time.perf_counter() - started_s < 1
    assert len(out) <= 120
    for forbidden in ("<", "{{", "{%", "}}", "javascript:", "http", "\x1b"):
        assert forbidden not in out
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Co", "Zl", "Zp") for char in out)
    assert not any(char in out for char in "\u202e\u202c\u2066\u2069\u200f\u061c\u200b\ufeff")
    assert plain(out, 120) == out, "nothing more to clean"


@pytest.mark.parametrize(
    "text",
    [
        "The child sleeps on the back; 2 m from the window (3 < 5 is fine?)".replace("<", "is under"),
        "아기가 등을 대고 자고 있습니다. 얼굴이 잘 보입니다.",
        "Bébé dort, l'oreiller n'est pas là.",
        "ילד ישן",
        "Schläft ruhig 👶🏽 👨‍👩‍👧",
        "A 50% blanket & a toy - all right!",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert plain(text, 600) == unicodedata.normalize("NFC", text)


def test_cut_ends_with_an_ellipsis() -> None:
    assert plain("word " * 100, 20) == "word word word word…"


@pytest.mark.parametrize("text", [None, "", "  \n", "<b></b>", "\u202e"])
def test_nothing_left_is_none(text: str | None) -> None:
    assert plain_or_none(text, 50) is None
