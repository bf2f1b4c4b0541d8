"""DC supplies with something behind them that takes their power."""

from dataclasses import dataclass
from typing import Final

from ..pool.quantities import Phase

_NOMINAL_V: Final = 230.0
_STANDBY_W: Final = 15.0
_DC_PER_S: Final = 4.0
"""The output reaches a new set point with this rate constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DcBattery:
    """A battery at a DC output: its voltage rises while it is charged.

    Attributes:
        empty_v: Voltage when it holds nothing.
        full_v: Voltage when it is full.
        capacity_wh: What it holds.
        stored_wh: What it holds at the start.
        resistance_ohm: In line with it.
    """

    empty_v: float = 40.0
    full_v: float = 58.0
    capacity_wh: float = 5_000.0
    stored_wh: float = 500.0
    resistance_ohm: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class DcResistor:
    """A resistor at a DC output."""

    resistance_ohm: float


class SimulatedSupply:
    """The electrical side of a DC supply.

    The control (limits, modes, faults) belongs to whoever calls `set_output`.

    Attributes:
        phases: The site's phases that feed it, each alike.
        voltage_v: Volts at the output.
        current_a: Amps at the output; negative feeds back (import).
        ac_current_a: Amps on each of its phases, negative when it feeds back.
    """

    def __init__(
        self,
        *,
        phases: tuple[Phase, ...],
        load: DcBattery | DcResistor,
        efficiency: float = 0.91,
        power_factor: float = 0.98,
    ) -> None:
        self.phases = phases
        self.voltage_v = 0.0
        self.current_a = 0.0
        self.ac_current_a = 0.0
        self.energy_wh = 0.0
        self._load = load
        self._stored_wh = load.stored_wh if isinstance(load, DcBattery) else 0.0
        self._efficiency = efficiency
        self._power_factor = power_factor
        self._on = False
        self._ac_voltage_v = _NOMINAL_V
        self._set_voltage_v = 0.0
        self._set_current_a = 0.0
        self._set_power_w: float | None = None

    @property
    def on(self) -> bool:
        """Whether the output is switched on."""
        return self._on

    @property
    def power_w(self) -> float:
        """Watts at the output; negative feeds back."""
        return self.voltage_v * self.current_a

    @property
    def ac_power_w(self) -> float:
        """Watts that it takes from AC, losses counted; negative feeds back."""
        power = self.power_w
        carried = power / self._efficiency if power >= 0.0 else power * self._efficiency
        return carried + _STANDBY_W

    @property
    def watts_per_amp(self) -> float:
        """The watts at the output that one amp on each of its phases pays for now."""
        apparent = self._ac_voltage_v * len(self.phases) * self._power_factor
        return apparent * self._efficiency

    @property
    def stored_share(self) -> float:
        """How full a battery behind it is, 0 to 1; 0 for a resistor."""
        if isinstance(self._load, DcBattery):
            return self._stored_wh / self._load.capacity_wh
        return 0.0

    def set_output(
        self,
        on: bool,  # noqa: FBT001 - the position of a switch is a value
        voltage_v: float,
        current_a: float,
        power_w: float | None,
    ) -> None:
        """Set the output.

        Args:
            on: Whether it is switched on.
            voltage_v: Voltage limit; for a negative current the least terminal voltage.
            current_a: Current limit; negative takes power out of a battery.
            power_w: Power limit, at least 0; None for none.
        """
        self._on = on
        self._set_voltage_v = voltage_v
        self._set_current_a = current_a
        self._set_power_w = power_w

    def advance(self, step_s: float, ac_voltage_v: float) -> None:
        """Let `step_s` seconds pass at `ac_voltage_v` volts phase to neutral."""
        rest_v, ohm = self._behind()
        wanted = self._wanted_a(rest_v, ohm) if self._on else 0.0
        self.current_a += (wanted - self.current_a) * min(1.0, step_s * _DC_PER_S)
        self.voltage_v = rest_v + self.current_a * ohm
        energy = self.power_w * step_s / 3600.0
        self.energy_wh += energy
        if isinstance(self._load, DcBattery):
            self._stored_wh = min(max(self._stored_wh + energy, 0.0), self._load.capacity_wh)
        self._ac_voltage_v = ac_voltage_v
        apparent = self.ac_power_w / self._power_factor
        self.ac_current_a = apparent / (ac_voltage_v * len(self.phases))

    def _behind(self) -> tuple[float, float]:
        """Return the open voltage and the resistance of what is connected."""
        if isinstance(self._load, DcResistor):
            return 0.0, self._load.resistance_ohm
        span = self._load.full_v - self._load.empty_v
        return self._load.empty_v + span * self.stored_share, self._load.resistance_ohm

    def _wanted_a(self, rest_v: float, ohm: float) -> float:
        by_voltage = (self._set_voltage_v - rest_v) / ohm
        if self._set_current_a >= 0.0:
            wanted = max(0.0, min(self._set_current_a, by_voltage))
            limit = self._set_power_w
            # The current at which the terminal power meets the limit: U0 I + R I^2 = P.
            if limit is not None and (rest_v + wanted * ohm) * wanted > limit:
                root = (rest_v * rest_v + 4.0 * ohm * limit) ** 0.5
                wanted = (root - rest_v) / (2.0 * ohm)
            return wanted
        wanted = min(0.0, max(self._set_current_a, by_voltage))
        limit = self._set_power_w
        if limit is not None and rest_v > 0.0:
            wanted = max(wanted, -limit / rest_v)
        return wanted
