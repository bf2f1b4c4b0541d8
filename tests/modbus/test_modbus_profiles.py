"""Device profiles: those of the package are right, and what is wrong with one is said clearly."""

from collections.abc import Callable
import copy
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
import yaml

from custom_components.ev_charger_pool.modbus.connection import LinkType
from custom_components.ev_charger_pool.modbus.mapping_reader import ProfileError
from custom_components.ev_charger_pool.modbus.profiles import (
    async_available_profiles,
    async_get_profile,
    available_profiles,
    check_profiles,
    load_profile,
    load_profiles,
    parse_profile,
)
from custom_components.ev_charger_pool.modbus.schema import FedBy, ProfileKind

FOLDER = Path(__file__).parents[2] / "custom_components/ev_charger_pool/modbus/profiles"


def plain(name: str) -> dict[str, Any]:
    """Return the plain data of a profile of the package."""
    data = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return copy.deepcopy(data)


def test_the_package_has_its_four_devices() -> None:
    assert check_profiles() == []
    assert set(available_profiles(ProfileKind.CHARGER)) == {
        "heidelberg_energy_control",
        "keba_p30",
    }
    assert set(available_profiles(ProfileKind.POWER_SUPPLY)) == {
        "ea_psb_bidirectional",
        "riden_rd60xx",
    }


def test_the_check_runs_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    with pytest.raises(SystemExit) as end:
        runpy.run_module("custom_components.ev_charger_pool.modbus.profiles", run_name="__main__")
    assert end.value.code == 0


async def test_profiles_are_read_off_the_event_loop(hass: HomeAssistant) -> None:
    load_profiles.cache_clear()
    assert "keba_p30" in await async_available_profiles(hass, ProfileKind.CHARGER)
    profile = await async_get_profile(hass, ProfileKind.CHARGER, "keba_p30")
    assert profile.name == "KEBA KeContact P30 c-series"
    assert profile.link(LinkType.TCP) is not None
    assert profile.link(LinkType.SERIAL) is None


@pytest.mark.parametrize("profile_id", ["riden_rd60xx", "nothing"])
async def test_an_unknown_profile_is_told_with_those_there_are(
    hass: HomeAssistant, profile_id: str
) -> None:
    with pytest.raises(ProfileError, match="use one of heidelberg_energy_control, keba_p30"):
        await async_get_profile(hass, ProfileKind.CHARGER, profile_id)


def test_the_numbers_of_the_fact_files() -> None:
    heidelberg = load_profiles()["heidelberg_energy_control"]
    limit = heidelberg.signals["current_limit"]
    assert (limit.place.address, limit.scale, limit.off_value) == (261, 0.1, 0)
    assert heidelberg.watchdog is not None
    assert heidelberg.watchdog.fed_by is FedBy.ANY_REQUEST
    keba = load_profiles()["keba_p30"]
    assert keba.timing.write.total_seconds() == 5
    assert keba.timing.read.total_seconds() == 0.5
    assert keba.watchdog is not None
    assert keba.watchdog.fed_by is FedBy.WRITE
    fail_safe = keba.signals["failsafe_current"]
    assert (fail_safe.place.address, fail_safe.read_place.address) == (5016, 1600)


type Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema=2), "keba.yaml.schema: schema 1 is expected, not 2"),
        (lambda d: d.pop("id"), "keba.yaml.id: a text is expected, not None"),
        (lambda d: d.update(kind="car"), "one of charger, power_supply is expected"),
        (lambda d: d.update(colour="red"), "keba.yaml: unknown colour"),
        (lambda d: d.update(models=[]), "at least one model"),
        (lambda d: d.update(models=[1]), "a list of texts"),
        (lambda d: d.update(models="P30"), "a list is expected"),
        (lambda d: d.update(links=[]), "at least one link"),
        (lambda d: d.update(links=["tcp"]), r"links\[0\]: a mapping is expected"),
        (lambda d: d["links"][0].update(type="udp"), r"links\[0\].type: one of tcp"),
        (lambda d: d["links"][0].update(unit_id=-1), r"links\[0\].unit_id: a whole number"),
        (lambda d: d.update(identify=[]), "any device would be taken for this one"),
        (lambda d: d["identify"][0].update(pattern="("), "a regular expression is expected"),
        (lambda d: d["identify"][0].update(signal="nothing"), "identify names the signal"),
        (lambda d: d["identify"][0].update(ranges=[[3]]), "a pair"),
        (lambda d: d["identify"][0].update(ranges=[[3, 1]]), "the lower number comes first"),
        (lambda d: d["signals"]["state"].update(address=70000), "an address up to 65535"),
        (lambda d: d["signals"]["state"].update(address=True), "a whole number"),
        (lambda d: d["signals"]["state"].update(address=65535), "an address up to 65535"),
        (lambda d: d["signals"]["state"].update(type="uint8"), "one of uint16"),
        (lambda d: d["signals"]["state"].update(count=3), "a count that fits uint32"),
        (lambda d: d["signals"]["state"].update(type="string"), "a count that fits string"),
        (lambda d: d["signals"]["state"].update(typo=1), "signals.state: unknown typo"),
        (lambda d: d["signals"]["state"].update(states={"a": {}}), "whole numbers are expected"),
        (lambda d: d["signals"]["state"].update(states={1: {"cable": "cut"}}), "states.1.cable"),
        (lambda d: d["signals"]["state"].update(errors={1: 2}), "the name of an error"),
        (lambda d: d["signals"].update(state=1), "signals.state: a mapping"),
        (lambda d: d.update(signals=1), "signals: a mapping is expected"),
        (lambda d: d["signals"]["power"].update(scale=0), "a scale is above 0"),
        (lambda d: d["signals"]["power"].update(scale="x"), "a number is expected"),
        (lambda d: d["signals"]["enable"].update(table="input"), "cannot be written"),
        (lambda d: d["signals"]["enable"].update(table="coil"), "a bool is a coil"),
        (lambda d: d["signals"]["power"].update(full_scale=5), "belong together"),
        (
            lambda d: d["signals"]["power"].update(full_scale=0, relative_to="state"),
            "full_scale is above 0",
        ),
        (lambda d: d["signals"]["power"].update(relative_to="none"), "relative_to names"),
        (lambda d: d["reads"][0].update(every_s=0), "an interval above 0"),
        (lambda d: d["reads"][0].update(every_s=-1), "seconds of 0 or more"),
        (lambda d: d["reads"][0].update(essential="yes"), "true or false"),
        (lambda d: d["reads"][0].update(apart=False), "span 14 registers, more than 2"),
        (lambda d: d["reads"].append({"every_s": 1, "signals": ["enable"]}), "cannot be read"),
        (
            lambda d: (
                d["signals"].update(other={"table": "input", "address": 1, "type": "uint16"}),
                d["reads"].append({"every_s": 1, "signals": ["other", "state"]}),
            ),
            "in different tables",
        ),
        (lambda d: [group.pop("essential", None) for group in d["reads"]], "is essential"),
        (lambda d: d.pop("charger"), "exactly the section charger"),
        (lambda d: d["signals"].pop("current_l2"), "reads names the signal 'current_l2'"),
        (lambda d: d["charger"].pop("switch"), "pause by switch needs a switch"),
        (lambda d: d["charger"].update(pause="limit"), "needs an off_value"),
        (lambda d: d["charger"].update(step_a=0), "step_a > 0"),
        (lambda d: d["charger"].update(min_current_a=50), "min_current_a <= max_current_a"),
        (
            lambda d: d["charger"].update(prepare=[{"signal": "state", "value": 1}]),
            "charger: state has to be writable",
        ),
        (lambda d: d["charger"].update(switch={"signal": "enable", "off": 0}), "off_raw"),
        (lambda d: d["watchdog"].update(renewal_s=30), "less than duration_s"),
        (lambda d: d["watchdog"].update(current="state"), "watchdog: state has to be writable"),
    ],
)
def test_what_is_wrong_with_a_charger_is_said(change: Change, message: str) -> None:
    data = plain("keba_p30")
    change(data)
    with pytest.raises(ProfileError, match=message):
        parse_profile(data, "keba.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["power_supply"].pop("output"), "the switch of the output is expected"),
        (lambda d: d["power_supply"].pop("nominal_power"), "nominal signals or variants"),
        (lambda d: d["signals"].pop("sink_current"), "a bidirectional one needs sink_current"),
        (lambda d: d["power_supply"].update(denied_exceptions=["7"]), "whole numbers"),
        (lambda d: d["signals"]["set_voltage"].update(access="r"), "set_voltage has to be"),
        (lambda d: d["signals"]["status"]["bits"].update(output=[7]), "a pair"),
        (
            lambda d: d["signals"].update(set_current=d["signals"].pop("set_voltage")),
            "the signal set_voltage is needed",
        ),
        (lambda d: d.update(charger=plain("keba_p30")["charger"]), "exactly the section"),
    ],
)
def test_what_is_wrong_with_a_supply_is_said(change: Change, message: str) -> None:
    data = plain("ea_psb_bidirectional")
    change(data)
    with pytest.raises(ProfileError, match=message):
        parse_profile(data, "ea.yaml")


def test_an_unknown_signal_of_a_variant_is_said() -> None:
    data = plain("riden_rd60xx")
    data["variants"]["models"][0]["scales"]["set_curent"] = 1
    with pytest.raises(ProfileError, match="variants names the signal 'set_curent'"):
        parse_profile(data, "riden.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: [", "cannot be read as YAML"),
        ("- 1", "a mapping is expected"),
        ("", "a mapping is expected"),
    ],
)
def test_a_file_that_is_no_profile(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=message):
        load_profile(path)
    assert len(check_profiles(tmp_path)) == 1


def test_a_profile_has_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "keba.yaml"
    path.write_text((FOLDER / "keba_p30.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert check_profiles(tmp_path) == [
        "keba.yaml: the id 'keba_p30' has to be the name of the file"
    ]


def test_stop_bits_and_parity_are_those_of_the_line() -> None:
    data = plain("heidelberg_energy_control")
    data["links"][0]["stopbits"] = 2
    link = parse_profile(data, "heidelberg.yaml").link(LinkType.SERIAL)
    assert link is not None
    assert (link.serial.stopbits, link.serial.parity, link.serial.baudrate) == (2, "even", 19200)
