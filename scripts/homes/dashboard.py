"""The dashboard of the demo: one page that a parent understands at a glance, from the real entity ids."""

from pathlib import Path
from typing import Any

import yaml

BLUEPRINT = "cradlewatch/notify_phone.yaml"


def entity(ids: dict[str, str], key: str) -> str:
    """The entity id whose unique id is `<entry or subentry>_<key>`."""
    return next(entity_id for unique_id, entity_id in ids.items() if unique_id.partition("_")[2] == key)


def dashboard(ids: dict[str, str], name: str, *, ai: bool) -> dict[str, Any]:
    """One view in sections: picture and state first, then what happened, then how well it works."""

    def tile(key: str, **more: object) -> dict[str, Any]:
        # The heading says whose it is already.
        return {"type": "tile", "entity": entity(ids, key), "name": {"type": "entity"}, **more}

    now = [
        {"type": "heading", "heading": name, "icon": "mdi:baby-face-outline"},
        {
            "type": "picture-entity", "entity": entity(ids, "camera"), "camera_view": "live",
            "show_name": False, "show_state": False,
        },
        tile("attention"), tile("safety"), tile("sleep"), tile("activity"),
        tile("motion"), tile("crying"), tile("monitoring_confidence"), tile("ai" if ai else "connectivity"),
    ]  # fmt: skip
    happened = [
        {"type": "heading", "heading": "What happened", "icon": "mdi:timeline-text-outline"},
        tile("last_event_title", vertical=False, grid_options={"columns": 12}),
        {
            "type": "picture-entity", "entity": entity(ids, "last_event"), "show_name": False, "show_state": False,
        },
        {"type": "logbook", "target": {"entity_id": [entity(ids, "event")]}, "hours_to_show": 12,
         "grid_options": {"columns": 12, "rows": 6}},
    ]  # fmt: skip
    works = [
        {"type": "heading", "heading": "How well it works", "icon": "mdi:heart-pulse"},
        {"type": "history-graph", "hours_to_show": 2, "entities": [{"entity": entity(ids, "activity_level")}]},
        tile("frame_rate"), tile("frame_lag"), tile("connectivity"), tile("sleep_today"),
        tile("check_now", hide_state=True), tile("test_alert", hide_state=True),
    ]  # fmt: skip
    return {
        "title": name,
        "views": [
            {
                "title": name, "path": "0", "icon": "mdi:baby-face-outline", "type": "sections", "max_columns": 3,
                "sections": [{"type": "grid", "cards": cards} for cards in (now, happened, works)],
            }
        ],
    }  # fmt: skip


def write_dashboard(config_dir: Path, ids: dict[str, str], name: str, *, ai: bool) -> None:
    """Home Assistant reads it again at each opening: no restart."""
    path = config_dir / "dashboards" / "crib.yaml"
    path.write_text(yaml.safe_dump(dashboard(ids, name, ai=ai), sort_keys=False, allow_unicode=True))


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
