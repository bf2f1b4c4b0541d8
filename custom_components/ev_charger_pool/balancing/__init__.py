"""Deciding: circuits, the allocator, the ledger, and the controller that joins them.

Everything here is pure: no Home Assistant, no input or output, no clock.
"""
