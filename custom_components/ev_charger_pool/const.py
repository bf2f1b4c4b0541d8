"""Names that several rooms share."""

from typing import Final

DOMAIN: Final = "ev_charger_pool"

ROOT_CIRCUIT: Final = "grid"
"""The id of the root circuit, the site's grid connection."""

DEFAULT_OCPP_PORT: Final = 9000
OCPP_PATH: Final = "/api/ev_charger_pool/ocpp"
"""Where the central system is on Home Assistant's own HTTP server: `<path>/<station identity>`."""

EVENT_LIMIT_ACTION: Final = "ev_charger_pool_limit_action"
"""Fired on the bus with each change of a limit action."""

SUBENTRY_CHARGER: Final = "charger"
SUBENTRY_POWER_SUPPLY: Final = "power_supply"
SUBENTRY_CIRCUIT: Final = "circuit"
SUBENTRY_VEHICLE: Final = "vehicle"
SUBENTRY_FORECAST: Final = "forecast"

# Keys of the site's entry data
CONF_PHASES: Final = "phases"
CONF_VOLTAGE: Final = "voltage_v"
CONF_FUSE: Final = "fuse_a"
CONF_FAIL_SAFE_CURRENT: Final = "fail_safe_current_a"
CONF_SHARING: Final = "sharing"
CONF_METER: Final = "meter"
CONF_SOLAR: Final = "solar"
CONF_SOLAR_PHASES: Final = "solar_phases"  # a list; absent: all of the site, empty: unknown
CONF_BATTERY: Final = "battery"
CONF_BATTERY_PHASES: Final = "battery_phases"  # likewise
CONF_BATTERY_INVERT: Final = "battery_invert"  # its entities count charging as positive
CONF_ENERGY: Final = "energy"
CONF_OCPP_PORT: Final = "ocpp_port"
CONF_SIMULATOR: Final = "simulator"
CONF_LIMITS: Final = "limits"

# Keys of what else limits a circuit, or the grid connection
CONF_CONTRACT_TIMES: Final = "contract_times"
CONF_CONTRACT_ENTITY: Final = "contract_entity"
CONF_AVERAGE: Final = "average_w"
CONF_AVERAGE_WINDOW: Final = "average_window"
CONF_IMBALANCE: Final = "imbalance_a"

# Keys of what a site does with its sun and its battery
CONF_SURPLUS_RULE: Final = "surplus_rule"
CONF_IMPORT_BUDGET: Final = "import_budget_wh"
CONF_EXPORT_MARGIN: Final = "export_margin_w"
CONF_BATTERY_SOC: Final = "battery_soc"
CONF_PRIORITY_SOC: Final = "priority_soc"
CONF_BUFFER_SOC: Final = "buffer_soc"
CONF_START_SOC: Final = "start_soc"
CONF_RESERVE_SOC: Final = "reserve_soc"
CONF_FEEDS_CARS: Final = "feeds_cars"
CONF_LOCK_WHEN_FAST: Final = "lock_when_fast"
CONF_LOCK_ENTITY: Final = "lock_entity"
CONF_LOCK_STATE: Final = "lock_state"  # of a switch
CONF_LOCK_OPTION: Final = "lock_option"  # of a select
CONF_NORMAL_OPTION: Final = "normal_option"  # likewise
CONF_LOCK_VALUE: Final = "lock_value"  # of a number

# Keys of a meter: entity ids, and whether the sign has to be turned
CONF_CURRENT_L1: Final = "current_l1"
CONF_CURRENT_L2: Final = "current_l2"
CONF_CURRENT_L3: Final = "current_l3"
CONF_POWER_L1: Final = "power_l1"
CONF_POWER_L2: Final = "power_l2"
CONF_POWER_L3: Final = "power_l3"
CONF_POWER: Final = "power"
CONF_INVERT: Final = "invert"

# Keys of a charger, a power supply and a circuit
CONF_DRIVER: Final = "driver"
CONF_STATION: Final = "station"
CONF_PROFILE: Final = "profile"
CONF_CONNECTION: Final = "connection"
CONF_UNIT: Final = "unit_id"
CONF_CIRCUIT: Final = "circuit"
CONF_PARENT: Final = "parent"
CONF_CONNECTORS: Final = "connectors"
CONF_ROTATION: Final = "rotation"
CONF_MAX_CURRENT: Final = "max_current_a"
CONF_MAX_POWER: Final = "max_power_w"
CONF_MAY_FREEZE: Final = "may_freeze"
CONF_SWITCHES_PHASES: Final = "switches_phases"
CONF_AUTHORIZATION: Final = "authorization"
CONF_TOKENS: Final = "tokens"
CONF_LIMIT_W: Final = "limit_w"
CONF_DEDICATED: Final = "dedicated"  # nothing but the pool hangs on the circuit

# Keys of a vehicle
CONF_CAPACITY: Final = "capacity_kwh"
CONF_CAPACITY_ENTITY: Final = "capacity_entity"
CONF_SOC_ENTITY: Final = "soc_entity"
CONF_LIMIT_ENTITY: Final = "limit_entity"
CONF_RANGE_ENTITY: Final = "range_entity"
CONF_PLUGGED_ENTITY: Final = "plugged_entity"
CONF_EFFICIENCY: Final = "efficiency_percent"
CONF_TAGS: Final = "tags"
CONF_HOME: Final = "home"

# Keys of a forecast
CONF_KIND: Final = "kind"
CONF_ENTITIES: Final = "entities"
CONF_UNIT_OF_VALUES: Final = "unit"
CONF_PART: Final = "part"
CONF_FEED_IN: Final = "feed_in_per_kwh"

GUEST: Final = "guest"
"""What a vehicle that nobody knows is called: no vehicle may have this name."""

DRIVER_OCPP: Final = "ocpp"
DRIVER_MODBUS: Final = "modbus"
