"""What all checks share: where things are, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

import homeassistant.components
import yaml

ROOT = Path(__file__).parent.parent.parent
DOMAIN = "ev_charger_pool"
INTEGRATION = ROOT / "custom_components" / DOMAIN
CORE = Path(homeassistant.components.__path__[0])

type Json = Mapping[str, Any]


@dataclass(slots=True)
class Findings:
    """What is wrong, by file."""

    lines: list[str] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        """Note that `message` is true of `path`."""
        self.lines.append(f"{path.relative_to(ROOT)}: {message}")


def read_json(path: Path, findings: Findings) -> Json:
    """Return the object in a JSON file; nothing when it cannot be read, which is then a finding."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        findings.add(path, "is missing")
    except ValueError as err:
        findings.add(path, f"is not JSON: {err}")
    else:
        if isinstance(content, dict):
            return content
        findings.add(path, "is not an object")
    return {}


def read_yaml(path: Path, findings: Findings) -> Json:
    """Return the mapping in a YAML file; nothing when there is no such file."""
    if not path.exists():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as err:
        findings.add(path, f"is not YAML: {err}")
        return {}
    return content if isinstance(content, dict) else {}
