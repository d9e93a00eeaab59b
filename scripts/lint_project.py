"""Rules that no general linter knows: translations, manifest, HACS, quality scale, wheels, the engine alone.

    .venv/bin/python -m scripts.lint_project

Rules of manifest and hacs.json are those of hassfest (home-assistant/core, script/hassfest/manifest.py) and of HACS
(hacs/integration, utils/validate.py), which cannot be installed from a registry.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import distribution
import json
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Any

import yaml

from . import lint_hassfest

ROOT = Path(__file__).resolve().parents[1]
INTEGRATION = ROOT / "custom_components" / "cradlewatch"
LANGUAGES = ("en", "ko")
PLATFORMS = ("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl")
MANIFEST_REQUIRED = {
    "domain", "name", "codeowners", "config_flow", "documentation", "integration_type", "iot_class", "issue_tracker",
    "requirements", "version",
}  # fmt: skip
MANIFEST_KNOWN = MANIFEST_REQUIRED | {
    "after_dependencies", "dependencies", "disabled", "homekit", "import_executor", "loggers", "mqtt", "quality_scale",
    "single_config_entry", "ssdp", "usb", "zeroconf", "dhcp", "bluetooth", "preview_features",
}  # fmt: skip
INTEGRATION_TYPES = {"device", "hardware", "helper", "hub", "service"}
IOT_CLASSES = {
    "assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push",
}  # fmt: skip
HACS_KNOWN = {
    "name", "content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant",
    "persistent_directory", "render_readme", "zip_release",
}  # fmt: skip
BRAND_SIZES = {"icon.png": (256, 256), "icon@2x.png": (512, 512)}
RULES = {
    "bronze": (
        "action-setup appropriate-polling brands common-modules config-flow-test-coverage config-flow "
        "dependency-transparency docs-actions docs-conditions docs-high-level-description "
        "docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id "
        "has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry"
    ),
    "silver": (
        "action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters "
        "entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage"
    ),
    "gold": (
        "devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations "
        "docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices "
        "entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations "
        "icon-translations reconfiguration-flow repair-issues stale-devices"
    ),
    "platinum": "async-dependency inject-websession strict-typing",
}

type Findings = Iterator[str]


def load(path: Path) -> Any:
    """JSON or YAML by its name."""
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def flat(tree: Any, path: str = "") -> dict[str, str]:
    """Leaves of a nested dict by their dotted path."""
    if not isinstance(tree, dict):
        return {path: str(tree)}
    return {key: text for name, part in tree.items() for key, text in flat(part, f"{path}.{name}".lstrip(".")).items()}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def check_translations() -> Findings:
    """Same keys, same placeholders, no empty text, nothing left untranslated that is a sentence."""
    for folder in ("translations", "texts"):
        english, korean = (flat(load(INTEGRATION / folder / f"{lang}.json")) for lang in LANGUAGES)
        for key in sorted(english.keys() ^ korean.keys()):
            yield f"{folder}: {key} is missing in {'ko' if key in english else 'en'}"
        for key in sorted(english.keys() & korean.keys()):
            if placeholders(english[key]) != placeholders(korean[key]):
                yield f"{folder}: placeholders of {key} differ"
            if not english[key].strip() or not korean[key].strip():
                yield f"{folder}: {key} is empty"
            if english[key] == korean[key] and " " in english[key] and len(english[key]) > 25:
                yield f"{folder}: {key} is not translated"
    if any(
        "[%key:" in text
        for lang in LANGUAGES
        for text in flat(load(INTEGRATION / f"translations/{lang}.json")).values()
    ):
        yield "translations: references to other keys do not work in custom integrations"


def check_names() -> Findings:
    """Entities, event types, services, exceptions, issues: named, and with icons where Home Assistant wants them."""
    from custom_components.cradlewatch.const import CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS
    from custom_components.cradlewatch.engine.models import EventKind

    words, icons = load(INTEGRATION / "translations/en.json"), load(INTEGRATION / "icons.json")
    for table in (CRIB_ENTITY_KEYS, HOME_ENTITY_KEYS):
        for platform, keys in table.items():
            for key in keys:
                if not words["entity"].get(platform, {}).get(key, {}).get("name"):
                    yield f"translations: entity.{platform}.{key} has no name"
                if "default" not in icons["entity"].get(platform, {}).get(key, {}):
                    yield f"icons: entity.{platform}.{key} has none"
    kinds = {kind.value for kind in EventKind}
    if set(words["entity"]["event"]["event"]["state_attributes"]["event_type"]["state"]) != kinds:
        yield "translations: event types differ from those of the engine"
    for lang in LANGUAGES:
        if set(load(INTEGRATION / f"texts/{lang}.json")["incidents"]) != kinds:
            yield f"texts: {lang}.json differs from the kinds of the engine"
    yield from _check_yaml_names(words, icons, "services", "service")
    yield from _check_yaml_names(words, icons, "triggers", "trigger")
    yield from _check_yaml_names(words, icons, "conditions", "condition")
    yield from _check_used_keys(words)


def _check_yaml_names(words: Any, icons: Any, section: str, icon_key: str) -> Findings:
    path = INTEGRATION / f"{section}.yaml"
    described = (
        {key: value for key, value in (load(path) or {}).items() if not key.startswith(".")} if path.exists() else {}
    )
    for name, value in described.items():
        entry = words.get(section, {}).get(name, {})
        if not entry.get("name") or not entry.get("description"):
            yield f"translations: {section}.{name} lacks name or description"
        for field in (value or {}).get("fields", {}):
            if not entry.get("fields", {}).get(field, {}).get("name"):
                yield f"translations: {section}.{name}.fields.{field} has no name"
        if icon_key not in icons.get(section, {}).get(name, {}):
            yield f"icons: {section}.{name} has none"
    for name in words.get(section, {}).keys() - described.keys():
        yield f"translations: {section}.{name} does not exist"


def _check_used_keys(words: Any) -> Findings:
    """Keys of exceptions and issues that the code uses have words, and none is left over."""
    code = "\n".join(path.read_text("utf-8") for path in INTEGRATION.glob("*.py"))
    raised = set(re.findall(r"(?:Error|Failed|NotReady)\((?:[^()]|\([^()]*\))*?translation_key=\"(\w+)\"", code))
    for key in sorted(raised - words.get("exceptions", {}).keys()):
        yield f"translations: exceptions.{key} is raised but has no words"
    for key in sorted(words.get("exceptions", {})):
        if f'"{key}"' not in code:
            yield f"translations: exceptions.{key} is used by nothing"
    for key in sorted(words.get("issues", {})):
        if f'"{key}"' not in code:
            yield f"translations: issues.{key} is used by nothing"


def check_manifest() -> Findings:
    """As hassfest does for custom integrations."""
    manifest = load(INTEGRATION / "manifest.json")
    keys = list(manifest)
    if keys != ["domain", "name", *sorted(set(keys) - {"domain", "name"})]:
        yield "manifest: keys must be domain, name, then alphabetical"
    for key in sorted(MANIFEST_REQUIRED - set(keys)):
        yield f"manifest: {key} is missing"
    for key in sorted(set(keys) - MANIFEST_KNOWN):
        yield f"manifest: {key} is unknown"
    if manifest["domain"] != INTEGRATION.name:
        yield "manifest: the domain must be the folder's name"
    if manifest["integration_type"] not in INTEGRATION_TYPES or manifest["iot_class"] not in IOT_CLASSES:
        yield "manifest: unknown integration_type or iot_class"
    yield from _check_values(manifest)
    yield from _check_requirements(manifest["requirements"])
    if set(manifest["dependencies"]) & set(manifest["after_dependencies"]):
        yield "manifest: a dependency need not be an after_dependency"


def _check_values(manifest: dict[str, Any]) -> Findings:
    if not re.fullmatch(r"\d+\.\d+\.\d+(b\d+)?", manifest["version"]):
        yield "manifest: the version must be one"
    if not all(re.fullmatch(r"@[\w-]+", owner) for owner in manifest["codeowners"]) or not manifest["codeowners"]:
        yield "manifest: codeowners begin with @"
    if not all(manifest[key].startswith("https://") for key in ("documentation", "issue_tracker")):
        yield "manifest: addresses must be https"
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    if f'\nversion = "{manifest["version"]}"\n' not in project:
        yield "manifest: the version differs from that of pyproject.toml"


def _check_requirements(requirements: list[str]) -> Findings:
    pinned = _pins_of_home_assistant()
    for requirement in requirements:
        name = re.split(r"[<>=~!\[; ]", requirement, maxsplit=1)[0].lower()
        if "opencv" in name:
            yield "manifest: OpenCV has no wheel for Home Assistant OS; it must stay optional"
        if name in pinned:
            yield f"manifest: {name} comes with Home Assistant; a pin of ours would fight its own"
        if "==" in requirement:
            yield f"manifest: {requirement}: core pins it too; two pins re-install each other for ever"


def _constraints() -> Path:
    return Path(str(distribution("homeassistant").locate_file("homeassistant/package_constraints.txt")))


def _pins_of_home_assistant() -> set[str]:
    text = Path(str(distribution("homeassistant").locate_file("homeassistant/package_constraints.txt"))).read_text(
        "utf-8"
    )
    return {line.partition("==")[0].lower() for line in text.splitlines() if "==" in line and not line.startswith("#")}


def check_hacs() -> Findings:
    """As HACS does."""
    hacs = load(ROOT / "hacs.json")
    if "name" not in hacs:
        yield "hacs.json: name is missing"
    for key in sorted(set(hacs) - HACS_KNOWN):
        yield f"hacs.json: {key} is unknown"
    if hacs.get("zip_release") and not hacs.get("filename", "").endswith(".zip"):
        yield "hacs.json: zip_release needs a filename"
    others = [path.name for path in INTEGRATION.parent.iterdir() if path.is_dir() and path.name != "__pycache__"]
    if others != [INTEGRATION.name]:
        yield f"HACS wants exactly one folder under custom_components, not {others}"
    for name in ("LICENSE", "README.md"):
        if not (ROOT / name).exists():
            yield f"{name} is missing"


def check_brand() -> Findings:
    """Sizes of the pictures."""
    from PIL import Image

    for name, size in BRAND_SIZES.items():
        for path in (INTEGRATION / "brand" / name, INTEGRATION / "brand" / f"dark_{name}"):
            if not path.exists():
                yield f"brand: {path.name} is missing"
                continue
            with Image.open(path) as picture:
                if picture.size != size or picture.format != "PNG":
                    yield f"brand: {path.name} must be a PNG of {size}"


def check_quality_scale() -> Findings:
    """Every rule has a status, exemptions a reason; the manifest claims no more than what is done."""
    rules = load(INTEGRATION / "quality_scale.yaml")["rules"]
    expected = {rule for tier in RULES.values() for rule in tier.split()}
    for rule in sorted(expected ^ rules.keys()):
        yield f"quality_scale: {rule} is {'missing' if rule in expected else 'no rule'}"
    good = set()
    for rule, entry in rules.items():
        status = entry if isinstance(entry, str) else entry.get("status")
        if status not in ("done", "exempt", "todo"):
            yield f"quality_scale: {rule} has no status"
        if status != "done" and (isinstance(entry, str) or not entry.get("comment")):
            yield f"quality_scale: {rule} is {status} without a comment"
        if status in ("done", "exempt"):
            good.add(rule)
    claimed = load(INTEGRATION / "manifest.json").get("quality_scale")
    for tier, names in RULES.items():
        if claimed is not None and (missing := set(names.split()) - good):
            yield f"quality_scale: the manifest claims {claimed}, but {tier} lacks {sorted(missing)}"
        if tier == claimed:
            return


def check_wheels() -> Findings:
    """Every hard requirement, and all that it needs, has wheels for Alpine: most homes run on it.

    Resolved by uv against the index that this machine is set up for, under Home Assistant's own constraints.
    """
    requirements = load(INTEGRATION / "manifest.json")["requirements"]
    uv = shutil.which("uv") or str(ROOT / ".tools/uv/bin/uv")
    constraints = str(_constraints())
    for platform in PLATFORMS:
        command = [
            uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:", "--constraint",
            constraints, "--python", sys.executable, "--python-version", "3.14", "--python-platform", platform, "-",
        ]  # fmt: skip
        done = subprocess.run(
            command, input="\n".join(requirements), capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode != 0:
            yield f"no musllinux wheel on {platform}: {' '.join(done.stderr.split())[:600]}"


def check_engine_alone() -> Findings:
    """The engine imports with nothing but its own folder on the path, and Home Assistant absent."""
    code = """
