"""What the documentation shows works, and what it names exists."""

from pathlib import Path
import re
import types

import numpy as np
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
