"""The simulated site that a user can try: five connectors and a DC supply behind 3 x 25 A."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Self

from ..const import (
    CONF_AUTHORIZATION,
    CONF_BATTERY_PHASES,
    CONF_CIRCUIT,
    CONF_CONNECTION,
    CONF_CONNECTORS,
    CONF_DRIVER,
    CONF_FAIL_SAFE_CURRENT,
    CONF_FUSE,
    CONF_MAX_CURRENT,
    CONF_MAX_POWER,
    CONF_MAY_FREEZE,
    CONF_OCPP_PORT,
    CONF_PHASES,
    CONF_PROFILE,
    CONF_ROTATION,
    CONF_SHARING,
    CONF_SIMULATOR,
    CONF_SOLAR_PHASES,
    CONF_STATION,
    CONF_TOKENS,
    CONF_UNIT,
    CONF_VOLTAGE,
    DEFAULT_OCPP_PORT,
    DRIVER_MODBUS,
    DRIVER_OCPP,
    ROOT_CIRCUIT,
    SUBENTRY_CHARGER,
    SUBENTRY_POWER_SUPPLY,
)
from ..pool.quantities import PHASES, Phase
from .cars import Car, Visit, draw_later_visits
from .dc import DcBattery
from .house import Appliance, BatterySpec, LoadSpec, SunSpec
from .plant import PlantSpec

FUSE_A: Final = 25.0
SITE_TITLE: Final = "Simulated site"
HOST: Final = "127.0.0.1"

GARAGE: Final = "SIM-GARAGE"
"""The identity of the station with one connector."""

YARD: Final = "SIM-YARD"
"""The identity of the station with two connectors."""

HEIDELBERG_UNIT: Final = 1
KEBA_UNIT: Final = 255
SUPPLY_UNIT: Final = 0

SUPPLY_VOLTAGE_V: Final = 58.0
SUPPLY_CURRENT_A: Final = 40.0
_SUPPLY_MOST_W: Final = 5_000.0

CONF_SEED: Final = "seed"
CONF_SPEED: Final = "speed"
CONF_HEIDELBERG_PORT: Final = "heidelberg_port"
CONF_KEBA_PORT: Final = "keba_port"
CONF_SUPPLY_PORT: Final = "supply_port"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubentrySpec:
    """A subentry of the simulated site's entry, ready to be created."""

    subentry_type: str
    title: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay:
    """A connector of the simulated site.

    Attributes:
        name: Its name in the plant.
        rotation: The site's phases that its own L1, L2, L3 are wired to.
        max_current_a: What it carries per phase.
        fail_safe_a: What it takes once its lease has lapsed; the sum stays within the fuse less
            half of it for the house (SR-1).
        first: Seconds until the first car arrives, and that car.
    """

    name: str
    rotation: tuple[Phase, ...]
    max_current_a: float
    fail_safe_a: float
    first: tuple[float, Car]


GARAGE_BAY: Final = Bay(
    name="garage",
    rotation=PHASES,
    max_current_a=16.0,
    fail_safe_a=6.0,
    first=(5.0, Car(phases=3, max_current_a=16.0, wanted_wh=14_000.0)),
)
YARD_LEFT: Final = Bay(
    name="yard_1",
    rotation=(Phase.L2, Phase.L3, Phase.L1),
    max_current_a=32.0,
    fail_safe_a=0.0,
    first=(20.0, Car(phases=1, max_current_a=32.0, wanted_wh=9_000.0)),
)
YARD_RIGHT: Final = Bay(
    name="yard_2",
    rotation=(Phase.L3, Phase.L1, Phase.L2),
    max_current_a=32.0,
    fail_safe_a=0.0,
    first=(50.0, Car(phases=3, max_current_a=16.0, wanted_wh=20_000.0)),
)
HEIDELBERG_BAY: Final = Bay(
    name="heidelberg",
    rotation=(Phase.L2, Phase.L3, Phase.L1),
    max_current_a=16.0,
    fail_safe_a=0.0,
    first=(35.0, Car(phases=2, max_current_a=16.0, wanted_wh=11_000.0)),
)
KEBA_BAY: Final = Bay(
    name="keba",
    rotation=PHASES,
    max_current_a=32.0,
    fail_safe_a=0.0,
    first=(80.0, Car(phases=3, max_current_a=16.0, wanted_wh=8_000.0, taper_from=0.8)),
)
BAYS: Final = (GARAGE_BAY, YARD_LEFT, YARD_RIGHT, HEIDELBERG_BAY, KEBA_BAY)

