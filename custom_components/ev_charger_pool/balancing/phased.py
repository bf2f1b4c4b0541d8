"""The phases that a member counts on: those its car uses, and those its device switched on."""

from ..pool.members import MemberSettings, MemberWishes, PhaseChoice
from .ledger import Account
from .phases import PhaseLearner
from .switching import PhaseSwitch
from .wiring import Lanes, on_phases


class Phased:
    """What a seat knows of its phases.

    Attributes:
        settings: What is configured of the member.
        wishes: What its user wants of it.
        account: What it was granted.
        learner: Which phases its car uses.
        voltage_v: Volts per phase.
        switch: How it switches phases; None where it cannot.
        sun_gain_w: What the sun is worth more on all phases than on one, in modes by the sun.
        car_phases: What its car was last seen to use in this session; None: unknown. For the sun
            that holds over a pause, unlike for a fuse (SR-12).
        was_tried: Whether a trial run was spent in this session to find that out, or may have been
            before a restart.
    """

    settings: MemberSettings
    wishes: MemberWishes
    account: Account
    learner: PhaseLearner
    voltage_v: float
    switch: PhaseSwitch | None = None
    sun_gain_w: float | None = None
    car_phases: tuple[int, ...] | None = None
    was_tried: bool = False

    def take_switching(self, wired: tuple[int, ...]) -> None:
        """Take whether it can switch phases: without measured currents nobody could verify it."""
        switching = self.settings.switching
        if switching is None or len(wired) == 1 or not self.settings.measures_current:
            self.switch = None
        elif self.switch is None or (self.switch.wired, self.switch.device) != (wired, switching):
            self.switch = PhaseSwitch(wired, switching)

    @property
    def used(self) -> tuple[int, ...]:
        """The positions of the phases that it counts on."""
        return self.learner.used

    @property
    def next_used(self) -> tuple[int, ...]:
        """The same for its next grant: nobody knows what a car uses after a pause (SR-12)."""
        return self.learner.wired if self.account.granted_a <= 0.0 else self.learner.used

    @property
    def is_single(self) -> bool:
        """Whether its device took it to charge on one phase: its watts are those of one.

        Its amps count on all of its phases until it was measured that only one is used (SR-2).
        """
        return self.switch is not None and self.switch.is_single

    @property
    def is_told_one(self) -> bool:
        """Whether its device is told to charge on one of its phases."""
        return self.switch is not None and self.switch.phases == 1

    @property
    def may_be_tried(self) -> bool:
        """Whether a trial run would show how many phases its car uses, and nothing else does."""
        switches = (
            self.switch is not None
            and self.switch.veto is None
            and self.wishes.phases is not PhaseChoice.THREE
        )
        unknown = self.car_phases is None and len(self.learner.wired) > 1
        return unknown and not switches and not self.was_tried

    @property
    def keeps_turn(self) -> bool:
        """Whether it pauses only to switch its phases, and goes on afterwards."""
        return self.switch is not None and self.switch.keeps_turn

    @property
    def powered(self) -> int:
        """Of how many phases its next grant takes watts."""
        return 1 if self.is_single else len(self.next_used)

    def lanes(self, current_a: float) -> Lanes:
        """Return what amps per phase are in each lane, on the phases that it counts on."""
        powered = 1 if self.is_single else None
        return on_phases(current_a, self.used, self.voltage_v, powered)
