"""Chargers: the contract that every driver keeps, and the drivers."""
