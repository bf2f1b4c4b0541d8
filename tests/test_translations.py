"""Everything that a user can see is said in every language, and shared texts are the same."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components import ev_charger_pool
from custom_components.ev_charger_pool.balancing.contract import ProblemKind, Sharing
from custom_components.ev_charger_pool.chargers.ocpp import Authorization
from custom_components.ev_charger_pool.errors import ErrorKey
from custom_components.ev_charger_pool.flows.fields import FieldError, rotations
from custom_components.ev_charger_pool.forecast_issues import ForecastIssue
from custom_components.ev_charger_pool.modbus.connection import LinkType
from custom_components.ev_charger_pool.pool.actions import ActionStatus
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.members import Mode, Priority
from custom_components.ev_charger_pool.pool.quantities import PHASES
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.shares import Activity, Period
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState
from custom_components.ev_charger_pool.power_supplies.contract import SupplyMode
from scripts.translations import COPIES, as_text, fill_in, main

FOLDER = Path(ev_charger_pool.__file__).parent / "translations"
LANGUAGES = ("en", "de", "nl")


def read(language: str) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def at(texts: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    for key in path.split("."):
        texts = texts[key]
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_shared_texts_are_filled_in(language: str) -> None:
    written = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    assert as_text(fill_in(json.loads(written))) == written


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_everything(language: str) -> None:
    english, other = dict(leaves(read("en"))), dict(leaves(read(language)))
    assert set(english) == set(other)
    same = {
        key
        for key, text in english.items()
        # Names, and words that are the same in both.
        if other[key] == text and len(text.split()) > 3
    }
    assert same == set()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("selector.sharing.options", Sharing),
        ("selector.authorization.options", Authorization),
        ("selector.link_type.options", LinkType),
        ("selector.limit_unit.options", LimitUnit),
        ("entity.sensor.state.state", ConnectorState),
        ("entity.sensor.charging_status.state", ChargingStatus),
        ("entity.sensor.limited_by.state", ReasonKind),
        ("entity.sensor.supply_mode.state", SupplyMode),
        ("selector.share_period.options", Period),
        ("selector.share_activity.options", Activity),
        ("entity.select.mode.state", Mode),
        ("entity.event.limit_action.state_attributes.event_type.state", ActionStatus),
    ],
)
def test_every_word_of_the_pool_has_a_text(path: str, words: type[StrEnum]) -> None:
    assert set(at(read("en"), path)) == {word.value for word in words}


def test_every_problem_has_a_text() -> None:
    said = {*(kind.value for kind in ProblemKind), *(issue.value for issue in ForecastIssue)}
    assert set(read("en")["issues"]) == said


def test_every_priority_has_a_text() -> None:
    assert set(at(read("en"), "entity.select.priority.state")) == {
        priority.name.lower() for priority in Priority
    }


def test_every_wiring_has_a_text() -> None:
    assert set(at(read("en"), "selector.rotation.options")) == set(rotations(PHASES))


def test_every_message_at_a_field_has_a_text() -> None:
    texts = read("en")
    flows = [texts["config"], *texts["config_subentries"].values()]
    said = {key for flow in flows for key in flow["error"]}
    assert said == {error.value for error in FieldError}


def test_every_error_has_a_text() -> None:
    assert {key.value for key in ErrorKey} <= set(read("en")["exceptions"])


def test_a_text_that_was_changed_at_its_place_reaches_the_others() -> None:
    texts = read("en")
    texts["config_subentries"]["charger"]["step"]["network"]["title"] = "Somewhere"
    texts["config"]["error"]["name_empty"] = "No name."
    filled = fill_in(texts)
    assert filled["config_subentries"]["power_supply"]["step"]["network"]["title"] == "Somewhere"
    for kind in ("charger", "power_supply", "circuit"):
        assert filled["config_subentries"][kind]["error"]["name_empty"] == "No name."
    # The identity of a station that introduced itself is not asked for.
    assert "station" not in filled["config"]["step"]["ocpp"]["data"]
    assert "station" in filled["config_subentries"]["charger"]["step"]["ocpp"]["data"]
    assert len({(copy.target, copy.only) for copy in COPIES}) == len(COPIES)


def test_the_check_finds_texts_that_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.translations.TRANSLATIONS", tmp_path)
    texts = read("en")
    texts["config_subentries"]["charger"]["step"]["connector"]["title"] = "Plug"
    (tmp_path / "en.json").write_text(as_text(texts), encoding="utf-8")
    assert main(["--check"]) == 1
    assert "en.json: shared texts differ" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
    kept = json.loads((tmp_path / "en.json").read_text(encoding="utf-8"))
    assert kept["config"]["step"]["connector"]["title"] == "Plug"
