"""What a user configured of the sun and the home battery, read from the entry into values."""

from dataclasses import dataclass, field

from .const import (
    CONF_BATTERY_SOC,
    CONF_BUFFER_SOC,
    CONF_EXPORT_MARGIN,
    CONF_FEEDS_CARS,
    CONF_IMPORT_BUDGET,
    CONF_LOCK_ENTITY,
    CONF_LOCK_OPTION,
    CONF_LOCK_STATE,
    CONF_LOCK_VALUE,
    CONF_LOCK_WHEN_FAST,
    CONF_NORMAL_OPTION,
    CONF_PRIORITY_SOC,
    CONF_RESERVE_SOC,
    CONF_START_SOC,
    CONF_SURPLUS_RULE,
)
from .device_config import Json
from .pool.discharge_lock import LockTarget
from .pool.energy_settings import BatterySettings, SolarSettings, SurplusRule


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyConfig:
    """The form of the sun and the battery.

    Attributes:
        solar: How the modes by the sun work.
        battery: What the home battery is for.
        battery_soc: Entities of its state of charge, percent; the lowest counts.
        lock: The entity that locks its discharge; None: the pool does not touch the battery.
    """

    solar: SolarSettings = field(default_factory=SolarSettings)
    battery: BatterySettings = field(default_factory=BatterySettings)
    battery_soc: tuple[str, ...] = ()
    lock: LockTarget | None = None

    @classmethod
    def from_json(cls, data: Json) -> EnergyConfig:
        """Read the mapping under `energy`; what is not in there is as it would be without a form.

        Raises:
            ValueError: A field holds what no flow writes.
        """
        solar, battery = SolarSettings(), BatterySettings()
        return cls(
            solar=SolarSettings(
                rule=SurplusRule(data.get(CONF_SURPLUS_RULE, solar.rule)),
                import_budget_wh=data.get(CONF_IMPORT_BUDGET, solar.import_budget_wh),
                export_margin_w=data.get(CONF_EXPORT_MARGIN, solar.export_margin_w),
            ),
            battery=BatterySettings(
                priority_soc=data.get(CONF_PRIORITY_SOC, battery.priority_soc),
                buffer_soc=data.get(CONF_BUFFER_SOC, battery.buffer_soc),
                start_soc=data.get(CONF_START_SOC),
                reserve_soc=data.get(CONF_RESERVE_SOC, battery.reserve_soc),
                feeds_cars=data.get(CONF_FEEDS_CARS, battery.feeds_cars),
                lock_when_fast=data.get(CONF_LOCK_WHEN_FAST, battery.lock_when_fast),
            ),
            battery_soc=tuple(data.get(CONF_BATTERY_SOC) or ()),
            lock=_lock_from_json(data),
        )


def _lock_from_json(data: Json) -> LockTarget | None:
    entity = data.get(CONF_LOCK_ENTITY)
    if not entity:
        return None
    # Which of the three was asked for depends on what kind of entity it is.
    for key in (CONF_LOCK_STATE, CONF_LOCK_OPTION, CONF_LOCK_VALUE):
        if key in data:
            return LockTarget(entity=entity, locked=data[key], normal=data.get(CONF_NORMAL_OPTION))
    message = f"nobody said how {entity} locks the battery"
    raise ValueError(message)
