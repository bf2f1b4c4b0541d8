"""The site as the controller wants it, from what is configured."""

from collections.abc import Collection

from .balancing.contract import SiteSettings
from .config import PoolConfig
from .const import ROOT_CIRCUIT
from .pool.circuits import Circuit
from .pool.members import CircuitId, MemberSettings


def site_circuits(config: PoolConfig, metered: Collection[CircuitId]) -> tuple[Circuit, ...]:
    """Return the tree of circuits, the root first.

    Args:
        config: What is configured.
        metered: The circuits that have a meter.
    """
    root = Circuit(
        id=ROOT_CIRCUIT,
        name=config.site.name,
        limit_a=config.site.fuse_a,
        metered=ROOT_CIRCUIT in metered,
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
            )
            for circuit in config.circuits.values()
        ),
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
    )
