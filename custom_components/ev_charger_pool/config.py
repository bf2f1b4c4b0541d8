"""What a user configured, read from the entry and its subentries into values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from .balancing.contract import Sharing
from .const import (
    CONF_BATTERY,
    CONF_BATTERY_INVERT,
    CONF_BATTERY_PHASES,
    CONF_CURRENT_L1,
    CONF_CURRENT_L2,
    CONF_CURRENT_L3,
    CONF_DEDICATED,
    CONF_ENERGY,
    CONF_FAIL_SAFE_CURRENT,
    CONF_FUSE,
    CONF_INVERT,
    CONF_LIMIT_W,
    CONF_LIMITS,
    CONF_METER,
    CONF_OCPP_PORT,
    CONF_PARENT,
    CONF_PHASES,
    CONF_POWER,
    CONF_POWER_L1,
    CONF_POWER_L2,
    CONF_POWER_L3,
    CONF_SHARING,
    CONF_SIMULATOR,
    CONF_SOLAR,
    CONF_SOLAR_PHASES,
    CONF_VOLTAGE,
    DEFAULT_OCPP_PORT,
    ROOT_CIRCUIT,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
    SUBENTRY_FORECAST,
    SUBENTRY_POWER_SUPPLY,
    SUBENTRY_VEHICLE,
)
from .device_config import ChargerConfig, Json, SupplyConfig
from .energy_config import EnergyConfig
from .forecast_config import ForecastSettings
from .limits_config import LimitsConfig
from .pool.members import CircuitId
from .pool.quantities import PHASES, PerPhase, Phase, PhaseValues
from .pool.vehicles import VehicleId
from .simulator.standard import StandardSite
from .vehicle_config import VehicleConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterConfig:
    """The entities of a meter.

    Attributes:
        current: Entity ids of the currents on L1, L2, L3.
        power: Entity ids of the powers on L1, L2, L3.
        total_power: Entity id of the power over all phases.
        inverted: Whether the meter counts what flows out as positive.
    """

    current: PerPhase[str | None] = PerPhase(None, None, None)
    power: PerPhase[str | None] = PerPhase(None, None, None)
    total_power: str | None = None
    inverted: bool = False

    @property
    def entities(self) -> tuple[str, ...]:
        """Every entity that it reads."""
        return tuple(
            entity
            for entity in (*self.current, *self.power, self.total_power)
            if entity is not None
        )

    @classmethod
    def from_json(cls, data: Json) -> MeterConfig:
        """Read the mapping under `meter`; an empty one is no meter at all."""
        return cls(
            current=PerPhase(
                data.get(CONF_CURRENT_L1), data.get(CONF_CURRENT_L2), data.get(CONF_CURRENT_L3)
            ),
            power=PerPhase(
                data.get(CONF_POWER_L1), data.get(CONF_POWER_L2), data.get(CONF_POWER_L3)
            ),
            total_power=data.get(CONF_POWER),
            inverted=data.get(CONF_INVERT, False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """The site's own form.

    Attributes:
        name: What the user calls it.
        phases: The phases of its grid connection.
        voltage_v: Phase to neutral, nominal.
        fuse_a: The main fuse, amps per phase.
        fail_safe_current_a: What a connector takes by itself when nothing is said for it.
        sharing: Whose surplus comes before whose minimum.
        meter: The grid meter.
        solar: Entities of solar power, positive is production.
        solar_phases: The phases that solar power feeds evenly; empty: unknown.
        battery: Entities of battery power, positive is discharge.
        battery_phases: The phases that the battery feeds evenly; empty: unknown.
        battery_inverted: Whether those count charging as positive.
        energy: What it does with its sun and its battery.
        limits: What limits the connection beside its fuse.
        ocpp_port: Where the central system listens.
        simulator: What a simulated site is made of; None for a real one.
    """

    name: str
    phases: tuple[Phase, ...]
    voltage_v: float
    fuse_a: PhaseValues
    fail_safe_current_a: float
    sharing: Sharing
    meter: MeterConfig
    solar: tuple[str, ...] = ()
    solar_phases: tuple[Phase, ...] = ()
    battery: tuple[str, ...] = ()
    battery_phases: tuple[Phase, ...] = ()
    battery_inverted: bool = False
    energy: EnergyConfig = field(default_factory=EnergyConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    ocpp_port: int = DEFAULT_OCPP_PORT
    simulator: StandardSite | None = None

    @classmethod
    def from_entry(cls, entry: ConfigEntry[Any]) -> SiteConfig:
        """Read the data of a site's entry."""
        data: Json = entry.data
        phases = PHASES[: data[CONF_PHASES]]
        return cls(
            name=entry.title,
            phases=phases,
            voltage_v=data.get(CONF_VOLTAGE, 230.0),
            fuse_a=_per_phase(data[CONF_FUSE], phases),
            fail_safe_current_a=data.get(CONF_FAIL_SAFE_CURRENT, 0.0),
            sharing=Sharing(data.get(CONF_SHARING, Sharing.MIN_FIRST)),
            meter=MeterConfig.from_json(data.get(CONF_METER) or {}),
            solar=tuple(data.get(CONF_SOLAR) or ()),
            solar_phases=_fed_phases(data.get(CONF_SOLAR_PHASES), phases),
            battery=tuple(data.get(CONF_BATTERY) or ()),
            battery_phases=_fed_phases(data.get(CONF_BATTERY_PHASES), phases),
            battery_inverted=data.get(CONF_BATTERY_INVERT, False),
            energy=EnergyConfig.from_json(data.get(CONF_ENERGY) or {}),
            limits=LimitsConfig.from_json(data.get(CONF_LIMITS) or {}),
            ocpp_port=data.get(CONF_OCPP_PORT, DEFAULT_OCPP_PORT),
            simulator=StandardSite.from_data(data) if CONF_SIMULATOR in data else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitConfig:
    """A circuit's form; its id is its subentry's."""

    id: CircuitId
    name: str
    parent: CircuitId
    fuse_a: PhaseValues
    limit_w: float | None
    meter: MeterConfig
    is_dedicated: bool
    limits: LimitsConfig = field(default_factory=LimitsConfig)

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry, site: SiteConfig) -> CircuitConfig:
        """Read the data of a circuit's subentry."""
        data: Json = subentry.data
        return cls(
            id=subentry.subentry_id,
            name=subentry.title,
            parent=data.get(CONF_PARENT, ROOT_CIRCUIT),
            fuse_a=_per_phase(data[CONF_FUSE], site.phases),
            limit_w=data.get(CONF_LIMIT_W),
            meter=MeterConfig.from_json(data.get(CONF_METER) or {}),
            is_dedicated=data.get(CONF_DEDICATED, False),
            limits=LimitsConfig.from_json(data.get(CONF_LIMITS) or {}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolConfig:
    """Everything that is configured, as one value: two of them can be compared.

    A subentry is changed in place, so this copy is what a change is found against.
    """

    site: SiteConfig
    chargers: Mapping[str, ChargerConfig]
    supplies: Mapping[str, SupplyConfig]
    circuits: Mapping[CircuitId, CircuitConfig]
    vehicles: Mapping[VehicleId, VehicleConfig] = field(default_factory=dict)
    forecasts: Mapping[str, ForecastSettings] = field(default_factory=dict)

    @property
    def meters(self) -> Mapping[CircuitId, MeterConfig]:
        """The meters of those circuits that have one."""
        meters = {circuit.id: circuit.meter for circuit in self.circuits.values()}
        meters[ROOT_CIRCUIT] = self.site.meter
        return {circuit: meter for circuit, meter in meters.items() if meter.entities}

    @property
    def limits(self) -> Mapping[CircuitId, LimitsConfig]:
        """What limits each circuit beside its fuse."""
        limits = {circuit.id: circuit.limits for circuit in self.circuits.values()}
        return {ROOT_CIRCUIT: self.site.limits, **limits}

    def needs_reload_after(self, old: PoolConfig) -> bool:
        """Whether the site has to start anew after what changed since `old`."""
        # What a circuit shows is found out when it appears: an average that is new is shown then.
        shown_anew = any(
            (limits.average is None) is not (old.limits[circuit].average is None)
            for circuit, limits in self.limits.items()
            if circuit in old.limits
        )
        # With a battery comes an entity of the site, which is made at the start.
        kept = (self.site.ocpp_port, self.site.simulator, bool(self.site.battery))
        return shown_anew or kept != (
            old.site.ocpp_port,
            old.site.simulator,
            bool(old.site.battery),
        )

    @classmethod
    def from_entry(cls, entry: ConfigEntry[Any]) -> PoolConfig:
        """Read an entry with all its subentries.

        Raises:
            KeyError: A field is missing that every flow writes.
            ValueError: A field holds what no flow writes.
        """
        site = SiteConfig.from_entry(entry)
        kinds: dict[str, dict[str, ConfigSubentry]] = {}
        for subentry in entry.subentries.values():
            kinds.setdefault(subentry.subentry_type, {})[subentry.subentry_id] = subentry
        circuits = {
            key: CircuitConfig.from_subentry(subentry, site)
            for key, subentry in kinds.get(SUBENTRY_CIRCUIT, {}).items()
        }
        known = {ROOT_CIRCUIT, *circuits}
        return cls(
            site=site,
            chargers={
                key: _on_known_circuit(
                    ChargerConfig.from_subentry(subentry, site.phases, site.fail_safe_current_a),
                    known,
                )
                for key, subentry in kinds.get(SUBENTRY_CHARGER, {}).items()
            },
            supplies={
                key: _on_known_circuit(SupplyConfig.from_subentry(subentry, site.phases), known)
                for key, subentry in kinds.get(SUBENTRY_POWER_SUPPLY, {}).items()
            },
            circuits={
                key: circuit if _reaches_root(circuit, circuits) else _on_root(circuit)
                for key, circuit in circuits.items()
            },
            vehicles={
                key: VehicleConfig.from_subentry(subentry)
                for key, subentry in kinds.get(SUBENTRY_VEHICLE, {}).items()
            },
            forecasts={
                key: ForecastSettings.from_subentry(subentry)
                for key, subentry in kinds.get(SUBENTRY_FORECAST, {}).items()
            },
        )


def _on_known_circuit[ConfigT: (ChargerConfig, SupplyConfig)](
    config: ConfigT, known: set[CircuitId]
) -> ConfigT:
    # A circuit that was removed leaves its members to the grid connection.
    return config if config.circuit in known else replace(config, circuit=ROOT_CIRCUIT)


def _reaches_root(circuit: CircuitConfig, circuits: Mapping[CircuitId, CircuitConfig]) -> bool:
    seen: set[CircuitId] = set()
    at = circuit
    while at.id not in seen:
        seen.add(at.id)
        if at.parent == ROOT_CIRCUIT:
            return True
        if (parent := circuits.get(at.parent)) is None:
            return False
        at = parent
    return False


def _on_root(circuit: CircuitConfig) -> CircuitConfig:
    return replace(circuit, parent=ROOT_CIRCUIT)


def _fed_phases(kept: Sequence[str] | None, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    # A site with one phase is fed on that one, whatever was kept while it had three.
    if kept is None or len(phases) == 1:
        return phases
    return tuple(phase for phase in phases if phase in kept)


def _per_phase(value: float | Json, phases: tuple[Phase, ...]) -> PhaseValues:
    if isinstance(value, Mapping):
        amps = {phase: float(value.get(phase, 0.0)) for phase in PHASES}
    else:
        amps = dict.fromkeys(PHASES, float(value))
    return PerPhase(*(amps[phase] if phase in phases else 0.0 for phase in PHASES))
