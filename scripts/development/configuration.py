"""Write the configuration folder of the development Home Assistant."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"

# What is used is listed: default_config would reach out to the network.
CONFIGURATION = """\
homeassistant:
  name: Development
  latitude: 52.52
  longitude: 13.405
  elevation: 34
  country: DE
  currency: EUR
  language: en
  time_zone: Europe/Berlin
  unit_system: metric
  auth_providers:
    # Whoever can open this address is at this machine: no need to type a password.
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32]
      allow_bypass_login: true
    - type: homeassistant

automation: !include automations.yaml
blueprint:
config:
energy:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.ev_charger_pool: info
    # Set up by the frontend, and not used: a machine without their libraries is fine.
    homeassistant.components.camera.img_util: critical
    aiohttp_fast_zlib: error
    haffmpeg: critical
recorder:
  commit_interval: 5
system_health:
"""


def write_configuration(directory: Path, port: int) -> None:
    """Make `directory` a configuration folder that serves on `port`, with the integration in it.

    What Home Assistant itself keeps there (users, entries, history) is left as it is.
    """
    (directory / ".storage").mkdir(parents=True, exist_ok=True)
    (directory / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    automations = directory / "automations.yaml"
    if not automations.exists():
        automations.write_text("[]\n", encoding="utf-8")
    _link(directory / "custom_components", ROOT / "custom_components")
    blueprints = ROOT / "blueprints" / "automation" / "ev_charger_pool"
    if blueprints.is_dir():
        (directory / "blueprints" / "automation").mkdir(parents=True, exist_ok=True)
        _link(directory / "blueprints" / "automation" / blueprints.name, blueprints)
    _write_http_settings(directory / ".storage" / "http", port)
    onboarding = directory / ".storage" / "onboarding"
    if not onboarding.exists():
        # The steps after the first user would add integrations that reach out to the network.
        _store(onboarding, 4, 1, {"done": ["core_config", "analytics", "integration"]})


def _link(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to `target`, whatever link was there before."""
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target, target_is_directory=True)


def _write_http_settings(path: Path, port: int) -> None:
    """Write the address to serve on as confirmed.

    An `http:` block in YAML would be a trial of five minutes only, after which Home Assistant
    restarts with its stored settings.
    """
    settings = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    _store(path, 2, 2, {"stable": settings, "pending": None, "yaml_migration_done": True})


def _store(path: Path, version: int, minor_version: int, data: Mapping[str, object]) -> None:
    """Write what Home Assistant keeps under the name of `path`, as it would itself."""
    stored = {"version": version, "minor_version": minor_version, "key": path.name, "data": data}
    path.write_text(json.dumps(stored, indent=2), encoding="utf-8")
