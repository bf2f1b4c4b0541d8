"""What *Settings -> System -> Repairs -> System information* tells of the sites."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .balancing.contract import DECISION_FRESH
from .config import PoolConfig
from .const import DOMAIN, DRIVER_OCPP
from .coordinator import PoolConfigEntry, SiteCoordinator
from .pool.members import MemberId


@callback
def async_register(
    hass: HomeAssistant,  # noqa: ARG001 - the signature is Home Assistant's
    register: SystemHealthRegistration,
) -> None:
    """Say whom to ask."""
    register.async_register_info(async_info)


async def async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the sites are, all of them together."""
    known: list[PoolConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    loaded: list[PoolConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    sites = [entry.runtime_data for entry in loaded]
    info: dict[str, Any] = {"sites": _share(len(sites), len(known))}
    if sites:
        info["ocpp_port"] = _ports(sites)
        info["ocpp_stations"] = _reachable(sites, DRIVER_OCPP)
        info["devices"] = _reachable(sites)
        info["last_decision"] = _last_decision(sites)
    return info


def _ports(sites: Iterable[SiteCoordinator]) -> object:
    """Return the open ports for stations, or those that are taken."""
    ports = {site.port.number: site.port.is_open for site in sites}
    closed = sorted(number for number, is_open in ports.items() if not is_open)
    if closed:
        return _failed(f"{_listed(closed)} in use by another program")
    return _listed(sorted(ports))


def _reachable(sites: Iterable[SiteCoordinator], driver: str | None = None) -> str:
    """Return how many devices can be reached, of those of a driver or of all."""
    found = [
        _is_online(site, members)
        for site in sites
        for of_driver, members in _devices(site.config)
        if driver in (None, of_driver)
    ]
    return _share(sum(found), len(found))


def _devices(config: PoolConfig) -> Iterator[tuple[str, Iterable[MemberId]]]:
    """Yield what each device speaks, and its members."""
    for charger in config.chargers.values():
        yield charger.driver, charger.members
    for supply in config.supplies.values():
        yield supply.driver, (supply.member,)


def _is_online(site: SiteCoordinator, members: Iterable[MemberId]) -> bool:
    known = (site.roster.members.get(member) for member in members)
    return any(member is not None and member.online for member in known)


def _last_decision(sites: Sequence[SiteCoordinator]) -> object:
    """Return how long ago the site decided that has not for longest."""
    ages_s = [
        (site.clock() - at).total_seconds()
        for site in sites
        if (at := site.decisions.decided_at) is not None
    ]
    if len(ages_s) < len(sites):
        return _failed("none was made yet")
    age = f"{max(0.0, *ages_s):.1f} s"
    return age if max(ages_s) <= DECISION_FRESH.total_seconds() else _failed(age)


def _share(part: int, whole: int) -> str:
    return f"{part} / {whole}"


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _failed(error: str) -> dict[str, str]:
    """Return a value that is shown as a failure."""
    return {"type": "failed", "error": error}
