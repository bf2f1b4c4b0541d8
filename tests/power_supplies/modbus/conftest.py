"""The fixtures of Modbus tests."""

from tests.modbus.conftest import clock

__all__ = ["clock"]
