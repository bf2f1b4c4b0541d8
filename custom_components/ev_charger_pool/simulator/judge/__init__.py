"""Judging a controller: the invariants of the pool, checked in true currents."""
