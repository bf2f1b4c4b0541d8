"""Reads the device profiles of the package and checks that each makes sense."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
import re
from typing import Final, Literal

from homeassistant.core import HomeAssistant
import yaml

from ...pool.states import CableState, ChargingStatus, ComponentState
from ...power_supplies.contract import SupplyError
from ..connection import LinkType, Parity, SerialSettings
from ..mapping_reader import MappingReader, ProfileError
from ..profile_rules import complaints
from ..schema import (
    ChargerTraits,
    FedBy,
    IdentitySignals,
    Link,
    PauseBy,
    PhaseSwitchTraits,
    Probe,
    Profile,
    ProfileKind,
    ReadGroup,
    Setting,
    SupplyTraits,
    Switch,
    Timing,
    Variant,
    Variants,
    Watchdog,
)
from ..signals import Access, Place, Signal, StateMeaning, Table, WordType

_SCHEMA: Final = 1
_FOLDER: Final = Path(__file__).parent
_LAST_ADDRESS: Final = 0xFFFF


@cache
def load_profiles(folder: Path = _FOLDER) -> Mapping[str, Profile]:
    """Read all profiles of a folder, by id; blocking, so never call it on the event loop.

    Raises:
        ProfileError: A file is wrong.
    """
    profiles = (load_profile(path) for path in sorted(folder.glob("*.yaml")))
    return {profile.id: profile for profile in profiles}


def load_profile(path: Path) -> Profile:
    """Read and check one file.

    Raises:
        ProfileError: It is wrong; the message names the place.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        message = f"{path.name}: cannot be read as YAML: {error}"
        raise ProfileError(message) from error
    profile = parse_profile(data, path.name)
    if profile.id != path.stem:
        message = f"{path.name}: the id {profile.id!r} has to be the name of the file"
        raise ProfileError(message)
    return profile


def available_profiles(kind: ProfileKind) -> Mapping[str, Profile]:
    """Return the profiles of a kind by id; blocking at the first call, see `load_profiles`."""
    return {key: profile for key, profile in load_profiles().items() if profile.kind is kind}


async def async_available_profiles(hass: HomeAssistant, kind: ProfileKind) -> Mapping[str, Profile]:
    """Return the profiles of a kind by id, read off the event loop."""
    return await hass.async_add_executor_job(available_profiles, kind)


async def async_get_profile(hass: HomeAssistant, kind: ProfileKind, profile_id: str) -> Profile:
    """Return one profile, read off the event loop.

    Raises:
        ProfileError: There is none with that id and kind.
    """
    profiles = await async_available_profiles(hass, kind)
    try:
        return profiles[profile_id]
    except KeyError:
        known = ", ".join(profiles)
        message = f"there is no {kind} profile {profile_id!r}: use one of {known}"
        raise ProfileError(message) from None


def check_profiles(folder: Path = _FOLDER) -> list[str]:
    """Return what is wrong with the files of a folder, a line each; empty when all is well."""
    problems = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            load_profile(path)
        except ProfileError as error:
            problems.append(str(error))
    return problems


def parse_profile(data: object, path: str) -> Profile:
    """Make a profile of plain data.

    Args:
        data: What the YAML file holds.
        path: Its name, for messages.

    Raises:
        ProfileError: Something is missing, misspelt or contradicts itself.
    """
    reader = MappingReader(data, path)
    if reader.integer("schema") != _SCHEMA:
        raise reader.fail("schema", f"schema {_SCHEMA} is expected")
    profile = Profile(
        id=reader.text("id"),
        kind=reader.choice("kind", ProfileKind),
        manufacturer=reader.text("manufacturer"),
        models=reader.texts("models"),
        links=reader.children("links", _link),
        timing=reader.child("timing", _timing) or Timing(),
        max_registers_per_read=reader.integer("max_registers_per_read"),
        identify=reader.children("identify", _probe),
        identity=reader.child("identity", _identity) or IdentitySignals(),
        signals=reader.named("signals", _signal),
        reads=tuple(group for groups in reader.children("reads", _reads) for group in groups),
        charger=reader.child("charger", _charger),
        power_supply=reader.child("power_supply", _power_supply),
        watchdog=reader.child("watchdog", _watchdog),
        variants=reader.child("variants", _variants),
    )
    reader.finish()
    for complaint in complaints(profile):
        message = f"{path}: {complaint}"
        raise ProfileError(message)
    return profile


