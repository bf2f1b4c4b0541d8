"""OCPP-J frames: the texts on the wire as typed values."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

from ocpp import messages
from ocpp.exceptions import OCPPError

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None
type Payload = dict[str, JsonValue]

MAX_UNIQUE_ID_LENGTH: Final = 36
"""OCPP-J 1.6, 4.1.4: at most 36 characters, so that a GUID fits."""

NO_UNIQUE_ID: Final = "-1"
"""The id of an answer to a message whose id cannot be read (OCPP-J 2.0.1, 4.2.3)."""

_LEADING_ID: Final = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\]{1,36})"')
_MAX_DESCRIPTION_LENGTH: Final = 255

# The library has no types: what is used of it gets them here.
_unpack: Callable[[str], messages.Call | messages.CallResult | messages.CallError] = messages.unpack
_pack: Callable[[object], str] = messages.pack
_new_call: Callable[[str, str, Payload], object] = messages.Call
_new_result: Callable[[str, Payload], object] = messages.CallResult
_new_error: Callable[[str, str, str, Payload], object] = messages.CallError


class ErrorCode(StrEnum):
    """Why a call is refused (OCPP-J 1.6, table 7)."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request."""

    unique_id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to a request."""

    unique_id: str
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """The refusal of a request."""

    unique_id: str
    code: str
    description: str = ""


type Frame = Call | CallResult | CallError


class FrameError(Exception):
    """A text is no OCPP-J frame.

    Attributes:
        unique_id: What the refusal has to be addressed to.
        code: The error code for the refusal.
    """

    def __init__(self, description: str, *, unique_id: str, code: ErrorCode) -> None:
        super().__init__(description)
        self.unique_id = unique_id
        self.code = code


def leading_unique_id(text: str) -> str:
    """Return the id of a call as far as its first characters show it, else `NO_UNIQUE_ID`."""
    match = _LEADING_ID.match(text)
    return match[1] if match else NO_UNIQUE_ID


def parse(text: str) -> Frame:
    """Read a frame.

    Raises:
        FrameError: The text is no frame; its message says why.
    """
    try:
        message = _unpack(text)
    except OCPPError as error:
        cause = str(error.details.get("cause", error.description))
        raise _error(text, cause) from error
    except (ValueError, RecursionError, TypeError) as error:
        # Numbers of thousands of digits, brackets nested thousands deep, [2] and the like.
        raise _error(text, f"The message cannot be read: {type(error).__name__}") from error
    unique_id = message.unique_id
    if not isinstance(unique_id, str) or not 0 < len(unique_id) <= MAX_UNIQUE_ID_LENGTH:
        raise _error(text, f"The message id is a text of 1 to {MAX_UNIQUE_ID_LENGTH} characters")
    match message:
        case messages.CallError():
            return CallError(
                unique_id=unique_id,
                code=str(message.error_code)[:_MAX_DESCRIPTION_LENGTH],
                description=str(message.error_description)[:_MAX_DESCRIPTION_LENGTH],
            )
        case _ if not isinstance(message.payload, dict):
            raise _error(text, "The payload has to be an object")
        case messages.CallResult():
            return CallResult(unique_id=unique_id, payload=message.payload)
        case _ if not isinstance(message.action, str):
            raise _error(text, "The action has to be a text")
        case _:
            return Call(unique_id=unique_id, action=message.action, payload=message.payload)


def text_of(frame: Frame) -> str:
    """Return the text of a frame for the wire."""
    match frame:
        case Call():
            return _pack(_new_call(frame.unique_id, frame.action, frame.payload))
        case CallResult():
            return _pack(_new_result(frame.unique_id, frame.payload))
        case CallError():
            description = frame.description[:_MAX_DESCRIPTION_LENGTH]
            return _pack(_new_error(frame.unique_id, str(frame.code), description, {}))


def _error(text: str, description: str) -> FrameError:
    return FrameError(
        description, unique_id=leading_unique_id(text), code=ErrorCode.FORMATION_VIOLATION
    )
