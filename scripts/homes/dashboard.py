"""What a home of the scripts is furnished with: the dashboard, and the automation that tells a phone."""

from pathlib import Path

import yaml

BLUEPRINT = "cradlewatch/notify_phone.yaml"


def entity(ids: dict[str, str], key: str) -> str:
    """The entity id whose unique id is `<entry or subentry>_<key>`."""
    return next(entity_id for unique_id, entity_id in ids.items() if unique_id.partition("_")[2] == key)


def write_dashboard(config_dir: Path, name: str) -> None:
    """The integration's own dashboard, as a parent adds it. Home Assistant reads it again at each opening."""
    dashboard = {"title": name, "strategy": {"type": "custom:cradlewatch"}}
    (config_dir / "dashboards" / "crib.yaml").write_text(yaml.safe_dump(dashboard, allow_unicode=True))


def write_automation(config_dir: Path, event_entity: str, phones: list[str]) -> None:
    """The notification blueprint as a parent would have filled it in."""
    automation = {
        "id": "cradlewatch_phone",
        "alias": "Cradlewatch: tell my phone",
        "use_blueprint": {
            "path": BLUEPRINT,
            "input": {"crib_event": event_entity, "phones": phones, "live_view": "/crib-demo/0"},
        },
    }
    (config_dir / "automations.yaml").write_text(yaml.safe_dump([automation], sort_keys=False))