def _link(reader: MappingReader) -> Link:
    stopbits: Literal[1, 2] = 2 if reader.optional_integer("stopbits") == 2 else 1  # noqa: PLR2004
    return Link(
        type=reader.choice("type", LinkType),
        unit_id=reader.integer("unit_id"),
        port=reader.optional_integer("port"),
        serial=SerialSettings(
            baudrate=reader.optional_integer("baudrate") or 19200,
            parity=reader.optional_choice("parity", Parity) or Parity.NONE,
            stopbits=stopbits,
        ),
    )


def _timing(reader: MappingReader) -> Timing:
    none = Timing()
    return Timing(
        request=reader.optional_seconds("request_interval_s") or none.request,
        read=reader.optional_seconds("read_interval_s") or none.read,
        write=reader.optional_seconds("write_interval_s") or none.write,
        idle_disconnect=reader.optional_seconds("idle_disconnect_s"),
    )


def _probe(reader: MappingReader) -> Probe:
    pattern = reader.optional_text("pattern")
    try:
        compiled = None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise reader.fail("pattern", f"a regular expression is expected ({error})") from error
    return Probe(
        signal=reader.text("signal"),
        means=reader.text("means"),
        minimum=reader.optional_number("minimum"),
        maximum=reader.optional_number("maximum"),
        ranges=reader.ranges("ranges"),
        pattern=compiled,
    )


def _identity(reader: MappingReader) -> IdentitySignals:
    return IdentitySignals(
        manufacturer=reader.optional_text("manufacturer"),
        model=reader.optional_text("model"),
        serial=reader.optional_text("serial"),
        firmware=reader.optional_text("firmware"),
    )


def _place(reader: MappingReader) -> Place:
    kind = reader.choice("type", WordType)
    count = reader.optional_integer("count")
    if count is None:
        count = kind.words
    if count is None or (kind.words is not None and count != kind.words) or count == 0:
        raise reader.fail("count", f"a count that fits {kind} is expected")
    address = reader.integer("address")
    if address + count - 1 > _LAST_ADDRESS:
        raise reader.fail("address", f"an address up to {_LAST_ADDRESS} is expected")
    return Place(table=reader.choice("table", Table), address=address, type=kind, count=count)


def _signal(name: str, reader: MappingReader) -> Signal:
    signal = Signal(
        name=name,
        place=_place(reader),
        access=reader.optional_choice("access", Access) or Access.READ,
        readback=reader.child("readback", _place),
        scale=1.0 if (scale := reader.optional_number("scale")) is None else scale,
        unit=reader.optional_text("unit"),
        minimum=reader.optional_number("minimum"),
        maximum=reader.optional_number("maximum"),
        step=reader.optional_number("step"),
        off_value=reader.optional_number("off_value"),
        plausible=reader.pair("plausible"),
        plausible_share=reader.pair("plausible_share"),
        relative_to=reader.optional_text("relative_to"),
        full_scale=reader.optional_integer("full_scale"),
        raw_maximum=reader.optional_integer("raw_maximum"),
        states=reader.integer_keys("states", _state),
        bits=reader.bit_ranges("bits"),
        errors=reader.integer_keys("errors", _error_name),
    )
    reader.finish()
    return signal


def _state(value: object, path: str) -> StateMeaning:
    reader = MappingReader(value, path)
    meaning = StateMeaning(
        component=reader.optional_choice("component", ComponentState),
        cable=reader.optional_choice("cable", CableState),
        charging=reader.optional_choice("charging", ChargingStatus),
        paused=reader.optional_choice("paused", ChargingStatus),
        text=reader.optional_text("text"),
    )
    reader.finish()
    return meaning


def _error_name(value: object, path: str) -> SupplyError:
    try:
        return SupplyError(str(value))
    except ValueError:
        known = ", ".join(SupplyError)
        message = f"{path}: the name of an error ({known}) is expected, not {value!r}"
        raise ProfileError(message) from None


