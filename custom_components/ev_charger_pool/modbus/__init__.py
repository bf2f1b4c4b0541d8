"""What Modbus drivers share: the link to a unit, and device profiles as data."""
