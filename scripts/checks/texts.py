"""Check that everything a user can see has its text and its icon, in every language."""

from collections.abc import Iterator
import enum
import importlib
from pathlib import Path
import string

from homeassistant.const import Platform
from homeassistant.helpers.entity import EntityDescription

from .common import DOMAIN, INTEGRATION, Findings, Json, read_json, read_yaml
from .source import Source, sources


def descriptions(platform: Platform) -> dict[str, EntityDescription]:
    """Return the entity descriptions that a platform's module defines, by translation key.

    An entity without a translation key of its own takes the key of its description.
    """
    module = importlib.import_module(f"custom_components.{DOMAIN}.{platform}")
    found: dict[str, EntityDescription] = {}
    for value in vars(module).values():
        items = value.values() if isinstance(value, dict) else value
        for item in items if isinstance(items, (tuple, list)) or value is not items else (items,):
            if isinstance(item, EntityDescription):
                found[item.translation_key or item.key] = item
    return found


def platforms() -> list[Platform]:
    """Return the entity platforms of the integration."""
    return [platform for platform in Platform if (INTEGRATION / f"{platform}.py").is_file()]


def check_entities(english: Json, icons: Json, findings: Findings) -> None:
    """Check that every entity has a name, its states have one, and that icons fit."""
    path = INTEGRATION / "translations" / "en.json"
    texts: Json = english.get("entity", {})
    drawn: Json = icons.get("entity", {})
    for platform in platforms():
        named: Json = texts.get(platform, {})
        source = Source(INTEGRATION / f"{platform}.py")
        known = descriptions(platform)
        used = {use.key for use in source.assigned("_attr_translation_key")}
        for key, description in known.items():
            used.add(key)
            _check_states(path, platform, description, named.get(key, {}), findings)
        for key in sorted(used - set(named)):
            findings.add(path, f"entity.{platform}.{key} is missing")
        for key in sorted(set(named) - used):
            findings.add(path, f"entity.{platform}.{key} is not used by {platform}.py")
        for key in sorted(set(drawn.get(platform, {})) - used):
            findings.add(INTEGRATION / "icons.json", f"entity.{platform}.{key} is not used")
        for key in sorted(used & set(named)):
            described = known.get(key)
            if not (described and described.device_class) and key not in drawn.get(platform, {}):
                findings.add(INTEGRATION / "icons.json", f"entity.{platform}.{key} has no icon")
            if not named[key].get("name") and not (described and described.device_class):
                findings.add(path, f"entity.{platform}.{key} has no name")
    for name in sorted(set(texts) - {str(platform) for platform in platforms()}):
        findings.add(path, f"entity.{name}: there is no {name}.py")


def _check_states(
    path: Path, platform: Platform, description: EntityDescription, text: Json, findings: Findings
) -> None:
    """Check that each option of an enumeration has a text, and that no other has one."""
    options = getattr(description, "options", None) or getattr(description, "event_types", None)
    if not options:
        return
    states = (
        text.get("state_attributes", {}).get("event_type", {}).get("state", {})
        if platform is Platform.EVENT
        else text.get("state", {})
    )
    where = f"entity.{platform}.{description.translation_key or description.key}.state"
    for option in options:
        if str(option) not in states:
            findings.add(path, f"{where}.{option} is missing")
    for state in sorted(set(states) - {str(option) for option in options}):
        findings.add(path, f"{where}.{state} is no option")


def check_exceptions(english: Json, findings: Findings) -> None:
    """Check that every error, issue and device name that the code asks for has its text."""
    path = INTEGRATION / "translations" / "en.json"
    wanted = {"exceptions": set(_error_keys()), "issues": set[str](), "device": set[str]()}
    calls = {
        "exceptions": r"(Error|Failed|NotReady|Exception)$",
        "issues": r"^(async_)?create_issue$|Issue$",
        "device": r"DeviceInfo$",
    }
    for source in sources():
        for section, call in calls.items():
            for use in source.keywords(call, "translation_key"):
                wanted[section].add(use.key)
                if use.key not in english.get(section, {}):
                    findings.add(use.path, f"line {use.line}: no text {section}.{use.key}")
    for key in _error_keys():
        if key not in english.get("exceptions", {}):
            findings.add(path, f"exceptions.{key} is missing")
    for key in sorted(set(english.get("exceptions", {})) - wanted["exceptions"]):
        findings.add(path, f"exceptions.{key} is not used")