SUN: Final = SunSpec(peak_w=4_000.0, noon_s=3_600.0, cloudiness=0.4)
"""Clouds are seen in the currents, and the main fuse still binds: of 1.45 x 25 A a trip of both, the
sun and the battery, takes less than 11 A (SR-3)."""

BATTERY: Final = BatterySpec(max_power_w=2_000.0, capacity_wh=5_000.0, stored_wh=2_000.0)

SUPPLY: Final = "bench"
"""The name of the DC supply in the plant."""

SUPPLY_PHASES: Final = PHASES
SUPPLY_LOAD: Final = DcBattery(
    empty_v=42.0, full_v=57.0, capacity_wh=8_000.0, stored_wh=800.0, resistance_ohm=0.02
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardSite:
    """What a simulated site needs to be created and started.

    Attributes:
        seed: Where chance starts from.
        speed: How many times real time its cars, house and sun live. Protocols stay in real time.
        ocpp_port: Where the stations find the central system.
        heidelberg_port: Where the Heidelberg wallbox serves RTU over TCP; a free port.
        keba_port: Where the KEBA wallbox serves Modbus TCP; another one.
        supply_port: Where the DC supply serves Modbus TCP; a third one.
    """

    seed: int = 1
    speed: float = 1.0
    ocpp_port: int = DEFAULT_OCPP_PORT
    heidelberg_port: int
    keba_port: int
    supply_port: int

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read it back from the data of the site's entry.

        Raises:
            KeyError: The entry is not one of a simulated site.
        """
        simulator = data[CONF_SIMULATOR]
        return cls(
            seed=int(simulator[CONF_SEED]),
            speed=float(simulator[CONF_SPEED]),
            ocpp_port=int(data[CONF_OCPP_PORT]),
            heidelberg_port=int(simulator[CONF_HEIDELBERG_PORT]),
            keba_port=int(simulator[CONF_KEBA_PORT]),
            supply_port=int(simulator[CONF_SUPPLY_PORT]),
        )

    @property
    def entry_data(self) -> dict[str, Any]:
        """The data of the site's entry, but for the entities of its meter, sun and battery."""
        return {
            CONF_PHASES: 3,
            CONF_VOLTAGE: 230.0,
            CONF_FUSE: FUSE_A,
            CONF_FAIL_SAFE_CURRENT: 0.0,
            CONF_SHARING: "min_first",
            CONF_SOLAR_PHASES: [phase.value for phase in SUN.phases],
            CONF_BATTERY_PHASES: [phase.value for phase in BATTERY.phases],
            CONF_OCPP_PORT: self.ocpp_port,
            CONF_SIMULATOR: {
                CONF_SEED: self.seed,
                CONF_SPEED: self.speed,
                CONF_HEIDELBERG_PORT: self.heidelberg_port,
                CONF_KEBA_PORT: self.keba_port,
                CONF_SUPPLY_PORT: self.supply_port,
            },
        }

    @property
    def subentries(self) -> tuple[SubentrySpec, ...]:
        """The subentries of the site's entry: four chargers and a power supply."""
        return (
            _station("Garage", GARAGE, (GARAGE_BAY,)),
            _station("Yard", YARD, (YARD_LEFT, YARD_RIGHT)),
            _modbus_charger(
                "Heidelberg Energy Control",
                "heidelberg_energy_control",
                {"type": "rtu_over_tcp", "host": HOST, "port": self.heidelberg_port},
                HEIDELBERG_UNIT,
                HEIDELBERG_BAY,
            ),
            _modbus_charger(
                "KEBA P30",
                "keba_p30",
                {"type": "tcp", "host": HOST, "port": self.keba_port},
                KEBA_UNIT,
                KEBA_BAY,
            ),
            SubentrySpec(
                subentry_type=SUBENTRY_POWER_SUPPLY,
                title="EA PSB",
                data={
                    CONF_DRIVER: DRIVER_MODBUS,
                    CONF_PROFILE: "ea_psb_bidirectional",
                    CONF_CONNECTION: {"type": "tcp", "host": HOST, "port": self.supply_port},
                    CONF_UNIT: SUPPLY_UNIT,
                    CONF_CIRCUIT: ROOT_CIRCUIT,
                    CONF_ROTATION: [phase.value for phase in SUPPLY_PHASES],
                    CONF_MAX_POWER: _SUPPLY_MOST_W,
                    CONF_MAY_FREEZE: False,
                    "voltage_v": SUPPLY_VOLTAGE_V,
                    "current_a": SUPPLY_CURRENT_A,
                },
            ),
        )

    @property
    def plant(self) -> PlantSpec:
        """The electricity of the site: a lively house in the late morning of a sunny day."""
        return PlantSpec(
            circuits={ROOT_CIRCUIT: None},
            loads={
                ROOT_CIRCUIT: LoadSpec(
                    base_a=(1.2, 0.8, 1.0),
                    appliances=(
                        Appliance(
                            name="kettle",
                            phases=(Phase.L1,),
                            current_a=8.7,
                            on_s=120.0,
                            off_s=400.0,
                        ),
                        Appliance(
                            name="oven",
                            phases=(Phase.L2,),
                            current_a=9.5,
                            on_s=300.0,
                            off_s=900.0,
                        ),
                        Appliance(
                            name="heat pump", phases=PHASES, current_a=4.0, on_s=600.0, off_s=600.0
                        ),
                    ),
                )
            },
            sun=SUN,
            battery=BATTERY,
        )

    def visits(self, bay: Bay, rng: Random) -> tuple[Visit, ...]:
        """Return who comes to a connector: the first car soon, then others for a day."""
        return draw_later_visits(rng, *bay.first)


def _connectors(bays: tuple[Bay, ...]) -> dict[str, dict[str, Any]]:
    return {
        str(number): {
            CONF_ROTATION: [phase.value for phase in bay.rotation],
            CONF_MAX_CURRENT: bay.max_current_a,
            CONF_FAIL_SAFE_CURRENT: bay.fail_safe_a,
        }
        for number, bay in enumerate(bays, start=1)
    }


def _station(title: str, identity: str, bays: tuple[Bay, ...]) -> SubentrySpec:
    return SubentrySpec(
        subentry_type=SUBENTRY_CHARGER,
        title=title,
        data={
            CONF_DRIVER: DRIVER_OCPP,
            CONF_STATION: identity,
            CONF_AUTHORIZATION: "anyone",
            CONF_TOKENS: [],
            CONF_CIRCUIT: ROOT_CIRCUIT,
            CONF_MAY_FREEZE: False,
            CONF_CONNECTORS: _connectors(bays),
        },
    )


def _modbus_charger(
    title: str, profile: str, connection: dict[str, Any], unit_id: int, bay: Bay
) -> SubentrySpec:
    return SubentrySpec(
        subentry_type=SUBENTRY_CHARGER,
        title=title,
        data={
            CONF_DRIVER: DRIVER_MODBUS,
            CONF_PROFILE: profile,
            CONF_CONNECTION: connection,
            CONF_UNIT: unit_id,
            CONF_CIRCUIT: ROOT_CIRCUIT,
            CONF_MAY_FREEZE: False,
            CONF_CONNECTORS: _connectors((bay,)),
        },
    )
