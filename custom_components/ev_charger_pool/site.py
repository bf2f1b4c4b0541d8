"""The site as the controller wants it, from what is configured."""

from collections.abc import Collection

from homeassistant.util import dt as dt_util

from .balancing.contract import SiteSettings
from .config import CircuitConfig, MeterConfig, PoolConfig
from .const import ROOT_CIRCUIT
from .pool.circuits import Circuit
from .pool.members import MemberSettings
from .pool.quantities import NO_CURRENT


def site_circuits(config: PoolConfig) -> tuple[Circuit, ...]:
    """Return the tree of circuits, the root first.

    A circuit that is said to feed the pool alone has no other load to reserve for (SR-1). What a
    meter shows is better than what was said, though.
    """
    metered = config.meters
    root = Circuit(
        id=ROOT_CIRCUIT,
        name=config.site.name,
        limit_a=config.site.fuse_a,
        limit_w=config.site.limits.limit_w,
        metered=ROOT_CIRCUIT in metered,
        meter=_name_of(metered.get(ROOT_CIRCUIT)),
        average=config.site.limits.average,
        imbalance_a=config.site.limits.imbalance_a,
    )
    return (
        root,
        *(
            Circuit(
                id=circuit.id,
                name=circuit.name,
                parent=circuit.parent,
                limit_a=circuit.fuse_a,
                limit_w=circuit.limit_w,
                metered=circuit.id in metered,
                meter=_name_of(metered.get(circuit.id)),
                other_load_max_a=(
                    NO_CURRENT
                    if circuit.id not in metered and _feeds_only_pool(circuit, config)
                    else None
                ),
                average=circuit.limits.average,
                imbalance_a=circuit.limits.imbalance_a,
            )
            for circuit in config.circuits.values()
        ),
    )


def _name_of(meter: MeterConfig | None) -> str | None:
    """Return what tells a meter from another one, or from the same with its sign turned."""
    return None if meter is None else f"{meter.entities} {meter.inverted}"


def _feeds_only_pool(circuit: CircuitConfig, config: PoolConfig) -> bool:
    """Whether a circuit is dedicated to the pool: what it feeds counts, so all below have to be."""
    return circuit.is_dedicated and all(
        _feeds_only_pool(below, config)
        for below in config.circuits.values()
        if below.parent == circuit.id
    )


def site_settings(
    config: PoolConfig, circuits: tuple[Circuit, ...], members: Collection[MemberSettings]
) -> SiteSettings:
    """Return the site with its circuits and members."""
    return SiteSettings(
        circuits=circuits,
        members=tuple(members),
        sharing=config.site.sharing,
        nominal_voltage_v=config.site.voltage_v,
        solar=config.site.energy.solar,
        battery=config.site.energy.battery,
        time_zone=dt_util.get_default_time_zone(),
    )
