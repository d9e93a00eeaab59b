"""Names that the integration shares with Home Assistant: a public contract (docs/architecture.md)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "cradlewatch"
VERSION: Final = "0.1.0"
MANUFACTURER: Final = "Cradlewatch"
EVENT_BUS: Final = "cradlewatch_event"
SUBENTRY_CRIB: Final = "crib"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SENSOR,
    Platform.SWITCH,
)

# Config entry data (the home) and subentry data (a crib).
CONF_PROVIDER: Final = "provider"
CONF_API_KEY: Final = "api_key"
CONF_MODEL: Final = "model"
CONF_CONSENT: Final = "consent"
CONF_AI_TASK_ENTITY: Final = "ai_task_entity"
CONF_BASE_URL: Final = "base_url"
CONF_FALLBACK: Final = "fallback"
"""Providers that are asked in this order where the first gives no verdict."""
CONF_NAME: Final = "name"
CONF_SOURCE: Final = "source"
CONF_CAMERA: Final = "camera"
CONF_DETECTION_SOURCE: Final = "detection_source"
"""A second, lighter stream of the same camera, for detection only."""
CONF_BIRTHDATE: Final = "birthdate"
CONF_TRANSPORT: Final = "transport"
CONF_VERIFY_TLS: Final = "verify_tls"
CONF_ROTATION: Final = "rotation"
CONF_ZONES: Final = "zones"
CONF_DECODE_ALWAYS: Final = "decode_always"
CONF_SOUND_OFFSET: Final = "sound_offset"
CONF_CLIPS: Final = "clips"
CONF_CLIP_BEFORE: Final = "clip_before"
CONF_CLIP_AFTER: Final = "clip_after"
CONF_CLIP_DAYS: Final = "clip_days"
CONF_CLIP_GB: Final = "clip_gb"

# Options of the home.
CONF_CALLS_PER_DAY: Final = "calls_per_day"
CONF_TOKENS_PER_DAY: Final = "tokens_per_day"
CONF_MONEY_PER_DAY: Final = "money_per_day"
CONF_URGENT_SHARE: Final = "urgent_share"
CONF_PRICES: Final = "prices"
CONF_RULES: Final = "rules"
CONF_ROOM_ENTITIES: Final = "room_entities"
CONF_DANGER_ENTITIES: Final = "danger_entities"
CONF_PERSONS: Final = "persons"
CONF_CROP: Final = "crop_to_crib"
CONF_VIDEO_REPORTS: Final = "video_reports"
CONF_SOUND_REPORTS: Final = "sound_reports"
CONF_ALERT_PHONES: Final = "alert_phones"
"""Device ids of phones with the Home Assistant app."""
CONF_ALERT_KINDS: Final = "alert_kinds"
CONF_ALERT_SEVERITY: Final = "alert_severity"
CONF_ALERT_COOLDOWN: Final = "alert_cooldown"
CONF_ALERT_FOLLOW_UP: Final = "alert_follow_up"
CONF_ALERT_QUIET_ENTITIES: Final = "alert_quiet_entities"
CONF_ALERT_QUIET_ROOM: Final = "alert_quiet_room"
CONF_ALERT_OWN: Final = "alert_own"
"""Kinds and severity of single phones, by device id."""

DEFAULT_MODEL: Final = "gemini-3.1-flash-lite"
"""The small fast model that Home Assistant's own Gemini integration recommends, too."""


class ProviderName(StrEnum):
    """Who judges pictures. The values stand in entry data and in event attributes."""

    LOCAL = "local"
    GEMINI = "gemini"
    AI_TASK = "ai_task"
    OPENAI_COMPATIBLE = "openai_compatible"
    """Its address, key and model stand in entry data under this name."""


# Entity keys: unique ids are `<subentry_id>_<key>` (crib) and `<entry_id>_<key>` (home).
KEY_CAMERA: Final = "camera"
KEY_EVENT: Final = "event"
KEY_LAST_EVENT: Final = "last_event"
KEY_MOTION: Final = "motion"
KEY_OCCUPANCY: Final = "occupancy"
KEY_SOUND: Final = "sound"
KEY_CRYING: Final = "crying"
KEY_ATTENTION: Final = "attention"
KEY_CONNECTIVITY: Final = "connectivity"
KEY_ACTIVITY_LEVEL: Final = "activity_level"
KEY_ACTIVITY: Final = "activity"
KEY_SLEEP: Final = "sleep"
KEY_SAFETY: Final = "safety"
KEY_SAFETY_SCORE: Final = "safety_score"
KEY_LAST_EVENT_TITLE: Final = "last_event_title"
KEY_REPORT: Final = "report"
KEY_HOURLY_DIGEST: Final = "hourly_digest"
KEY_DAILY_DIGEST: Final = "daily_digest"
KEY_REPORT_DARK: Final = "report_dark"
KEY_SLEEP_TODAY: Final = "sleep_today"
KEY_CONFIDENCE: Final = "monitoring_confidence"
KEY_SOUND_LEVEL: Final = "sound_level"
KEY_FRAME_RATE: Final = "frame_rate"
KEY_FRAME_LAG: Final = "frame_lag"
KEY_AI_LATENCY: Final = "ai_latency"
KEY_AI: Final = "ai"
KEY_CHECK_NOW: Final = "check_now"
KEY_REPORT_NOW: Final = "report_now"
KEY_TEST_ALERT: Final = "test_alert"

