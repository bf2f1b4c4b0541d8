"""What a user configured of a device, read from its subentry into values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from homeassistant.config_entries import ConfigSubentry

from .const import (
    CONF_AUTHORIZATION,
    CONF_CIRCUIT,
    CONF_CONNECTION,
    CONF_CONNECTORS,
    CONF_DRIVER,
    CONF_FAIL_SAFE_CURRENT,
    CONF_MAX_CURRENT,
    CONF_MAX_POWER,
    CONF_MAY_FREEZE,
    CONF_PROFILE,
    CONF_ROTATION,
    CONF_STATION,
    CONF_SWITCHES_PHASES,
    CONF_TOKENS,
    CONF_UNIT,
    ROOT_CIRCUIT,
)
from .pool.members import CircuitId, MemberId
from .pool.quantities import PHASES, Phase

type Json = Mapping[str, Any]
"""What Home Assistant keeps of an entry: the border, `Any` ends here."""

ANYONE = "anyone"
"""Value of `authorization`: whoever plugs in may charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorConfig:
    """One connector of a charger.

    Attributes:
        rotation: The site's phases that its own L1, L2, L3 are wired to.
        max_current_a: The most that its cable and fuse carry per phase.
        fail_safe_current_a: What it is to take per phase once its lease has lapsed.
        switches_phases: Whether its user says that it can switch between one phase and three.
    """

    rotation: tuple[Phase, ...]
    max_current_a: float
    fail_safe_current_a: float
    switches_phases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerConfig:
    """A charger's form.

    Attributes:
        subentry_id: Where it is kept.
        name: What the user calls it.
        driver: What it speaks.
        circuit: The circuit it hangs on.
        may_freeze: The recorded choice of SR-5.
        connectors: By number.
        station: OCPP: the identity of the station.
        authorization: OCPP: who may charge, anyone or the holders of tokens.
        tokens: OCPP: those tokens.
        profile: Modbus: the kind of device.
        connection: Modbus: where it is, as the driver reads it.
        unit_id: Modbus: its unit.
    """

    subentry_id: str
    name: str
    driver: str
    circuit: CircuitId
    may_freeze: bool
    connectors: Mapping[int, ConnectorConfig]
    station: str | None = None
    authorization: str = ANYONE
    tokens: tuple[str, ...] = ()
    profile: str | None = None
    connection: Json = field(default_factory=dict)
    unit_id: int = 1

    @property
    def members(self) -> Mapping[MemberId, int]:
        """The connectors' numbers by the ids of the members they are."""
        return {f"{self.subentry_id}:{number}": number for number in self.connectors}

    def as_driver_sees_it(self) -> ChargerConfig:
        """Return it without what only the decision needs: a change there leaves the link alone."""
        return replace(
            self,
            name="",
            circuit=ROOT_CIRCUIT,
            may_freeze=False,
            connectors={
                number: replace(connector, rotation=PHASES[: len(connector.rotation)])
                for number, connector in self.connectors.items()
            },
        )

    @classmethod
    def from_subentry(
        cls, subentry: ConfigSubentry, phases: tuple[Phase, ...], fail_safe_a: float
    ) -> ChargerConfig:
        """Read the data of a charger's subentry.

        Args:
            subentry: Where it is kept.
            phases: The phases of the site.
            fail_safe_a: The site's fail-safe current, for connectors without one.
        """
        data: Json = subentry.data
        return cls(
            subentry_id=subentry.subentry_id,
            name=subentry.title,
            driver=data[CONF_DRIVER],
            circuit=data.get(CONF_CIRCUIT, ROOT_CIRCUIT),
            may_freeze=data.get(CONF_MAY_FREEZE, False),
            connectors={
                int(number): ConnectorConfig(
                    rotation=_rotation(connector.get(CONF_ROTATION), phases),
                    max_current_a=connector[CONF_MAX_CURRENT],
                    fail_safe_current_a=connector.get(CONF_FAIL_SAFE_CURRENT, fail_safe_a),
                    switches_phases=connector.get(CONF_SWITCHES_PHASES, False),
                )
                for number, connector in data[CONF_CONNECTORS].items()
            },
            station=data.get(CONF_STATION),
            authorization=data.get(CONF_AUTHORIZATION, ANYONE),
            tokens=tuple(data.get(CONF_TOKENS) or ()),
            profile=data.get(CONF_PROFILE),
            connection=dict(data.get(CONF_CONNECTION) or {}),
            unit_id=data.get(CONF_UNIT, 1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyConfig:
    """A power supply's form; `voltage_v` and `current_a` are its first set points."""

    subentry_id: str
    name: str
    driver: str
    circuit: CircuitId
    rotation: tuple[Phase, ...]
    max_power_w: float
    voltage_v: float
    current_a: float
    may_freeze: bool
    profile: str
    connection: Json = field(default_factory=dict)
    unit_id: int = 1

    @property
    def member(self) -> MemberId:
        """The id of the member that it is."""
        return self.subentry_id

    def as_driver_sees_it(self) -> SupplyConfig:
        """Return it without what only the decision needs: a change there leaves the link alone."""
        return replace(
            self,
            name="",
            circuit=ROOT_CIRCUIT,
            rotation=(),
            max_power_w=0.0,
            may_freeze=False,
            voltage_v=0.0,
            current_a=0.0,
        )

    @classmethod
    def from_subentry(cls, subentry: ConfigSubentry, phases: tuple[Phase, ...]) -> SupplyConfig:
        """Read the data of a power supply's subentry."""
        data: Json = subentry.data
        return cls(
            subentry_id=subentry.subentry_id,
            name=subentry.title,
            driver=data[CONF_DRIVER],
            circuit=data.get(CONF_CIRCUIT, ROOT_CIRCUIT),
            rotation=_rotation(data.get(CONF_ROTATION), phases),
            max_power_w=data[CONF_MAX_POWER],
            voltage_v=data.get("voltage_v", 0.0),
            current_a=data.get("current_a", 0.0),
            may_freeze=data.get(CONF_MAY_FREEZE, False),
            profile=data[CONF_PROFILE],
            connection=dict(data.get(CONF_CONNECTION) or {}),
            unit_id=data.get(CONF_UNIT, 1),
        )


def _rotation(names: list[str] | None, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    rotation = tuple(phase for phase in map(Phase, names or phases) if phase in phases)
    return rotation or phases[:1]
