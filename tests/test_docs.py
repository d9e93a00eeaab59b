"""What the documentation shows works, and what it names exists."""

import json
from pathlib import Path
import re
import types

import numpy as np
import pytest
import yaml

from custom_components.cradlewatch.engine.detectors.backend import NumpyBackend
from custom_components.cradlewatch.engine.detectors.viewer import Viewer
from custom_components.cradlewatch.engine.models import EventKind, Frame
from custom_components.cradlewatch.engine.settings import SenseSettings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_detector_of_the_guide_works() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    assert len(code.splitlines()) <= 33
    module = types.ModuleType("custom_components.cradlewatch.engine.detectors.example")
    module.__package__ = "custom_components.cradlewatch.engine.detectors"
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    detector, viewer = module.LightDetector(), Viewer(SenseSettings(), NumpyBackend())
    seen = []
    for index, level in enumerate((30, 31, 120, 121, 30)):
        frame = Frame(gray=np.full((180, 320), level, np.uint8), at_s=index / 5, index=index)
        seen.append([signal.kind for signal in detector.detect(viewer.look(frame))])
    assert seen == [[], [], [EventKind.VISITOR], [], []]


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_examples_are_yaml_and_name_what_exists() -> None:
    named = {
        part: set(yaml.safe_load((ROOT / f"custom_components/cradlewatch/{part}.yaml").read_text("utf-8")))
        for part in ("triggers", "conditions", "services")
    }
    singular = {"trigger": "triggers", "condition": "conditions", "action": "services"}
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert yaml.safe_load(block)
        for kind, name in re.findall(r"(trigger|condition|action): cradlewatch\.(\w+)", block):
            assert name in named[singular[kind]], name


def test_every_blueprint_is_told() -> None:
    text = (ROOT / "docs" / "automations.md").read_text("utf-8")
    for path in (ROOT / "blueprints").rglob("*.yaml"):
        assert f"`{path.stem}`" in text


def _documentation(*names: str) -> str:
    return "\n".join((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in names)


@pytest.mark.parametrize(
    ("part", "page"), [("services", "functions"), ("triggers", "automations"), ("conditions", "automations")]
)
def test_every_action_trigger_and_condition_is_told(part: str, page: str) -> None:
    text = _documentation(page)
    described = yaml.safe_load((ROOT / f"custom_components/cradlewatch/{part}.yaml").read_text("utf-8"))
    for name in described:
        if not name.startswith("."):
            assert f"`cradlewatch.{name}`" in text, name


def test_every_field_of_alerts_is_told() -> None:
    words = json.loads((ROOT / "custom_components/cradlewatch/translations/en.json").read_text("utf-8"))
    text = _documentation("configuration")
    for label in words["options"]["step"]["alerts"]["data"].values():
        assert label in text, label


# Home Assistant's rules for documentation (developers.home-assistant.io, integration quality scale): what each wants
# to be found, and where it is here.
RULES = {
    "docs-high-level-description": ("installation", "## What it is"),
    "docs-installation-instructions": ("installation", "## Install"),
    "docs-removal-instructions": ("installation", "## Remove"),
    "docs-installation-parameters": ("configuration", "## The first set-up"),
    "docs-configuration-parameters": ("configuration", "## Budget of a day"),
    "docs-actions": ("functions", "## Actions"),
    "docs-triggers": ("automations", "## Triggers"),
    "docs-conditions": ("automations", "## Conditions"),
    "docs-data-update": ("functions", "## Data update"),
    "docs-examples": ("automations", "## Examples"),
    "docs-use-cases": ("automations", "## Uses"),
    "docs-supported-functions": ("functions", "## Entities of a crib"),
    "docs-supported-devices": ("cameras", "| brand |"),
    "docs-known-limitations": ("troubleshooting", "## Known limits"),
    "docs-troubleshooting": ("troubleshooting", "## What helps"),
}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_of_documentation_has_its_place(rule: str) -> None:
    page, mark = RULES[rule]
    text = _documentation(page)
    assert mark in text
    body = re.split(r"\n## ", text.split(mark, 1)[1], maxsplit=1)[0]
    assert len(body.split()) > 15, "more than a heading"


def test_the_rules_of_documentation_are_all_there() -> None:
    scale = yaml.safe_load((ROOT / "custom_components/cradlewatch/quality_scale.yaml").read_text("utf-8"))
    assert {rule for rule in scale["rules"] if rule.startswith("docs-")} == set(RULES)


def test_removal_says_what_it_erases_and_limits_what_was_not_tried() -> None:
    removal = _documentation("installation").split("## Remove", 1)[1]
    for word in ("cradlewatch.db", "footage", "recorder", "backups"):
        assert word in removal, word
    limits = _documentation("troubleshooting")
    for word in ("locked phone", "iPhone", "H.265", "Raspberry Pi", "not** tried", "No camera of any brand"):
        assert word in limits, word
    assert len(re.findall(r"^\| (?!brand|---)", _documentation("cameras"), re.MULTILINE)) >= 10, "brands"