KEY_SLEEP_SESSIONS: Final = "sleep_sessions"

KEY_AI_CALLS_TODAY: Final = "ai_calls_today"
KEY_AI_TOKENS_TODAY: Final = "ai_tokens_today"
KEY_AI_COST_TODAY: Final = "ai_cost_today"
KEY_AI_QUEUE: Final = "ai_queue"
KEY_AI_STATUS: Final = "ai_status"

CRIB_ENTITY_KEYS: Final[Mapping[Platform, tuple[str, ...]]] = MappingProxyType(
    {
        Platform.CALENDAR: (KEY_SLEEP_SESSIONS,),
        Platform.CAMERA: (KEY_CAMERA,),
        Platform.EVENT: (KEY_EVENT,),
        Platform.IMAGE: (KEY_LAST_EVENT, KEY_REPORT, KEY_REPORT_DARK),
        Platform.BINARY_SENSOR: (
            KEY_MOTION,
            KEY_OCCUPANCY,
            KEY_SOUND,
            KEY_CRYING,
            KEY_ATTENTION,
            KEY_CONNECTIVITY,
        ),
        Platform.SENSOR: (
            KEY_ACTIVITY_LEVEL,
            KEY_ACTIVITY,
            KEY_SLEEP,
            KEY_SAFETY,
            KEY_SAFETY_SCORE,
            KEY_LAST_EVENT_TITLE,
            KEY_REPORT,
            KEY_HOURLY_DIGEST,
            KEY_DAILY_DIGEST,
            KEY_SLEEP_TODAY,
            KEY_SOUND_LEVEL,
            KEY_CONFIDENCE,
            KEY_FRAME_RATE,
            KEY_FRAME_LAG,
            KEY_AI_LATENCY,
        ),
        Platform.SWITCH: (KEY_AI,),
        Platform.BUTTON: (KEY_CHECK_NOW, KEY_REPORT_NOW, KEY_TEST_ALERT),
    }
)
HOME_ENTITY_KEYS: Final[Mapping[Platform, tuple[str, ...]]] = MappingProxyType(
    {
        Platform.SENSOR: (
            KEY_AI_CALLS_TODAY,
            KEY_AI_TOKENS_TODAY,
            KEY_AI_COST_TODAY,
            KEY_AI_QUEUE,
            KEY_AI_STATUS,
        ),
    }
)
NO_SOUND: Final = "no_sound_in_stream"
SOUND_STOPPED: Final = "sound_stopped"
"""Why what listens is unavailable."""

AI_STATUSES: Final = ("ok", "degraded", "backing_off", "budget_spent", "off")

# Actions.
SERVICE_CHECK: Final = "check"
SERVICE_REPORT: Final = "report"
SERVICE_GET_EVENTS: Final = "get_events"
SERVICE_FEEDBACK: Final = "feedback"
SERVICE_CORRECT_SLEEP: Final = "correct_sleep"
SERVICE_SLEEP_SUMMARY: Final = "sleep_summary"
SERVICE_DIGEST: Final = "digest"
SERVICE_EXPORT_EVENTS: Final = "export_events"
SERVICE_INSTALL_BLUEPRINTS: Final = "install_blueprints"

# Issue ids are `<key>` or `<key>_<subentry_id>`.
ISSUE_DISK_FULL: Final = "disk_full"
ISSUE_INVALID_AUTH: Final = "camera_invalid_auth"
ISSUE_NO_ENCODER: Final = "no_encoder"
ISSUE_STORE_FAILED: Final = "store_failed"
ISSUE_MODEL_GONE: Final = "model_gone"
ISSUE_NO_SOUND: Final = "no_sound"
ISSUE_SECOND_SOURCE_AUTH: Final = "second_source_invalid_auth"
ISSUE_SECOND_SOURCE_LOST: Final = "second_source_lost"
ISSUE_ALERT_PHONE_GONE: Final = "alert_phone_gone"
ISSUE_ALERT_FAILED: Final = "alert_failed"
