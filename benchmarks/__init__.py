"""Benchmarks of the integration, run by scripts/bench."""
