"""Whole simulated years: weather, households, cars that come and go, and day-ahead prices."""