def _error_keys() -> list[str]:
    """Return the keys of the integration's errors that are kept in one enumeration."""
    if not (INTEGRATION / "errors.py").is_file():
        return []
    module = importlib.import_module(f"custom_components.{DOMAIN}.errors")
    return [
        str(member.value)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, enum.StrEnum)
        and value.__module__ == module.__name__
        for member in value
    ]


def check_services(english: Json, icons: Json, findings: Findings) -> None:
    """Check that every action and field has a name, a description and an icon, and no other has."""
    path = INTEGRATION / "translations" / "en.json"
    actions = read_yaml(INTEGRATION / "services.yaml", findings)
    texts: Json = english.get("services", {})
    for name, action in actions.items():
        fields = dict((action or {}).get("fields", {}))
        for key, content in list(fields.items()):
            if "fields" in (content or {}):  # a section of fields
                fields |= content["fields"]
                del fields[key]
        text: Json = texts.get(name, {})
        for where, entry in (
            (f"services.{name}", text),
            *((f"services.{name}.fields.{key}", text.get("fields", {}).get(key)) for key in fields),
        ):
            for part in ("name", "description"):
                if not (entry or {}).get(part):
                    findings.add(path, f"{where}.{part} is missing")
        for key in sorted(set(text.get("fields", {})) - set(fields)):
            findings.add(path, f"services.{name}.fields.{key} is no field")
        if name not in icons.get("services", {}):
            findings.add(INTEGRATION / "icons.json", f"services.{name} has no icon")
    for name in sorted(set(texts) - set(actions)):
        findings.add(path, f"services.{name} is no action")
    for name in sorted(set(icons.get("services", {})) - set(actions)):
        findings.add(INTEGRATION / "icons.json", f"services.{name} is no action")


def check_flows(english: Json, findings: Findings) -> None:
    """Check that every step, error and reason that a flow can show has its text."""
    flows = [
        english.get("config", {}),
        english.get("options", {}),
        *english.get("config_subentries", {}).values(),
    ]
    steps = {key for flow in flows for key in flow.get("step", {})}
    errors = {key for flow in flows for key in flow.get("error", {})}
    aborts = {key for flow in flows for key in flow.get("abort", {})}
    selectors = set(english.get("selector", {}))
    for source in sources():
        found = (
            ("step", steps, source.keywords(r"^async_show_(form|menu)$", "step_id")),
            ("error", errors, source.assigned("errors")),
            ("abort", aborts, source.keywords(r"^async_abort$|AbortFlow$", "reason")),
            ("selector", selectors, source.keywords(r"SelectorConfig$", "translation_key")),
        )
        for kind, known, uses in found:
            for use in uses:
                if use.key not in known:
                    findings.add(use.path, f"line {use.line}: no text for {kind} {use.key}")


def leaves(content: Json, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every text in a translation with its dotted key."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def check_texts(english: Json, findings: Findings) -> None:
    """Check that all languages say the same things, with the same placeholders, in full text."""
    if (INTEGRATION / "strings.json").exists():
        findings.add(INTEGRATION / "strings.json", "is for core only: texts go to translations/")
    originals = dict(leaves(english))
    for path in sorted((INTEGRATION / "translations").glob("*.json")):
        texts = dict(leaves(read_json(path, findings)))
        for key in sorted(set(originals) ^ set(texts)):
            where = "is missing" if key in originals else "is not in en.json"
            findings.add(path, f"{key} {where}")
        for key, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                findings.add(path, f"{key} is no text")
            elif "[%key:" in text:
                findings.add(path, f"{key} refers to another text: only core resolves that")
            elif placeholders(text) is None:
                findings.add(path, f"{key} has an unpaired brace")
            elif key in originals and placeholders(text) != placeholders(str(originals[key])):
                findings.add(path, f"{key} has other placeholders than in en.json")


def placeholders(text: str) -> frozenset[str] | None:
    """Return the names in braces, or None if the braces do not pair."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
    except ValueError:
        return None
