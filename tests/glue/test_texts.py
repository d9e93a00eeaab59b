"""Words: complete in both languages, with the same placeholders, and worded as the incident stands."""

from datetime import UTC, datetime
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.cradlewatch.const import CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS
from custom_components.cradlewatch.engine import confidence, safety
from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from custom_components.cradlewatch.wording import LANGUAGES, line_words, load_texts, words

FOLDER = Path(__file__).resolve().parents[2] / "custom_components" / "cradlewatch"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def event(kind: EventKind, **more: Any) -> MonitorEvent:
    fields: dict[str, Any] = {
        "event_id": "e1",
        "kind": kind,
        "phase": Phase.OPENED,
        "severity": Severity.INFO,
        "status": Status.UNVERIFIED,
        "provider": "local",
        "started_at": NOW,
        "changed_at": NOW,
    }
    return MonitorEvent(**(fields | more))


def flat(tree: Any, path: str = "") -> dict[str, str]:
    if isinstance(tree, str):
        return {path: tree}
    return {key: text for name, part in tree.items() for key, text in flat(part, f"{path}.{name}").items()}


@pytest.mark.parametrize("folder", ["translations", "texts"])
def test_languages_say_the_same(folder: str) -> None:
    english, korean = (flat(json.loads((FOLDER / folder / f"{lang}.json").read_text("utf-8"))) for lang in LANGUAGES)
    assert english.keys() == korean.keys()
    for key, text in english.items():
        marks = set(re.findall(r"{\w+}", text))
        assert marks == set(re.findall(r"{\w+}", korean[key])), key
        assert text.strip(), key
        assert korean[key].strip(), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_has_words(language: str, kind: EventKind) -> None:
    texts = load_texts(language)
    for phase in Phase:
        title, description = words(event(kind, phase=phase, zone="rail"), "Mina", texts)
        assert "Mina" in title
        assert description
        assert "{" not in title + description
    line = line_words(event(kind, zone="rail"), texts)
    assert line, "reads after the name"
    assert "{" not in line
    assert not line[0].isupper() or line.startswith("AI"), "a sentence goes on with it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_entities_and_event_types_are_named(language: str) -> None:
    tree = json.loads((FOLDER / "translations" / f"{language}.json").read_text("utf-8"))["entity"]
    icons = json.loads((FOLDER / "icons.json").read_text("utf-8"))["entity"]
    for keys in (CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS):
        for platform, names in keys.items():
            for name in names:
                assert tree[platform][name]["name"], (platform, name)
                assert icons[platform][name]["default"].startswith("mdi:"), (platform, name)
    assert set(tree["event"]["event"]["state_attributes"]["event_type"]["state"]) == {kind.value for kind in EventKind}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    sensors = json.loads((FOLDER / "translations" / f"{language}.json").read_text("utf-8"))["entity"]["sensor"]
    said = {key: sensors[key]["state_attributes"]["reason"]["state"] for key in ("safety", "monitoring_confidence")}
    assert set(said["safety"]) >= set(safety.REASONS)
    assert set(said["monitoring_confidence"]) == set(confidence.REASONS)


def test_a_model_is_quoted_as_it_is() -> None:
    seen = event(EventKind.HAZARD, title="Cord {name} near the crib", description="A cord hangs in.", provider="gemini")
    assert words(seen, "Mina", load_texts("en")) == ("Cord {name} near the crib", "A cord hangs in.")


def test_a_line_says_who_dismissed_it() -> None:
    texts = load_texts("en")
    by_person = event(EventKind.FACE_COVERED, status=Status.DISMISSED, phase=Phase.UPDATED, provider="person")
    assert line_words(by_person, texts) == words(by_person, "Mina", texts)[1] == texts.dismissed_by_person
    by_model = event(EventKind.FACE_COVERED, status=Status.DISMISSED, phase=Phase.UPDATED, provider="gemini")
    assert line_words(by_model, texts) == texts.dismissed
    worded = event(EventKind.HAZARD, title="Cord near the crib", provider="gemini")
    assert line_words(worded, texts) == "Cord near the crib"


def test_dismissed_and_ended() -> None:
    texts = load_texts("en")
    dismissed = event(EventKind.FACE_COVERED, status=Status.DISMISSED, phase=Phase.UPDATED)
    assert words(dismissed, "Mina", texts)[1] == texts.dismissed
    ended = event(EventKind.CRYING, phase=Phase.ENDED)
    assert words(ended, "Mina", texts)[0] == "Mina stopped crying"
    cut = event(EventKind.CRYING, phase=Phase.ENDED, end_reason="camera_lost")
    title, description = words(cut, "Mina", texts)
    assert title == "Mina is crying", "nobody knows whether it stopped"
    assert "the camera was lost" in description


def test_other_languages_fall_back_to_english() -> None:
    assert load_texts("fr") == load_texts("en")
    assert load_texts("ko-KR") == load_texts("ko")
    assert load_texts("ko") != load_texts("en")


def test_a_name_with_braces_is_a_name() -> None:
    assert words(event(EventKind.ZONE_ENTERED, zone="rail"), "{zone}", load_texts("en"))[0] == "{zone}: entered rail"