def _reads(reader: MappingReader) -> tuple[ReadGroup, ...]:
    every = reader.seconds("every_s")
    essential = reader.flag("essential")
    signals = reader.texts("signals")
    if reader.flag("apart"):
        return tuple(
            ReadGroup(every=every, signals=(name,), essential=essential) for name in signals
        )
    return (ReadGroup(every=every, signals=signals, essential=essential),)


def _switch(reader: MappingReader) -> Switch:
    # A bare `off` or `on` would be a truth value in YAML.
    return Switch(
        signal=reader.text("signal"),
        off=reader.integer("off_raw"),
        on=reader.integer("on_raw"),
    )


def _lock(reader: MappingReader) -> Switch:
    return Switch(
        signal=reader.text("signal"),
        off=reader.integer("locked"),
        on=reader.integer("unlocked"),
    )


def _setting(reader: MappingReader) -> Setting:
    return Setting(signal=reader.text("signal"), value=reader.integer("value"))


def _charger(reader: MappingReader) -> ChargerTraits:
    return ChargerTraits(
        phases=reader.integer("phases"),
        min_current_a=reader.number("min_current_a"),
        max_current_a=reader.number("max_current_a"),
        step_a=reader.number("step_a"),
        settle=reader.seconds("settle_s"),
        raise_spacing=reader.seconds("raise_spacing_s"),
        hardware_max=reader.optional_text("hardware_max"),
        hardware_min=reader.optional_text("hardware_min"),
        reported_limit=reader.optional_text("reported_limit"),
        pause=reader.choice("pause", PauseBy),
        switch=reader.child("switch", _switch),
        prepare=reader.children("prepare", _setting),
        lock=reader.child("lock", _lock),
        error=reader.optional_text("error"),
        token=reader.optional_text("token"),
        attributes=reader.texts("attributes"),
        phase_switch=reader.child("phase_switch", _phase_switch),
    )


def _phase_switch(reader: MappingReader) -> PhaseSwitchTraits:
    return PhaseSwitchTraits(
        signal=reader.text("signal"),
        one=reader.integer("one_raw"),
        all=reader.integer("all_raw"),
        prepare=reader.children("prepare", _setting),
        pause=reader.seconds("pause_s"),
        settle=reader.seconds("settle_s"),
    )


def _power_supply(reader: MappingReader) -> SupplyTraits:
    output = reader.child("output", _switch)
    if output is None:
        raise reader.fail("output", "the switch of the output is expected")
    return SupplyTraits(
        bidirectional=reader.flag("bidirectional"),
        nominal_voltage=reader.optional_text("nominal_voltage"),
        nominal_current=reader.optional_text("nominal_current"),
        nominal_power=reader.optional_text("nominal_power"),
        max_voltage=reader.optional_text("max_voltage"),
        max_current=reader.optional_text("max_current"),
        max_power=reader.optional_text("max_power"),
        tolerance_share=reader.number("tolerance_share"),
        ripple_share=reader.number("ripple_share"),
        settle=reader.seconds("settle_s"),
        remote=reader.child("remote", _switch),
        output=output,
        denied_exceptions=frozenset(reader.integers("denied_exceptions")),
        local_exceptions=frozenset(reader.integers("local_exceptions")),
        alarm=reader.optional_text("alarm"),
        alarm_counters=reader.texts("alarm_counters"),
    )


def _watchdog(reader: MappingReader) -> Watchdog:
    return Watchdog(
        fed_by=reader.choice("fed_by", FedBy),
        timeout=reader.text("timeout"),
        current=reader.text("current"),
        duration=reader.seconds("duration_s"),
        renewal=reader.seconds("renewal_s"),
    )


def _variants(reader: MappingReader) -> Variants:
    return Variants(signal=reader.text("signal"), models=reader.children("models", _variant))


def _variant(reader: MappingReader) -> Variant:
    return Variant(
        name=reader.text("name"),
        ranges=reader.ranges("ranges"),
        when={name: int(value) for name, value in reader.named_numbers("when").items()},
        nominal_voltage_v=reader.number("nominal_voltage_v"),
        nominal_current_a=reader.number("nominal_current_a"),
        nominal_power_w=reader.number("nominal_power_w"),
        scales=reader.named_numbers("scales"),
    )
