"""The rules that scripts/lint checks would find what they are there for."""

from pathlib import Path
import shutil

import pytest

from scripts import lint_hassfest as rules


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (" padded", "spaces"),
        ("<b>bold</b>", "HTML"),
        ("see http://gpu.local:8000/v1", "address"),
        ("called '{name}'", "single quotes"),
        ("of {0}", "no placeholder"),
        (3, "not a text"),
    ],
)
def test_texts_that_hassfest_refuses(text: object, finding: str) -> None:
    assert any(finding in found for found in rules._text_findings(text))


def test_a_text_that_it_takes() -> None:
    assert list(rules._text_findings("{name}: 10 % of it, *Configure*.")) == []


def test_steps_are_whole() -> None:
    step = {"title": "x", "data": {"a": "A", "b": "B"}, "data_description": {"a": "what"}, "colour": "red"}
    found = list(rules._flow_findings({"step": {"user": step}, "steps": {}}))
    assert found == [
        "steps is no part of a flow",
        "step user: colour is no part of a step",
        "step user: b lacks its label or its description",
    ]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the integration that a test may spoil."""
    shutil.copytree(rules.INTEGRATION, tmp_path / "cradlewatch", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(rules, "INTEGRATION", tmp_path / "cradlewatch")
    return tmp_path / "cradlewatch"


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "finding"),
    [
        ("icons.json", "mdi:", "fa:", rules.check_icons, "must begin with mdi:"),
        ("services.yaml", "fields:", "felder:", rules.check_actions, "felder is unknown"),
        ("manifest.json", '"mobile_app", ', "", rules.check_dependencies, "imports mobile_app"),
        ("manifest.json", '"mobile_app"', '"no_such"', rules.check_dependencies, "no_such does not exist"),
        ("event.py", "PARALLEL_UPDATES = 0", "", rules.check_done_rules, "parallel-updates: event.py"),
        ("entity.py", "_attr_has_entity_name = True", "", rules.check_done_rules, "has-entity-name"),
        ("options_flow.py", 'step_id="alert_phone"', 'step_id="other"', rules.check_done_rules, "the step other"),
    ],
)
def test_what_is_spoiled_is_found(
    copied: Path, file: str, old: str, new: str, check: rules.Check, finding: str
) -> None:
    assert list(check()) == [], "well as it is"
    path = copied / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    found = list(check())
    assert any(finding in line for line in found), found
