"""The rules that hold between the parts of a device profile."""

from collections.abc import Iterable

from .schema import (
    ChargerTraits,
    IdentitySignals,
    PauseBy,
    Profile,
    ProfileKind,
    SupplyTraits,
)
from .signals import Table, WordType


def complaints(profile: Profile) -> Iterable[str]:
    """Yield what contradicts itself in a profile, a sentence each."""
    if not profile.models:
        yield "at least one model is expected"
    if not profile.links:
        yield "at least one link is expected"
    if not profile.identify:
        yield "without a probe in identify any device would be taken for this one"
    if (profile.charger is not None) != (profile.kind is ProfileKind.CHARGER) or (
        profile.power_supply is not None
    ) != (profile.kind is ProfileKind.POWER_SUPPLY):
        yield f"a {profile.kind} profile has exactly the section {profile.kind}"
    yield from _unknown_signals(profile)
    yield from _wrong_signals(profile)
    yield from _wrong_reads(profile)
    yield from _wrong_traits(profile)


def _unknown_signals(profile: Profile) -> Iterable[str]:
    for user, name in _references(profile):
        if name not in profile.signals:
            yield f"{user} names the signal {name!r}, which does not exist"


def _references(profile: Profile) -> Iterable[tuple[str, str]]:
    """Yield who names which signal."""
    sections: list[tuple[str, Iterable[str | None]]] = [
        ("identify", (probe.signal for probe in profile.identify)),
        ("reads", (name for group in profile.reads for name in group.signals)),
        ("relative_to", (signal.relative_to for signal in profile.signals.values())),
        ("identity", _identity_signals(profile.identity)),
    ]
    if profile.charger is not None:
        sections.append(("charger", _charger_signals(profile.charger)))
    if profile.power_supply is not None:
        sections.append(("power_supply", _supply_signals(profile.power_supply)))
    if profile.watchdog is not None:
        sections.append(("watchdog", (profile.watchdog.timeout, profile.watchdog.current)))
    if (variants := profile.variants) is not None:
        scaled = (name for model in variants.models for name in model.scales)
        sections.append(("variants", (variants.signal, *variants.conditions, *scaled)))
    for user, names in sections:
        yield from ((user, name) for name in names if name is not None)


def _identity_signals(identity: IdentitySignals) -> Iterable[str | None]:
    return (identity.manufacturer, identity.model, identity.serial, identity.firmware)


def _charger_signals(charger: ChargerTraits) -> Iterable[str | None]:
    yield from (charger.hardware_max, charger.hardware_min, charger.reported_limit)
    yield from (charger.error, charger.token, *charger.attributes)
    yield from (setting.signal for setting in charger.prepare)
    if (phases := charger.phase_switch) is not None:
        yield from (phases.signal, *(setting.signal for setting in phases.prepare))
    yield from (switch.signal for switch in (charger.switch, charger.lock) if switch is not None)


def _supply_signals(supply: SupplyTraits) -> Iterable[str | None]:
    yield from (supply.nominal_voltage, supply.nominal_current, supply.nominal_power)
    yield from (supply.max_voltage, supply.max_current, supply.max_power)
    yield from (supply.alarm, *supply.alarm_counters, supply.output.signal)
    if supply.remote is not None:
        yield supply.remote.signal


def _wrong_signals(profile: Profile) -> Iterable[str]:
    for signal in profile.signals.values():
        where = f"signals.{signal.name}"
        if signal.scale <= 0:
            yield f"{where}: a scale is above 0"
        if signal.access.is_writable and signal.place.table is Table.INPUT:
            yield f"{where}: an input register cannot be written"
        if (signal.place.table is Table.COIL) != (signal.place.type is WordType.BOOL):
            yield f"{where}: a coil is a bool and a bool is a coil"
        if (signal.relative_to is None) != (signal.full_scale is None):
            yield f"{where}: relative_to and full_scale belong together"
        if signal.full_scale == 0:
            yield f"{where}: full_scale is above 0"


def _wrong_reads(profile: Profile) -> Iterable[str]:
    for group in profile.reads:
        signals = [profile.signals[name] for name in group.signals if name in profile.signals]
        if group.every.total_seconds() <= 0 or not signals:
            yield "reads: a group needs an interval above 0 and signals"
            continue
        if unreadable := [signal.name for signal in signals if not signal.is_readable]:
            yield f"reads: {', '.join(unreadable)} cannot be read"
        places = [signal.read_place for signal in signals]
        if len({place.table for place in places}) > 1:
            yield f"reads: {', '.join(group.signals)} are in different tables"
        first = min(place.address for place in places)
        last = max(place.address + place.count for place in places)
        if last - first > profile.max_registers_per_read:
            yield (
                f"reads: {', '.join(group.signals)} span {last - first} registers, "
                f"more than {profile.max_registers_per_read}"
            )
    if not any(group.essential for group in profile.reads):
        yield "reads: at least one group is essential"


def _wrong_traits(profile: Profile) -> Iterable[str]:
    if (charger := profile.charger) is not None:
        yield from _wrong_charger(profile, charger)
    if (supply := profile.power_supply) is not None:
        yield from _wrong_supply(profile, supply)
    if (watchdog := profile.watchdog) is not None:
        yield from _not_writable(profile, "watchdog", (watchdog.timeout, watchdog.current))
        if not watchdog.renewal < watchdog.duration:
            yield "watchdog: renewal_s is less than duration_s"


def _wrong_charger(profile: Profile, charger: ChargerTraits) -> Iterable[str]:
    yield from _missing(
        profile, ("state", "current_limit", "current_l1", "current_l2", "current_l3")
    )
    written = ("current_limit", *(setting.signal for setting in charger.prepare))
    yield from _not_writable(profile, "charger", written)
    if (phases := charger.phase_switch) is not None:
        settings = (setting.signal for setting in phases.prepare)
        yield from _not_writable(profile, "phase_switch", (phases.signal, *settings))
        if charger.phases == 1 or phases.one == phases.all:
            yield "phase_switch: needs more than one phase, and different numbers for one and all"
    if charger.pause is PauseBy.SWITCH and charger.switch is None:
        yield "charger: pause by switch needs a switch"
    limit = profile.signals.get("current_limit")
    if limit is not None and charger.pause is PauseBy.LIMIT and limit.off_value is None:
        yield "charger: pause by limit needs an off_value of current_limit"
    if not 0 < charger.min_current_a <= charger.max_current_a or charger.step_a <= 0:
        yield "charger: 0 < min_current_a <= max_current_a and step_a > 0 are expected"


def _wrong_supply(profile: Profile, supply: SupplyTraits) -> Iterable[str]:
    yield from _missing(profile, ("set_voltage", "set_current", "actual_voltage", "actual_current"))
    yield from _not_writable(
        profile, "power_supply", ("set_voltage", "set_current", supply.output.signal)
    )
    nominal = (supply.nominal_voltage, supply.nominal_current, supply.nominal_power)
    if profile.variants is None and None in nominal:
        yield "power_supply: nominal signals or variants are expected"
    if supply.bidirectional and "sink_current" not in profile.signals:
        yield "power_supply: a bidirectional one needs sink_current"


def _missing(profile: Profile, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if name not in profile.signals:
            yield f"{profile.kind}: the signal {name} is needed"


def _not_writable(profile: Profile, section: str, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        signal = profile.signals.get(name)
        if signal is not None and not signal.access.is_writable:
            yield f"{section}: {name} has to be writable"
