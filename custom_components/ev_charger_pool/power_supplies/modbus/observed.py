"""What a power supply shows of itself: measurements, output, alarms, derating."""

from collections.abc import Mapping
from datetime import datetime

from ...modbus.registers import Value, bits_of
from ...modbus.schema import Profile, SupplyTraits, Variant
from ...pool.readings import Reading
from ..contract import SupplyError


class Observed:
    """The newest that was read of a supply.

    Attributes:
        voltage_v: Volts at the output.
        current_a: Amps at the output, positive is export.
        power_w: Watts at the output, positive is export.
        output_is_on: Whether the output is on.
        limits: The values of the signals that derate it.
    """

    def __init__(self, profile: Profile, traits: SupplyTraits) -> None:
        """Begin without having read anything."""
        self.voltage_v: Reading[float] | None = None
        self.current_a: Reading[float] | None = None
        self.power_w: Reading[float] | None = None
        self.output_is_on = False
        self.limits: dict[str, float] = {}
        self._profile = profile
        self._traits = traits
        self._alarm_counts: dict[str, float] = {}

    @property
    def output_signal(self) -> str:
        """The signal that shows the state of the output."""
        return "status" if "status" in self._profile.signals else self._traits.output.signal

    def output_of(self, values: Mapping[str, Value]) -> bool | None:
        """Return whether the output is on; None when that was not read."""
        value = values.get(self.output_signal)
        if not isinstance(value, float | int):
            return None
        signal = self._profile.signals[self.output_signal]
        raw = bits_of(signal, "output", value) if signal.bits else int(value)
        return raw == self._traits.output.on

    def take_measurements(self, values: Mapping[str, Value], sign: float, at: datetime) -> bool:
        """Take volts, amps and watts; return whether there were any.

        Args:
            values: What was read, without the direction.
            sign: 1 for export, -1 for import.
            at: When it arrived.
        """
        voltage, current = values.get("actual_voltage"), values.get("actual_current")
        power = values.get("actual_power")
        if isinstance(voltage, float | int):
            self.voltage_v = Reading(value=float(voltage), arrived_at=at)
        if isinstance(current, float | int):
            self.current_a = Reading(value=sign * float(current), arrived_at=at)
        if (
            "actual_power" not in self._profile.signals
            and isinstance(voltage, float | int)
            and isinstance(current, float | int)
        ):
            power = voltage * current
        if isinstance(power, float | int):
            self.power_w = Reading(value=sign * float(power), arrived_at=at)
        return voltage is not None or current is not None

    def take_limits(self, values: Mapping[str, Value]) -> bool:
        """Take what derates it; return whether any of it was read."""
        names = (self._traits.max_voltage, self._traits.max_current, self._traits.max_power)
        read = {
            name: float(value)
            for name in names
            if name is not None and isinstance(value := values.get(name), float | int)
        }
        self.limits |= read
        return bool(read)

    def alarms(self, values: Mapping[str, Value]) -> dict[SupplyError, str]:
        """Return the alarms that are new or still there, with a text for each."""
        alarms: dict[SupplyError, str] = {}
        name = self._traits.alarm
        if name is not None and isinstance(value := values.get(name), float | int) and value:
            error = self._profile.signals[name].errors.get(int(value), SupplyError.VENDOR_ERROR)
            alarms[error] = f"alarm {int(value)}"
        for counter in self._traits.alarm_counters:
            count = values.get(counter)
            if isinstance(count, float | int):
                if count > self._alarm_counts.get(counter, count):
                    alarms[SupplyError.VENDOR_ERROR] = f"{counter} rose to {int(count)}"
                self._alarm_counts[counter] = float(count)
        return alarms

    def shows_other_model(self, variant: Variant | None, values: Mapping[str, Value]) -> bool:
        """Whether what its scales hang on is not as it was when the model was chosen."""
        variants = self._profile.variants
        if variant is None or variants is None:
            return False
        read = {name: values[name] for name in variants.conditions if name in values}
        if any(read[name] != wanted for name, wanted in variant.when.items() if name in read):
            return True
        # Another entry of the same model would fit better than the one without conditions.
        return not variant.when and any(
            model.ranges == variant.ranges
            and model.when
            and all(read.get(name) == wanted for name, wanted in model.when.items())
            for model in variants.models
        )
