"""What is sent to a phone for an incident: for iOS and Android in one, as the notification blueprint sends it."""

from collections.abc import Mapping
from typing import Any

from .engine.alert_rules import OF_THE_WATCH, Loudness
from .engine.incident import HAZARD_KINDS

BUTTONS = ("real", "false_alarm", "ignore_hour")
_COLORS = {"danger": "#d32f2f", "warning": "#f9a825"}
_COLOR = "#3f6fb5"


def alert_payload(
    news: Mapping[str, Any], loudness: Loudness, *, words: Mapping[str, str], camera: str | None, again: bool = False
) -> dict[str, Any]:
    """Data of the action `notify.mobile_app_...`.

    Args:
        news: the incident as `cradlewatch_event` tells it.
        loudness: how it is shown.
        words: texts of alerts in the language of the home.
        camera: entity id of the crib's camera, opened by a tap.
        again: nobody reacted to the first one.
    """
    kind, title = news["event_type"], news.get("title") or news["event_type"]
    critical, quiet = loudness is Loudness.CRITICAL, loudness is Loudness.PASSIVE
    said = " ".join(part for part in (news.get("description"), news.get("action_needed")) if part) or title
    if critical and kind in HAZARD_KINDS:
        said = f"{said} {words['not_medical']}"
    opens = f"entityId:{camera or ''}"
    return {
        "title": f"{words['nobody_reacted']} {title}" if again else title,
        "message": said,
        "data": {
            "tag": alert_tag(news["event_id"]),
            "group": f"cradlewatch-{news.get('entity_id')}",
            "image": news.get("snapshot") or "",
            "entity_id": camera or "",
            "actions": _buttons(news, words),
            # Android
            "ttl": 0,
            "priority": "high",
            "channel": f"Cradlewatch{' danger' if critical else ' updates' if quiet else ''}",
            "importance": "max" if critical else "low" if quiet else "high",
            "alert_once": quiet,
            "notification_icon": "mdi:baby-face-outline",
            "color": _COLORS.get(news.get("severity", ""), _COLOR),
            "clickAction": opens,
            "media_stream": "alarm_stream" if critical else "notification_stream",
            # iOS
            "url": opens,
            "push": {
                "interruption-level": loudness.value,
                "sound": {
                    "name": "none" if quiet else "default",
                    "critical": int(critical),
                    "volume": 1.0 if critical else 0.5,
                },
            },
            "cradlewatch": {
                "event_id": news["event_id"],
                "kind": kind,
                "severity": news.get("severity"),
                "status": news.get("status"),
            },
        },
    }


def alert_tag(event_id: str) -> str:
    """One notification for one incident: a later one with the same tag takes its place."""
    return f"cradlewatch-{event_id}"


def _buttons(news: Mapping[str, Any], words: Mapping[str, str]) -> list[dict[str, Any]]:
    if news["event_type"] in OF_THE_WATCH:
        return []
    return [
        {
            "action": f"CRADLEWATCH_{word.upper()}_{news['event_id']}",
            "title": words[word],
            "activationMode": "background",
            "authenticationRequired": word != "real",
        }
        for word in BUTTONS
    ]
