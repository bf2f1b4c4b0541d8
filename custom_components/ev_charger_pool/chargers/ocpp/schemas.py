"""The JSON schemas of what we send, loaded once and off the event loop."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Protocol

from ocpp.messages import MessageType, get_validator

from .framing import JsonValue, Payload


class _Fault(Protocol):
    message: str
    absolute_path: Iterable[object]


class _Validator(Protocol):
    def iter_errors(self, instance: object) -> Iterator[_Fault]: ...


_get_validator: Callable[[int, str, str, type[float | Decimal]], _Validator] = get_validator


class PayloadError(Exception):
    """A payload of ours breaks its schema: a fault of this program or its settings."""


class Schemas:
    """The schemas of one version of the protocol."""

    def __init__(
        self,
        version: str,
        *,
        calls: Iterable[str],
        results: Iterable[str],
        decimals: Iterable[str] = (),
    ) -> None:
        """Load the schemas from disk.

        Args:
            version: For example "1.6".
            calls: Actions that we call.
            results: Actions that we answer.
            decimals: Calls whose schema counts decimals: there 6.1 is not a multiple of 0.1 in
                binary, so these are checked in decimal.
        """
        self._decimals = frozenset(decimals)
        self._calls = {
            action: _load(MessageType.Call, action, version, Decimal)
            if action in self._decimals
            else _load(MessageType.Call, action, version, float)
            for action in calls
        }
        self._results = {
            action: _load(MessageType.CallResult, action, version, float) for action in results
        }

    def check_call(self, action: str, payload: Payload) -> None:
        """Check a request that is to be sent.

        Raises:
            PayloadError: It breaks the schema.
        """
        in_decimal = action in self._decimals
        _check(action, self._calls[action], _decimal(payload) if in_decimal else payload)

    def check_result(self, action: str, payload: Payload) -> None:
        """Check an answer that is to be sent.

        Raises:
            PayloadError: It breaks the schema.
        """
        _check(action, self._results[action], payload)


def _load(kind: int, action: str, version: str, number: type[float | Decimal]) -> _Validator:
    return _get_validator(kind, action, version, number)


def _check(action: str, validator: _Validator, payload: object) -> None:
    for fault in validator.iter_errors(payload):
        place = "/".join(str(part) for part in fault.absolute_path)
        raise PayloadError(
            f"{action} would break its schema at {place or 'the top'}: {fault.message}"
        )


def _decimal(value: JsonValue) -> object:
    match value:
        case float():
            return Decimal(str(value))
        case dict():
            return {name: _decimal(part) for name, part in value.items()}
        case list():
            return [_decimal(part) for part in value]
        case _:
            return value
