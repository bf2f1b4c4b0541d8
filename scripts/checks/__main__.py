"""Run every check of the integration's files."""

import sys

from custom_components.ev_charger_pool.modbus.profiles import check_profiles

from .brand import check_brand
from .common import INTEGRATION, Findings, read_json
from .manifest import check_core_pins, check_hacs, check_manifest, check_quality_scale
from .texts import check_entities, check_exceptions, check_flows, check_services, check_texts


def main() -> int:
    """Check everything; print what is wrong and return 1 if anything is."""
    findings = Findings()
    check_manifest(findings)
    check_core_pins(findings)
    check_hacs(findings)
    check_quality_scale(findings)
    check_brand(findings)
    english = read_json(INTEGRATION / "translations" / "en.json", findings)
    icons = read_json(INTEGRATION / "icons.json", findings)
    check_texts(english, findings)
    check_entities(english, icons, findings)
    check_exceptions(english, findings)
    check_services(english, icons, findings)
    check_flows(english, findings)
    for problem in check_profiles():
        findings.add(INTEGRATION / "modbus" / "profiles", problem)
    for line in findings.lines:
        print(line)
    print(
        f"{len(findings.lines)} findings" if findings.lines else "All integration files are sound"
    )
    return 1 if findings.lines else 0


if __name__ == "__main__":
    sys.exit(main())
