"""What the user wants, kept over restarts: modes, tiers, weights, ceilings, set points, plans."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
import logging
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .plan_wishes import (
    VehicleChoice,
    choice_from_json,
    choice_to_json,
    plan_from_json,
    plan_to_json,
)
from .pool.members import CircuitId, MemberId, MemberWishes, Mode, PhaseChoice, Priority
from .pool.plans import PlanWish
from .power_supplies.contract import SupplyMode, SupplyWishes

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1

LEAST_WEIGHT: Final = 0.1
MOST_WEIGHT: Final = 10.0
"""Beyond this, shares are decided by the device's own least and largest currents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWish:
    """What the user set for one member.

    Attributes:
        mode: What a connector is to do; None: what the site's default says.
        priority: Its tier.
        weight: Its share inside the tier; 2 means twice the amps of 1.
        user_limit_a: The user's ceiling, amps per phase; None: no ceiling.
        minimum_current_a: The least current worth charging with; None: the device's own.
        boost_until: Until then a connector charges fast, aware UTC; None: no boost.
        phases: On how many phases a connector is to charge that can switch them.
        supply_mode: What a power supply is to do; None before it was ever set, as below.
        supply_voltage_v: Its set point in volts.
        supply_current_a: Its current limit in amps.
        supply_power_w: Its power limit in watts; None: the supply's own.
    """

    mode: Mode | None = None
    priority: Priority = Priority.NORMAL
    weight: float = 1.0
    user_limit_a: float | None = None
    minimum_current_a: float | None = None
    boost_until: datetime | None = None
    phases: PhaseChoice = PhaseChoice.AUTOMATIC
    supply_mode: SupplyMode | None = None
    supply_voltage_v: float | None = None
    supply_current_a: float | None = None
    supply_power_w: float | None = None

    def wishes(self, default_mode: Mode) -> MemberWishes:
        """Return the part that shapes its demand, with the site's mode where none was chosen."""
        return MemberWishes(
            mode=default_mode if self.mode is None else self.mode,
            minimum_current_a=self.minimum_current_a,
            boost_until=self.boost_until,
            phases=self.phases,
        )

    def supply_wishes(self, voltage_v: float, current_a: float) -> SupplyWishes:
        """Return the set points of a power supply, with its first ones where none were set."""
        return SupplyWishes(
            mode=self.supply_mode or SupplyMode.OFF,
            voltage_v=voltage_v if self.supply_voltage_v is None else self.supply_voltage_v,
            current_a=current_a if self.supply_current_a is None else self.supply_current_a,
            power_w=self.supply_power_w,
        )


