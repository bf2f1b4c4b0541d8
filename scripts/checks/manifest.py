"""Check what Home Assistant and HACS read before they load anything."""

import json
from pathlib import Path
import re
import tomllib
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
from homeassistant.const import __version__ as home_assistant_version
from packaging.requirements import InvalidRequirement, Requirement
import yaml

from .common import CORE, DOMAIN, INTEGRATION, ROOT, Findings, Json, read_json, read_yaml

MANIFEST_REQUIRED = {
    "codeowners",
    "config_flow",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "name",
    "quality_scale",
    "requirements",
    "version",
}
MANIFEST_OPTIONAL = {
    "after_dependencies",
    "bluetooth",
    "dependencies",
    "dhcp",
    "homekit",
    "import_executor",
    "loggers",
    "mqtt",
    "single_config_entry",
    "ssdp",
    "usb",
    "zeroconf",
}
INTEGRATION_TYPES = {"device", "entity", "hardware", "helper", "hub", "service", "system"}
IOT_CLASSES = {
    "assumed_state",
    "calculated",
    "cloud_polling",
    "cloud_push",
    "local_polling",
    "local_push",
}


VERSION_STRATEGIES = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]


def check_manifest(findings: Findings) -> None:
    """Check what Home Assistant and hassfest ask of the manifest of a custom integration."""
    path = INTEGRATION / "manifest.json"
    manifest = read_json(path, findings)
    _check_keys(path, manifest, findings)
    _check_values(path, manifest, findings)
    _check_dependencies(path, manifest, findings)
    _check_requirements(path, manifest, findings)
    has_flow = (INTEGRATION / "config_flow.py").is_file()
    if bool(manifest.get("config_flow")) != has_flow:
        findings.add(path, "config_flow does not say whether there is a config_flow.py")


def _check_keys(path: Path, manifest: Json, findings: Findings) -> None:
    """Check that the keys are the known ones, in the order that hassfest wants."""
    keys = list(manifest)
    if keys != ["domain", "name", *sorted(set(keys) - {"domain", "name"})]:
        findings.add(path, "keys are not sorted: domain, name, then by alphabet")
    for key in sorted(MANIFEST_REQUIRED - set(keys)):
        findings.add(path, f"has no {key}")
    for key in sorted(set(keys) - MANIFEST_REQUIRED - MANIFEST_OPTIONAL):
        findings.add(path, f"has an unknown key {key}")


def _check_values(path: Path, manifest: Json, findings: Findings) -> None:
    """Check the values that are names, addresses or versions."""
    if manifest.get("domain") != INTEGRATION.name:
        findings.add(path, f"domain is not {INTEGRATION.name}")
    for key, known in (("integration_type", INTEGRATION_TYPES), ("iot_class", IOT_CLASSES)):
        if manifest.get(key) not in known:
            findings.add(path, f"{key} is {manifest.get(key)}, not one of {', '.join(known)}")
    for key in ("documentation", "issue_tracker"):
        if urlsplit(str(manifest.get(key))).scheme != "https":
            findings.add(path, f"{key} is no https address")
    for owner in manifest.get("codeowners", ()):
        if not owner.startswith("@"):
            findings.add(path, f"codeowner {owner} does not start with @")
    try:
        AwesomeVersion(manifest.get("version", ""), ensure_strategy=VERSION_STRATEGIES)
    except AwesomeVersionException:
        findings.add(path, f"version {manifest.get('version')} is not one that HACS can compare")


def _check_dependencies(path: Path, manifest: Json, findings: Findings) -> None:
    """Check that what has to be set up before exists in the Home Assistant that is installed."""
    for key in ("dependencies", "after_dependencies"):
        names = manifest.get(key, [])
        for name in names:
            if not (CORE / name / "manifest.json").is_file():
                findings.add(path, f"{key}: Home Assistant {home_assistant_version} has no {name}")
        if sorted(names) != names:
            findings.add(path, f"{key} are not sorted")


def _check_requirements(path: Path, manifest: Json, findings: Findings) -> None:
    """Check that requirements are pinned, and installed as pinned for the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = manifest.get("requirements", [])
    if requirements != project["project"]["dependencies"]:
        findings.add(path, "requirements differ from the project's dependencies in pyproject.toml")
    if manifest.get("version") != project["project"]["version"]:
        findings.add(path, "version differs from the project's version in pyproject.toml")
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            findings.add(path, f"{text} is not a requirement")
            continue
        if not re.fullmatch(r"==[^,*]+", str(requirement.specifier)):
            findings.add(path, f"{text} is not pinned with ==")


def check_core_pins(findings: Findings) -> None:
    """Check that what is pinned for a development Home Assistant is what its manifests pin."""
    path = ROOT / "pyproject.toml"
    pinned: dict[str, set[str]] = {}
    for manifest in sorted(CORE.glob("*/manifest.json")):
        for text in json.loads(manifest.read_text(encoding="utf-8")).get("requirements", ()):
            requirement = Requirement(text)
            pinned.setdefault(requirement.name.lower(), set()).add(str(requirement.specifier))
    project = tomllib.loads(path.read_text(encoding="utf-8"))
    for text in project["dependency-groups"]["home-assistant"]:
        requirement = Requirement(text)
        core = pinned.get(requirement.name.lower(), set())
        if core and str(requirement.specifier) not in core:
            findings.add(
                path, f"{text}: Home Assistant {home_assistant_version} pins {', '.join(core)}"
            )


def check_hacs(findings: Findings) -> None:
    """Check what HACS reads."""
    path = ROOT / "hacs.json"
    hacs = read_json(path, findings)
    if not hacs.get("name"):
        findings.add(path, "has no name")
    if hacs.get("zip_release") and hacs.get("filename") != f"{DOMAIN}.zip":
        findings.add(path, f"filename is not {DOMAIN}.zip, which the release workflow attaches")
    needs = AwesomeVersion(hacs.get("homeassistant", "0"))
    if not needs or needs > AwesomeVersion(home_assistant_version):
        findings.add(
            path, f"homeassistant is missing or newer than the tested {home_assistant_version}"
        )


def check_quality_scale(findings: Findings) -> None:
    """Check that every rule of the quality scale is answered."""
    path = INTEGRATION / "quality_scale.yaml"
    if not path.is_file():
        findings.add(path, "is missing")
        return
    rules = read_yaml(path, findings).get("rules", {})
    known: set[str] = set()
    for answered in CORE.glob("*/quality_scale.yaml"):
        known |= set(yaml.safe_load(answered.read_text(encoding="utf-8"))["rules"])
    for rule in sorted(known - set(rules)):
        findings.add(path, f"does not answer {rule}")
    for rule in sorted(set(rules) - known):
        findings.add(path, f"answers {rule}, which is no rule")
    for rule, answer in rules.items():
        status = answer.get("status") if isinstance(answer, dict) else answer
        if status not in {"done", "exempt", "todo"}:
            findings.add(path, f"{rule} is {status}: must be done, exempt or todo")
        if status != "done" and not (isinstance(answer, dict) and answer.get("comment")):
            findings.add(path, f"{rule} is {status} without a comment that says why")
