"""Writes a config folder for a Home Assistant that starts without any question. Run as a process of its own.

    python -m scripts.homes.seed CONFIG_DIR '{"port": 8123, ...}'

Prints the long-lived token of the owner as its last line.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
import json
import logging
import os
from pathlib import Path
import sys

OWNER = "parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOptions:
    """What kind of home. `password` None: whoever is on this machine is let in without a log-in (loopback only)."""

    port: int
    password: str | None = None
    language: str = "en"
    time_zone: str = "UTC"
    log_level: str = "warning"
    segment_s: float = 2.0

    def to_json(self) -> str:
        """As text for the process that seeds."""
        return json.dumps(asdict(self))


def _storage(config_dir: Path, key: str, version: int, minor: int, data: object) -> None:
    path = config_dir / ".storage" / key
    path.write_text(json.dumps({"version": version, "minor_version": minor, "key": key, "data": data}))
    path.chmod(0o600)


def _configuration_yaml(config_dir: Path, options: SeedOptions) -> str:
    bypass = """
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32, "::1/128"]
      allow_bypass_login: true"""
    return f"""\
homeassistant:
  name: Home
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  currency: EUR
  country: {"KR" if options.language == "ko" else "GB"}
  language: {options.language}
  time_zone: {options.time_zone}
  media_dirs:
    local: {config_dir / "media"}
  allowlist_external_dirs:
    - {config_dir / "media"}
  auth_providers:{bypass if options.password is None else ""}
    - type: homeassistant
frontend:
history:
logbook:
config:
media_source:
system_health:
persistent_notification:
mobile_app:
stream:
  segment_duration: {options.segment_s:g}
  part_duration: 0.5
recorder:
  commit_interval: 1
logger:
  default: {options.log_level}
  logs:
    # Home Assistant's own stills are a little slower without it: no trace-back for that.
    homeassistant.components.camera.img_util: critical
automation: !include automations.yaml
lovelace:
  resource_mode: yaml
  dashboards:
    crib-demo:
      mode: yaml
      title: Nursery
      icon: mdi:baby-face-outline
      show_in_sidebar: true
      filename: dashboards/crib.yaml
"""


def _write_files(config_dir: Path, options: SeedOptions) -> None:
    for folder in (".storage", "media", "dashboards", "custom_components", "blueprints/automation"):
        (config_dir / folder).mkdir(parents=True, exist_ok=True)
    config_dir.chmod(0o700)
    (config_dir / "configuration.yaml").write_text(_configuration_yaml(config_dir, options))
    (config_dir / "dashboards" / "crib.yaml").write_text("views: []\n")
    automations = config_dir / "automations.yaml"
    if not automations.exists():
        automations.write_text("[]\n")
    _storage(config_dir, "onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]})
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": options.port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    _storage(config_dir, "http", 2, 2, {"stable": stable, "pending": None, "yaml_migration_done": True})
    root = Path(__file__).resolve().parents[2]
    integration = config_dir / "custom_components" / "cradlewatch"
    integration.unlink(missing_ok=True)
    integration.symlink_to(root / "custom_components" / "cradlewatch", target_is_directory=True)
    _link_blueprints(config_dir / "blueprints" / "automation" / "cradlewatch", root)


def _link_blueprints(folder: Path, root: Path) -> None:
    """Each file by itself: Home Assistant does not look for blueprints in a linked folder."""
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    for source in (root / "blueprints" / "automation" / "cradlewatch").glob("*.yaml"):
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)


async def _make_owner(config_dir: Path, options: SeedOptions) -> str:
    from homeassistant.auth import auth_manager_from_config
    from homeassistant.auth.const import GROUP_ID_ADMIN
    from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
    from homeassistant.auth.providers.homeassistant import HassAuthProvider
    from homeassistant.config_entries import ConfigEntries
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import device_registry as dr, entity_registry as er

    hass = HomeAssistant(str(config_dir))
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await asyncio.gather(dr.async_load(hass), er.async_load(hass))
    hass.auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    user = await hass.auth.async_create_user("Parent", group_ids=[GROUP_ID_ADMIN])
    if options.password is not None:
        provider = hass.auth.auth_providers[0]
        assert isinstance(provider, HassAuthProvider)
        await provider.async_initialize()
        await provider.async_add_auth(OWNER, options.password)
        credentials = await provider.async_get_or_create_credentials({"username": OWNER})
        await hass.auth.async_link_user(user, credentials)
        assert provider.data is not None
        await provider.data.async_save()
    refresh = await hass.auth.async_create_refresh_token(
        user,
        client_name="Cradlewatch scripts",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    token = hass.auth.async_create_access_token(refresh)
    logging.getLogger("homeassistant.core").setLevel(logging.WARNING)
    # Not started, so without force it would return before its last writes.
    await hass.async_stop(force=True)
    return token


def main() -> None:
    config_dir = Path(sys.argv[1]).resolve()
    options = SeedOptions(**json.loads(sys.argv[2]))
    os.umask(0o077)
    config_dir.mkdir(parents=True, exist_ok=True)
    _write_files(config_dir, options)
    print(asyncio.run(_make_owner(config_dir, options)))


if __name__ == "__main__":
    main()
