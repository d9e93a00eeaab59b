"""Rules of Home Assistant's own validator for texts, icons, actions, dependencies and the quality scale.

hassfest is no package that a registry has. The rules are those of home-assistant/core, folder script/hassfest
(translations, icons, services, dependencies, quality_scale_validation), read in 2026; the code here is ours.
"""

import ast
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
import string
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
INTEGRATION = ROOT / "custom_components" / "cradlewatch"

type Findings = Iterator[str]
type Check = Callable[[], Findings]

KEY = re.compile(r"^(?!.+[_-]{2})(?![_-])[a-z0-9_-]+(?<![_-])$")
URL = re.compile(
    r"((ftps?|scp|https?|mqtts?|socket|socks5)://|www\.)[a-z0-9]+([-.][a-z0-9]+)*\.[a-z]{2,5}", re.IGNORECASE
)
HTML = re.compile(r"<[a-z/!][^>]*>", re.IGNORECASE)
QUOTED = re.compile(r"'{\w+}'")
TOP = {
    "title", "common", "config", "config_subentries", "options", "selector", "entity", "exceptions", "issues",
    "services", "triggers", "conditions", "system_health", "device", "conversation", "config_panel",
    "device_automation", "preview_features", "entity_component",
}  # fmt: skip
FLOW = {"flow_title", "step", "error", "abort", "progress", "create_entry", "entry_type", "initiate_flow"}
STEP = {
    "title", "description", "data", "data_description", "menu_options", "menu_option_descriptions", "submit",
    "sections",
}  # fmt: skip
# What every integration may import without naming it in its manifest: entity platforms and internal integrations.
IMPORTABLE = {
    "alert", "automation", "conversation", "default_config", "device_automation", "frontend", "group", "homeassistant",
    "media_source", "onboarding", "panel_custom", "persistent_notification", "person", "script", "sun", "system_health",
    "system_log", "timer", "webhook", "websocket_api", "zone", "mjpeg", "stream",
}  # fmt: skip


