"""Makes a connector's report of the values that a profile names."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ...modbus.registers import Value
from ...modbus.schema import (
    ChargerTraits,
    PauseBy,
    Profile,
)
from ...modbus.signals import StateMeaning
from ...pool.quantities import PerPhase, PhaseReadings
from ...pool.readings import Reading
from ...pool.states import CableState, ChargingStatus, ComponentState
from ..contract import ConnectorReport

_CAR = frozenset({CableState.EV_PLUGGED, CableState.EV_LOCKED})
_UNKNOWN = StateMeaning()


class Readings:
    """The newest plausible value of each signal, with its time."""

    def __init__(self, profile: Profile, traits: ChargerTraits) -> None:
        """Begin without any value."""
        self._signals = profile.signals
        self._traits = traits
        self._values: dict[str, Reading[float]] = {}

    def take(self, values: Mapping[str, Value], refused: Sequence[str], at: datetime) -> None:
        """Keep what was read.

        An impossible number costs that number: the earlier one stays and grows old, so that
        nothing is ever built on half a measurement. An unknown state is no state.
        """
        for name, value in values.items():
            if isinstance(value, float | int):
                self._values[name] = Reading(value=float(value), arrived_at=at)
        for name in refused:
            if self._signals[name].states:
                self._values.pop(name, None)

    def number(self, name: str | None) -> float | None:
        """Return the newest value of a signal; None when there is none."""
        reading = None if name is None else self._values.get(name)
        return None if reading is None else reading.value

    def report(
        self,
        connector: int,
        *,
        at: datetime,
        online: bool,
        paused: bool,
        booted_at: datetime | None,
        problem: str | None,
    ) -> ConnectorReport:
        """Return the whole report.

        Args:
            connector: Its number.
            at: When its newest part arrived.
            online: Whether the device can be reached.
            paused: Whether the pool itself has told it 0 A.
            booted_at: When it last started, as far as known.
            problem: What is wrong with reaching it.
        """
        state = self._meaning("state")
        cable = self._cable(state)
        charging = self._charging(state, cable, paused=paused)
        return ConnectorReport(
            connector=connector,
            arrived_at=at,
            online=online,
            component_state=state.component or ComponentState.UNSPECIFIED,
            cable_state=cable,
            charging=charging,
            current_a=self._phases("current"),
            voltage_v=self._phases("voltage"),
            power_w=self._values.get("power"),
            energy_wh=self._values.get("energy_total"),
            limit_a=self._limit(charging, paused=paused),
            offered_a=self.number(self._traits.reported_limit),
            token=self._token(),
            booted_at=booted_at,
            error=problem or self._error(state),
            attributes={
                name: value
                for name in self._traits.attributes
                if (value := self.number(name)) is not None
            },
        )

    def _meaning(self, name: str) -> StateMeaning:
        value = self.number(name)
        if value is None:
            return _UNKNOWN
        return self._signals[name].states.get(int(value), _UNKNOWN)

    def _cable(self, state: StateMeaning) -> CableState:
        meaning = self._meaning("cable_state") if "cable_state" in self._signals else state
        return meaning.cable or CableState.UNSPECIFIED

    @staticmethod
    def _charging(state: StateMeaning, cable: CableState, *, paused: bool) -> ChargingStatus:
        if state.charging is None:
            return ChargingStatus.UNKNOWN
        if cable not in _CAR and cable is not CableState.UNSPECIFIED:
            return ChargingStatus.NOT_CHARGING
        if paused and state.paused is not None:
            return state.paused
        return state.charging

    def _phases(self, kind: str) -> Reading[PhaseReadings] | None:
        """Return three values as one reading, as old as the oldest of them."""
        values = [self._values.get(f"{kind}_l{number}") for number in (1, 2, 3)]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        l1, l2, l3 = (value.value for value in known)
        return Reading(
            value=PerPhase[float | None](l1, l2, l3),
            arrived_at=min(value.arrived_at for value in known),
        )

    def _limit(self, charging: ChargingStatus, *, paused: bool) -> float | None:
        """Return the limit in force by the device's own word.

        A device that is paused by its switch keeps the limit that it would charge with: it says
        nothing about now, unless the car charges all the same.
        """
        by_switch = self._traits.pause is PauseBy.SWITCH
        if by_switch and paused and charging is not ChargingStatus.CHARGING:
            return None
        return self.number(self._traits.reported_limit)

    def _token(self) -> str | None:
        value = self.number(self._traits.token)
        return f"{int(value):08X}" if value else None

    def _error(self, state: StateMeaning) -> str | None:
        code = self.number(self._traits.error)
        parts = [state.text, f"error code {int(code):#x}" if code else None]
        return ", ".join(part for part in parts if part is not None) or None