import importlib, pkgutil, sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("homeassistant", "custom_components", "probatio", "voluptuous"):
            raise ImportError(f"the engine wants {name}")
sys.meta_path.insert(0, Wall())
import engine
for module in pkgutil.walk_packages(engine.__path__, "engine."):
    importlib.import_module(module.name)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=INTEGRATION, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        yield f"the engine does not import alone: {done.stderr.strip().splitlines()[-1]}"


def check_blueprints() -> Findings:
    """Where they came from is said, so that Home Assistant can update them."""
    for path in sorted((ROOT / "blueprints").rglob("*.yaml")):
        text = path.read_text("utf-8")
        relative = path.relative_to(ROOT).as_posix()
        if not re.search(rf"source_url: https://\S+/{re.escape(relative)}\s", text):
            yield f"{relative}: source_url does not name this file"
    # Those in the integration's folder are copies: HACS brings that folder and nothing else.
    sources, packed = (
        {path.name: path.read_bytes() for path in folder.glob("*.yaml")}
        for folder in (ROOT / "blueprints/automation/cradlewatch", INTEGRATION / "blueprints")
    )
    for name in sorted(sources.keys() | packed.keys()):
        if sources.get(name) != packed.get(name):
            yield f"custom_components/cradlewatch/blueprints/{name} differs from blueprints/automation: copy it"


CHECKS: tuple[Callable[[], Findings], ...] = (
    check_translations,
    check_names,
    check_manifest,
    check_hacs,
    check_brand,
    check_quality_scale,
    check_blueprints,
    check_engine_alone,
    check_wheels,
    *lint_hassfest.CHECKS,
)


def main() -> int:
    findings = [finding for check in CHECKS for finding in check()]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