@dataclass(slots=True)
class WishStore:
    """The wishes of one site; each change is on disk before it is answered.

    A ceiling binds restarts too (I6), so that a kill right after the user set one must not lose
    it.
    """

    hass: HomeAssistant
    entry_id: str
    default_mode: Mode = Mode.FAST
    members: dict[MemberId, MemberWish] = field(default_factory=dict)
    circuit_limits_a: dict[CircuitId, float] = field(default_factory=dict)
    plans: dict[MemberId, PlanWish] = field(default_factory=dict)
    vehicles: dict[MemberId, VehicleChoice] = field(default_factory=dict)
    _store: Store[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Find the file."""
        self._store = Store(self.hass, STORAGE_VERSION, f"{DOMAIN}.{self.entry_id}.wishes")

    def of(self, member: MemberId) -> MemberWish:
        """Return what the user wants of a member, or what nobody objected to."""
        return self.members.get(member, MemberWish())

    async def async_load(self) -> None:
        """Read what was kept; what cannot be understood is left out and logged."""
        data = await self._store.async_load() or {}
        self.default_mode = _default_mode_from_json(data.get("default_mode"))
        for member, wish in _mapping(data.get("members")).items():
            self.members[member] = _wish_from_json(member, _mapping(wish))
        for circuit, limit_a in _mapping(data.get("circuits")).items():
            if _is_ceiling(limit_a):
                self.circuit_limits_a[circuit] = float(limit_a)
            else:
                _LOGGER.warning("Ignoring the stored limit %r of circuit %s", limit_a, circuit)
        _read_each("plan", data.get("plans"), plan_from_json, self.plans)
        _read_each("vehicle", data.get("vehicles"), choice_from_json, self.vehicles)

    def plan_of(self, member: MemberId) -> PlanWish:
        """Return the plan of a connector, or one that nobody made yet."""
        return self.plans.get(member, PlanWish())

    def mode_of(self, member: MemberId) -> Mode:
        """Return what a connector is to do, by its own choice or by the site's."""
        return self.of(member).mode or self.default_mode

    async def async_set_default_mode(self, mode: Mode) -> None:
        """Take what connectors do whose mode nobody chose, and keep it."""
        self.default_mode = mode
        await self._async_save()

    async def async_plan(self, member: MemberId, plan: PlanWish) -> None:
        """Take a plan and keep it."""
        self.plans[member] = plan
        await self._async_save()

    async def async_choose_vehicle(self, member: MemberId, choice: VehicleChoice | None) -> None:
        """Take which vehicle is plugged in, None: nobody told, and keep it."""
        if choice is None:
            self.vehicles.pop(member, None)
        else:
            self.vehicles[member] = choice
        await self._async_save()

    async def async_change(self, member: MemberId, **changes: object) -> MemberWish:
        """Change fields of a member's wish and keep it."""
        wish = replace(self.of(member), **cast("dict[str, Any]", changes))
        self.members[member] = wish
        await self._async_save()
        return wish

    async def async_limit_circuit(self, circuit: CircuitId, limit_a: float | None) -> None:
        """Set or lift a ceiling below a circuit's fuse and keep it."""
        if limit_a is None:
            self.circuit_limits_a.pop(circuit, None)
        else:
            self.circuit_limits_a[circuit] = limit_a
        await self._async_save()

    async def async_forget(self, subjects: set[str]) -> None:
        """Drop the wishes of members and circuits that are gone."""
        known = False
        for kept in (self.members, self.circuit_limits_a, self.plans, self.vehicles):
            for subject in kept.keys() & subjects:
                del kept[subject]
                known = True
        if known:
            await self._async_save()

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    async def _async_save(self) -> None:
        await self._store.async_save(
            {
                "default_mode": self.default_mode,
                "members": {member: _wish_to_json(wish) for member, wish in self.members.items()},
                "circuits": dict(self.circuit_limits_a),
                "plans": {member: plan_to_json(plan) for member, plan in self.plans.items()},
                "vehicles": {
                    member: choice_to_json(choice) for member, choice in self.vehicles.items()
                },
            }
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _weight(value: Any) -> float:
    weight = float(value)
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise ValueError(f"a weight is from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}")
    return weight


_READERS: Mapping[str, Callable[[Any], object]] = {
    "mode": Mode,
    "priority": Priority,
    "weight": _weight,
    "supply_mode": SupplyMode,
    "boost_until": _instant,
    "phases": PhaseChoice,
}
"""How those fields are read that are no ceilings."""


def _default_mode_from_json(kept: Any) -> Mode:
    if kept is None:
        return Mode.FAST
    try:
        return Mode(kept)
    except ValueError:
        _LOGGER.warning("Ignoring the stored default mode %r", kept)
        return Mode.FAST


def _wish_to_json(wish: MemberWish) -> dict[str, Any]:
    until = wish.boost_until
    return {**asdict(wish), "boost_until": None if until is None else until.isoformat()}


def _wish_from_json(member: MemberId, data: Mapping[str, Any]) -> MemberWish:
    values: dict[str, Any] = {}
    for item in fields(MemberWish):
        value = data.get(item.name)
        if value is None:
            continue
        try:
            values[item.name] = _READERS.get(item.name, float)(value)
        except TypeError, ValueError:
            _LOGGER.warning("Ignoring the stored %s %r of %s", item.name, value, member)
            continue
        if item.name not in _READERS and not _is_ceiling(values[item.name]):
            _LOGGER.warning("Ignoring the stored %s %r of %s", item.name, value, member)
            del values[item.name]
    return MemberWish(**values)


def _read_each[T](
    what: str, kept: object, read: Callable[[Mapping[str, Any]], T], into: dict[MemberId, T]
) -> None:
    for member, data in _mapping(kept).items():
        try:
            into[member] = read(_mapping(data))
        except (KeyError, TypeError, ValueError) as error:
            _LOGGER.warning("Ignoring the stored %s of %s: %r", what, member, error)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_ceiling(value: object) -> bool:
    return isinstance(value, int | float) and 0.0 <= value < float("inf")