def _texts(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from _texts(part, f"{path}.{key}".lstrip("."))
    else:
        yield path, tree


def _json(name: str) -> Any:
    return json.loads((INTEGRATION / name).read_text("utf-8"))


def _yaml(name: str) -> Any:
    return yaml.safe_load((INTEGRATION / name).read_text("utf-8")) or {}


def check_texts() -> Findings:
    """Values and shape of translations/*.json."""
    for path in sorted((INTEGRATION / "translations").glob("*.json")):
        words = json.loads(path.read_text("utf-8"))
        for key, text in _texts(words):
            for finding in _text_findings(text):
                yield f"translations/{path.name}: {key}: {finding}"
        for key in sorted(set(words) - TOP):
            yield f"translations/{path.name}: {key} is no part that Home Assistant knows"
        yield from (f"translations/{path.name}: {finding}" for finding in _shape_findings(words))


def _shape_findings(words: Any) -> Findings:
    flows = {"config": words["config"], "options": words["options"], **words.get("config_subentries", {})}
    flows |= {f"issues.{name}": row["fix_flow"] for name, row in words["issues"].items() if "fix_flow" in row}
    for name, flow in flows.items():
        yield from (f"{name}: {finding}" for finding in _flow_findings(flow))
    for name, row in words["issues"].items():
        if "title" not in row or ("description" in row) == ("fix_flow" in row):
            yield f"issues.{name} needs a title, and a description or a fix_flow"
    for name, row in words["exceptions"].items():
        if set(row) != {"message"}:
            yield f"exceptions.{name} has a message and nothing else"
    for part in ("selector", "services", "triggers", "conditions", "issues", "exceptions"):
        for name in words.get(part, {}):
            if not KEY.match(name):
                yield f"{part}.{name} is no key"


def _text_findings(text: Any) -> Findings:
    if not isinstance(text, str):
        yield "not a text"
        return
    if text != text.strip():
        yield "spaces at an end"
    if HTML.search(text):
        yield "HTML"
    if URL.search(text):
        yield "an address: use a placeholder of the description"
    if QUOTED.search(text):
        yield "a placeholder in single quotes"
    for _, name, _, _ in string.Formatter().parse(text):
        if name and not name.isidentifier():
            yield f"{{{name}}} is no placeholder"


def _flow_findings(flow: dict[str, Any]) -> Findings:
    for key in sorted(set(flow) - FLOW):
        yield f"{key} is no part of a flow"
    for name, step in flow["step"].items():
        for key in sorted(set(step) - STEP):
            yield f"step {name}: {key} is no part of a step"
        for block in (step, *step.get("sections", {}).values()):
            for field in sorted(block.get("data_description", {}).keys() ^ block.get("data", {}).keys()):
                # hassfest wants no description without a field; the quality scale wants each field described.
                yield f"step {name}: {field} lacks its label or its description"


def check_icons() -> Findings:
    """Each is one of Material Design Icons, under a key that Home Assistant knows."""
    icons = _json("icons.json")
    for key in sorted(set(icons) - {"entity", "services", "triggers", "conditions"}):
        yield f"icons.json: {key} is unknown"
    for key, icon in _texts(icons):
        if not str(icon).startswith("mdi:"):
            yield f"icons.json: {key} must begin with mdi:"
    for part in ("services", "triggers", "conditions"):
        for name in icons.get(part, {}).keys() ^ {key for key in _yaml(f"{part}.yaml") if not key.startswith(".")}:
            yield f"icons.json: {part}.{name} is in one of {part}.yaml and icons.json only"


def check_actions() -> Findings:
    """services.yaml: known keys, selectors that Home Assistant takes, options with words."""
    from homeassistant.helpers.selector import TargetSelector, validate_selector

    words = _json("translations/en.json")
    for action, row in _yaml("services.yaml").items():
        for key in sorted(set(row or {}) - {"target", "fields", "name", "description"}):
            yield f"services.yaml: {action}: {key} is unknown"
        if row and row.get("target"):
            TargetSelector.CONFIG_SCHEMA(row["target"])
        for field, shape in ((row or {}).get("fields") or {}).items():
            for key in sorted(set(shape) - {"example", "default", "required", "advanced", "selector"}):
                yield f"services.yaml: {action}.{field}: {key} is unknown"
            selector = shape.get("selector", {})
            validate_selector(selector)
            key = (selector.get("select") or {}).get("translation_key")
            if key is not None and key not in words["selector"]:
                yield f"services.yaml: {action}.{field}: no words for selector.{key}"
            if not words["services"][action]["fields"][field].get("description"):
                yield f"translations: services.{action}.fields.{field} has no description"


def check_dependencies() -> Findings:
    """Who of Home Assistant's integrations is imported stands in the manifest, and exists."""
    from homeassistant import components
    from homeassistant.const import Platform

    manifest = _json("manifest.json")
    named = {*manifest["dependencies"], *manifest["after_dependencies"]}
    core = Path(components.__path__[0])
    for domain in sorted(named):
        if not (core / domain / "manifest.json").exists():
            yield f"manifest: {domain} does not exist"
    allowed = named | IMPORTABLE | {platform.value for platform in Platform}
    for path in sorted(INTEGRATION.rglob("*.py")):
        for domain in sorted(_imported(ast.parse(path.read_text("utf-8"))) - allowed - {path.stem}):
            if not (INTEGRATION / f"{domain}.py").exists():
                yield f"{path.name} imports {domain}, which the manifest does not name"


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("homeassistant.components"):
            parts = (node.module or "").split(".")
            found |= {parts[2]} if len(parts) > 2 else {name.name for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {n.name.split(".")[2] for n in node.names if n.name.startswith("homeassistant.components.")}
    return found


def check_done_rules() -> Findings:
    """What of the quality scale can be seen in the code is there where quality_scale.yaml says "done"."""
    rules = _yaml("quality_scale.yaml")["rules"]
    for rule, (file, pattern) in SEEN_IN_CODE.items():
        path = ROOT / file if "/" in file or file == "pyproject.toml" else INTEGRATION / file
        if rules.get(rule) == "done" and not re.search(pattern, path.read_text("utf-8"), re.MULTILINE):
            yield f"quality_scale: {rule} is said to be done, but {file} has no {pattern}"
    for path in sorted(INTEGRATION.glob("*.py")):
        code = path.read_text("utf-8")
        if "AddConfigEntryEntitiesCallback\n) ->" in code and "PARALLEL_UPDATES" not in code:
            yield f"quality_scale: parallel-updates: {path.name} says nothing of it"
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                keys = {keyword.arg for keyword in node.exc.keywords}
                if node.exc.func.id in TRANSLATED and "translation_key" not in keys:
                    yield f"quality_scale: exception-translations: {path.name}:{node.lineno} has no translation_key"
    yield from _steps_with_words()


TRANSLATED = {"HomeAssistantError", "ServiceValidationError", "ConfigEntryNotReady", "ConfigEntryError"}
SEEN_IN_CODE = {
    "action-setup": ("__init__.py", r"^async def async_setup\(.*\n(?:.*\n)*?    async_register_services\(hass\)"),
    "common-modules": ("coordinator.py", r"DataUpdateCoordinator"),
    "config-entry-unloading": ("__init__.py", r"^async def async_unload_entry"),
    "config-flow": ("config_flow.py", r"async def async_step_user"),
    "diagnostics": ("diagnostics.py", r"^async def async_get_config_entry_diagnostics"),
    "dynamic-devices": ("__init__.py", r"add_entities\(monitor\)"),
    "entity-event-setup": ("event.py", r"async_added_to_hass"),
    "entity-translations": ("entity.py", r"_attr_translation_key"),
    "entity-unique-id": ("entity.py", r"_attr_unique_id"),
    "has-entity-name": ("entity.py", r"_attr_has_entity_name = True"),
    "reauthentication-flow": ("config_flow.py", r"async def async_step_reauth\("),
    "reconfiguration-flow": ("config_flow.py", r"async def async_step_reconfigure\("),
    "repair-issues": ("repairs.py", r"^async def async_create_fix_flow"),
    "runtime-data": ("__init__.py", r"entry\.runtime_data = "),
    "stale-devices": ("__init__.py", r"^async def async_remove_config_entry_device"),
    "strict-typing": ("pyproject.toml", r"^\[tool\.mypy\]\n(?:.+\n)*strict = true"),
    "test-before-configure": ("config_flow.py", r"async_check_crib\("),
    "test-coverage": ("scripts/test", r"coverage report --fail-under=95\.01"),
    "config-flow-test-coverage": ("scripts/test", r"--fail-under=100 .*config_flow\.py"),
    "unique-config-entry": ("manifest.json", r'"single_config_entry": true'),
}


def _steps_with_words() -> Findings:
    """Each form and menu has its title; each is reachable by a method."""
    words = _json("translations/en.json")
    places = {
        "config_flow.py": words["config"],
        "options_flow.py": words["options"],
        "crib_flow.py": words["config_subentries"]["crib"],
    }
    for file, flow in places.items():
        code = (INTEGRATION / file).read_text("utf-8")
        for step in sorted(set(re.findall(r'step_id="(\w+)"', code)) - flow["step"].keys()):
            yield f"translations: {file} shows the step {step}, which has no words"
        methods = set(re.findall(r"async def async_step_(\w+)", code))
        for step in sorted(flow["step"].keys() - methods):
            yield f"translations: the step {step} of {file} does not exist"


CHECKS: tuple[Check, ...] = (
    check_texts,
    check_icons,
    check_actions,
    check_dependencies,
    check_done_rules,
)
