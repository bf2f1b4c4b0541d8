"""The words of the pool: quantities, readings, states, demands, grants and limits.

Everything here is pure: no Home Assistant, no input or output, no clock.
"""
