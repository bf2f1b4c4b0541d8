"""Fills in the texts that several forms share, in every language.

Home Assistant resolves references between texts in its core only, so each form of a custom
integration needs its full texts. They are typed at one place and copied to the others here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import sys
from typing import Any

TRANSLATIONS = (
    Path(__file__).parent.parent / "custom_components" / "ev_charger_pool" / "translations"
)

type Texts = dict[str, Any]

CHARGER = ("config_subentries", "charger")
SUPPLY = ("config_subentries", "power_supply")
CIRCUIT = ("config_subentries", "circuit")
VEHICLE = ("config_subentries", "vehicle")
FORECAST = ("config_subentries", "forecast")

CONNECTION_ERRORS = frozenset(
    {
        "link_not_there",
        "host_invalid",
        "port_range",
        "device_invalid",
        "baudrate_range",
        "unit_range",
        "unit_taken",
        "cannot_connect",
        "no_answer",
        "wrong_device",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Texts that are the same at two places.

    Attributes:
        source: Where they are typed.
        target: Where they are filled in.
        only: The keys that are copied; empty for all.
        leave_out: Keys of fields that the target has not.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    only: frozenset[str] = frozenset()
    leave_out: frozenset[str] = field(default=frozenset())


COPIES = (
    Copy(
        source=("entity", "select", "mode", "state"),
        target=("entity", "select", "default_mode", "state"),
    ),
    Copy(source=(*CHARGER, "step", "connector"), target=("config", "step", "connector")),
    Copy(
        source=(*CHARGER, "step", "ocpp"),
        target=("config", "step", "ocpp"),
        leave_out=frozenset({"station"}),
    ),
    Copy(source=(*CHARGER, "step", "network"), target=(*SUPPLY, "step", "network")),
    Copy(source=(*CHARGER, "step", "serial"), target=(*SUPPLY, "step", "serial")),
    Copy(
        source=("config", "step", "meters"),
        target=(*CIRCUIT, "step", "meter"),
        leave_out=frozenset(
            {
                "solar",
                "solar_phases",
                "battery",
                "battery_phases",
                "battery_invert",
                "title",
                "description",
            }
        ),
    ),
    Copy(
        source=("config", "step", "limits"),
        target=(*CIRCUIT, "step", "limits"),
        leave_out=frozenset({"limit_w", "description"}),
    ),
    Copy(
        source=("config", "error"),
        target=(*CHARGER, "error"),
        only=CONNECTION_ERRORS
        | {
            "name_empty",
            "station_invalid",
            "station_taken",
            "tokens_missing",
            "tokens_invalid",
            "connectors_range",
            "maximum_range",
            "fail_safe_between",
            "fail_safe_above_maximum",
            "fail_safe_sum",
        },
    ),
    Copy(
        source=("config", "error"),
        target=(*SUPPLY, "error"),
        only=CONNECTION_ERRORS | {"name_empty", "power_range", "set_point_range"},
    ),
    Copy(
        source=("config", "error"),
        target=(*CIRCUIT, "error"),
        only=frozenset(
            {
                "name_empty",
                "name_taken",
                "circuit_cycle",
                "fuse_range",
                "limit_range",
                "timetable_invalid",
                "average_range",
                "average_needs_power",
                "imbalance_range",
                "phase_missing",
                "entity_twice",
            }
        ),
    ),
    Copy(
        source=("config", "error"),
        target=(*VEHICLE, "error"),
        only=frozenset(
            {
                "name_empty",
                "name_taken",
                "name_reserved",
                "capacity_range",
                "capacity_twice",
                "maximum_range",
                "efficiency_range",
                "entity_twice",
                "tokens_invalid",
                "tag_taken",
                "home_taken",
            }
        ),
    ),
    Copy(
        source=("config", "error"),
        target=(*FORECAST, "error"),
        only=frozenset({"kind_taken", "entity_missing", "feed_in_range", "forecast_unreadable"}),
    ),
)


def fill_in(texts: Texts) -> Texts:
    """Return the texts of a language with the shared ones at every place."""
    filled: Texts = json.loads(json.dumps(texts))
    for copy in COPIES:
        source = _at(filled, copy.source)
        target = _at(filled, copy.target[:-1])
        target[copy.target[-1]] = {
            **_own(target.get(copy.target[-1], {}), copy.leave_out),
            **{
                key: _without(value, copy.leave_out)
                for key, value in source.items()
                if key not in copy.leave_out and (not copy.only or key in copy.only)
            },
        }
    return filled


def as_text(texts: Texts) -> str:
    """Return a translation as its file holds it."""
    return json.dumps(texts, ensure_ascii=False, indent=2) + "\n"


def _at(texts: Texts, path: tuple[str, ...]) -> Texts:
    for key in path:
        texts = texts.setdefault(key, {})
    return texts


def _own(texts: Mapping[str, Any], own: frozenset[str]) -> Texts:
    return {key: value for key, value in texts.items() if key in own}


def _without(value: object, leave_out: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key not in leave_out}
    return value


def main(arguments: list[str]) -> int:
    """Fill in the texts of all languages, or tell which are not filled in; 1 if there are any."""
    stale = []
    for path in sorted(TRANSLATIONS.glob("*.json")):
        now = path.read_text(encoding="utf-8")
        filled = as_text(fill_in(json.loads(now)))
        if filled != now:
            stale.append(path)
            if "--check" not in arguments:
                path.write_text(filled, encoding="utf-8")
    for path in stale:
        print(f"{path.name}: shared texts {'differ' if '--check' in arguments else 'filled in'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
