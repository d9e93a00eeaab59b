"""A model's text is data: made plain and short before anything stores, shows or speaks it."""

import html
import re
import unicodedata

TITLE_MAX = 120
DESCRIPTION_MAX = 600
ACTION_MAX = 300
CONCERN_MAX = 160
CONCERNS_MAX = 5
WORD_MAX = 80

_SCAN_MAX = 8000
"""No more of a text than this is even looked at: all patterns below run in linear time over it."""
_SCRIPTS = re.compile(r"<\s*(script|style)\b[^>]*>.*?(?:<\s*/\s*\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[/!?a-zA-Z][^<>]*>?")
_TEMPLATES = re.compile(r"\{\{[^{}]*\}?\}?|\{%[^{}]*%?\}?|\{#[^{}]*#?\}?")
_LINKS = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_ADDRESSES = re.compile(r"\b(?:https?|javascript|data|file|media-source|vbscript)\s*:\S*", re.IGNORECASE)
_MARKS = re.compile(r"[`*_~|#>{}<]+")
_SPACES = re.compile(r"\s+")


def plain(text: str, limit: int) -> str:
    """`text` as one line without markup, templates, addresses, control, bidi and private characters.

    At most `limit` characters; where it is cut an ellipsis ends it.
    """
    text = html.unescape(_ESCAPES.sub("", text[:_SCAN_MAX]))
    text = unicodedata.normalize("NFC", "".join(_visible(char) for char in text))
    for pattern in (_SCRIPTS, _TEMPLATES, _TAGS):
        text = pattern.sub(" ", text)
    text = _ADDRESSES.sub(" ", _LINKS.sub(r"\1", text))
    text = _SPACES.sub(" ", _MARKS.sub(" ", text)).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain_or_none(text: str | None, limit: int) -> str | None:
    """As `plain`; None where nothing is left."""
    return (plain(text, limit) or None) if text else None


def _visible(char: str) -> str:
    """The character, a space for breaks, "" for what cannot be seen (bidi marks, zero width, NUL, surrogates)."""
    category = unicodedata.category(char)
    if category in ("Zl", "Zp") or char in "\n\r\t":
        return " "
    # U+200D joins emoji; every other format character only hides or reorders.
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") and char != "\u200d" else char
