"""The checks of the integration's files find what Home Assistant or HACS would refuse."""

import json
from pathlib import Path
import struct

import pytest

from scripts.checks import brand, common, manifest, texts
from scripts.checks.common import Findings
from scripts.checks.source import Source


@pytest.fixture
def integration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an integration to put unsound files into."""
    folder = tmp_path / "custom_components" / "ev_charger_pool"
    (folder / "translations").mkdir(parents=True)
    (folder / "brand").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nversion = "0.1.0"\ndependencies = ["ocpp==2.1.0"]\n'
    )
    for module in (brand, common, manifest, texts):
        monkeypatch.setattr(module, "INTEGRATION", folder)
    for module in (common, manifest):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return folder


def a_manifest(**changed: object) -> dict[str, object]:
    """Return a sound manifest, but for what is changed."""
    return {
        "domain": "ev_charger_pool",
        "name": "EV Charger Pool",
        "codeowners": ["@someone"],
        "config_flow": True,
        "dependencies": ["http"],
        "documentation": "https://example.org",
        "integration_type": "hub",
        "iot_class": "local_push",
        "issue_tracker": "https://example.org/issues",
        "quality_scale": "platinum",
        "requirements": ["ocpp==2.1.0"],
        "version": "0.1.0",
    } | changed


def findings_of_manifest(integration: Path, content: dict[str, object]) -> list[str]:
    """Return what is found in a manifest."""
    (integration / "config_flow.py").touch()
    (integration / "manifest.json").write_text(json.dumps(content))
    findings = Findings()
    manifest.check_manifest(findings)
    return findings.lines


def test_sound_manifest_has_no_findings(integration: Path) -> None:
    assert findings_of_manifest(integration, a_manifest()) == []


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({"aaa": 1}, "keys are not sorted"),
        ({"zzz": 1}, "unknown key zzz"),
        ({"iot_class": "local_pull"}, "iot_class is local_pull"),
        ({"integration_type": "charger"}, "integration_type is charger"),
        ({"documentation": "http://example.org"}, "documentation is no https address"),
        ({"codeowners": ["someone"]}, "codeowner someone does not start with @"),
        ({"dependencies": ["htpp"]}, "has no htpp"),
        ({"dependencies": ["modbus", "http"]}, "dependencies are not sorted"),
        ({"requirements": ["ocpp>=2"]}, "ocpp>=2 is not pinned with =="),
        ({"requirements": ["ocpp==2.0.0"]}, "requirements differ"),
        ({"version": "0.2.0"}, "version differs"),
        ({"version": "next"}, "version next is not one that HACS can compare"),
        ({"config_flow": False}, "config_flow does not say"),
    ],
)
def test_unsound_manifest_is_found(
    integration: Path, changed: dict[str, object], finding: str
) -> None:
    assert any(finding in line for line in findings_of_manifest(integration, a_manifest(**changed)))


def test_missing_manifest_key_is_found(integration: Path) -> None:
    content = a_manifest()
    del content["issue_tracker"]
    assert any(
        "has no issue_tracker" in line for line in findings_of_manifest(integration, content)
    )


def a_png(width: int, height: int) -> bytes:
    """Return the head of a PNG."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def test_brand_image_of_another_size_or_kind_is_found(integration: Path) -> None:
    for name, content in {
        "icon.png": a_png(256, 256),
        "icon@2x.png": a_png(256, 256),
        "logo.png": a_png(600, 90),
        "logo@2x.png": b"GIF89a",
    }.items():
        (integration / "brand" / name).write_bytes(content)
    findings = Findings()
    brand.check_brand(findings)
    found = "\n".join(findings.lines)
    assert "brand/icon.png" not in found
    assert "brand/icon@2x.png: is not a PNG of 512 x 512" in found
    assert "brand/logo.png: is not a PNG with a shorter side of 128 to 256" in found
    assert "brand/logo@2x.png: is not a PNG with" in found
    assert "brand/dark_icon.png: is missing" in found


def test_other_language_must_say_the_same_with_the_same_placeholders(integration: Path) -> None:
    english = {"title": "Pool of {site}", "exceptions": {"busy": {"message": "Busy"}}}
    (integration / "translations" / "en.json").write_text(json.dumps(english))
    (integration / "translations" / "de.json").write_text(
        json.dumps({"title": "Pool von {ort}", "extra": "Mehr", "other": "[%key:common::x%]"})
    )
    findings = Findings()
    texts.check_texts(english, findings)
    found = "\n".join(findings.lines)
    assert "en.json" not in found.replace("is not in en.json", "").replace("than in en.json", "")
    assert "de.json: title has other placeholders than in en.json" in found
    assert "de.json: exceptions.busy.message is missing" in found
    assert "de.json: extra is not in en.json" in found
    assert "de.json: other refers to another text" in found


def test_strings_file_of_core_is_found(integration: Path) -> None:
    (integration / "translations" / "en.json").write_text("{}")
    (integration / "strings.json").write_text("{}")
    findings = Findings()
    texts.check_texts({}, findings)
    assert any("strings.json: is for core only" in line for line in findings.lines)


def test_action_without_text_or_icon_is_found(integration: Path) -> None:
    (integration / "services.yaml").write_text(
        "start:\n  fields:\n    member:\n      required: true\n"
    )
    english = {"services": {"start": {"name": "Start", "description": "Starts."}, "halt": {}}}
    findings = Findings()
    texts.check_services(english, {"services": {}}, findings)
    found = "\n".join(findings.lines)
    assert "services.start.fields.member.name is missing" in found
    assert "services.start has no icon" in found
    assert "services.halt is no action" in found


def test_keys_are_found_in_code(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "raise ServiceValidationError(translation_key='busy' if late else 'gone')\n"
        "errors['host'] = 'cannot_connect'\n"
        "flow.async_show_form(step_id=name)\n"
    )
    source = Source(path)
    assert [use.key for use in source.keywords(r"Error$", "translation_key")] == ["busy", "gone"]
    assert [use.key for use in source.assigned("errors")] == ["cannot_connect"]
    assert list(source.keywords("show_form", "step_id")) == []
