"""Windows that move with time, against the plain way to compute them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.simulator.judge.windows import (
    SlidingMaximum,
    SlidingMinimum,
    SlidingSum,
)

VALUES = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=60)


@given(values=VALUES, length=st.integers(0, 20))
def test_extremes_are_those_of_the_window(values: list[float], length: int) -> None:
    least, greatest = SlidingMinimum(), SlidingMaximum()
    for now, value in enumerate(values):
        least.add(float(now), value)
        greatest.add(float(now), value)
        window = values[max(0, now - length) : now + 1]
        assert least.since(float(now - length)) == min(window)
        assert greatest.since(float(now - length)) == max(window)


@given(values=VALUES, length=st.integers(1, 20))
def test_the_sum_is_that_of_the_window(values: list[float], length: int) -> None:
    total = SlidingSum(float(length))
    for now, value in enumerate(values):
        total.add(float(now), value)
        assert total.total == pytest.approx(
            sum(values[max(0, now - length + 1) : now + 1]), abs=1e-9
        )
