"""A digest as entities, the bus and the action show it: plain values, bounded."""

import json
from typing import Any

from homeassistant.util import dt as dt_util

from .coordinator import DigestView
from .engine.windows.digest import Digest

DETAILS_MAX_BYTES = 12_000
DIGEST_UNRECORDED = frozenset({"sentences", "watched_min", "asleep_min", "incidents", "lowest_score", "failure"})
"""Attributes that the recorder does not keep, beside `text`: the store has them."""
_EVIDENCE_SHOWN = 6


def digest_view(digest: Digest) -> DigestView:
    """What a sensor shows."""
    return DigestView(at=digest.made_at, details=digest_details(digest))


def digest_details(digest: Digest) -> dict[str, Any]:
    """Never more than `DETAILS_MAX_BYTES` of JSON: sentences are left out at the end, and counted."""
    details: dict[str, Any] = {
        "span": digest.span.value,
        "start": dt_util.as_local(digest.start_at).isoformat(),
        "end": dt_util.as_local(digest.end_at).isoformat(),
        "provider": digest.provider,
        "model": digest.model,
        "watched_min": round(digest.watched_s / 60),
        "asleep_min": round(digest.asleep_s / 60),
        "incidents": digest.incidents,
        "lowest_score": digest.lowest_score,
        "statements_dropped": digest.statements_dropped,
        "failure": digest.failure,
        "sentences": _sentences(digest),
        "text": digest.text,
    }
    left_out = 0
    while len(json.dumps(details, ensure_ascii=False).encode()) > DETAILS_MAX_BYTES and details["sentences"]:
        details["sentences"].pop()
        details["text"] = "\n".join(item["text"] for item in details["sentences"])
        left_out += 1
        details["left_out"] = left_out
    return details


def _sentences(digest: Digest) -> list[dict[str, Any]]:
    """Each with what it rests on: the first few in full, all of them counted."""
    sources = {source.source_id: source for source in digest.sources}
    return [
        {
            "text": item.text,
            "rests_on": len(item.evidence),
            "evidence": [
                {
                    "kind": sources[name].kind.value,
                    "ref": sources[name].ref,
                    "at": dt_util.as_local(sources[name].at).strftime("%H:%M:%S"),
                }
                for name in item.evidence[:_EVIDENCE_SHOWN]
            ],
        }
        for item in digest.statements
    ]
