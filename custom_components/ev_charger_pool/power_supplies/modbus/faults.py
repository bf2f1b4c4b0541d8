"""What is wrong with a power supply, and what a person has to do about it."""

import logging

from ..contract import SupplyError

_LOGGER = logging.getLogger(__name__)

_ASK_AGAIN = "set the mode again once its cause is gone"


class Faults:
    """The errors of a supply; all but a lost communication keep its output off.

    Attributes:
        is_held: Whether the output stays off until the user sets the mode again.
        is_left_to_person: Whether a person or another interface holds the device, so that
            nothing at all is written to it.
    """

    def __init__(self, name: str) -> None:
        """Begin without any.

        Args:
            name: What the device is called, for the log.
        """
        self._name = name
        self.errors: dict[SupplyError, str] = {}
        self.is_held = False
        self.is_left_to_person = False

    def hold(self, error: SupplyError, text: str) -> None:
        """Keep the output off."""
        if not self.is_held:
            _LOGGER.warning("%s: %s; its output stays off", self._name, text)
        self.is_held = True
        self.errors[error] = f"{text}: {_ASK_AGAIN}"

    def leave_to_person(self) -> None:
        """Leave the device to whoever holds it."""
        self.is_left_to_person = True
        self.hold(SupplyError.VENDOR_ERROR, "it is held at its panel or by another interface")

    def lose_contact(self, reason: str) -> None:
        """Take that it cannot be reached."""
        self.errors[SupplyError.COMMUNICATION_FAULT] = reason

    def regain_contact(self) -> None:
        """Take that it can be reached and has been told the newest."""
        self.errors.pop(SupplyError.COMMUNICATION_FAULT, None)

    def release(self) -> None:
        """Take a person's word that the output may be switched on again."""
        self.is_held = self.is_left_to_person = False
        lost = self.errors.get(SupplyError.COMMUNICATION_FAULT)
        self.errors.clear()
        if lost is not None:
            self.errors[SupplyError.COMMUNICATION_FAULT] = lost
